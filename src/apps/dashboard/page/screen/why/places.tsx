import type { Explanation } from '../../../../../engine/core/index.ts'
import { count } from '../../../../../tools/format/index.ts'
import { operatorText } from '../../../../../tools/history/operators.ts'
import type { DashboardJob } from '../../../api/job-documents.ts'
import { getJson, ofQueue } from '../../data/api.ts'
import { usePage } from '../../frame/context.ts'
import { momentText } from '../../frame/time.ts'
import { PauseButton } from '../../part/lever-button.tsx'
import { None, useLoad } from '../../part/load.tsx'
import { JobLink, ModelLink } from '../../part/names.tsx'
import { Panel } from '../../part/panel.tsx'

const MOST_HOLDERS = 12

const nobody: ReadonlyMap<string, string> = new Map()

/** Who paused its models, by worker id, as far as this user is told. */
function useWho(jobId: string, ids: readonly string[]): ReadonlyMap<string, string> {
  const { live } = usePage()
  const load = useLoad({
    question: [jobId, ...ids].join(' '),
    look: async () => {
      if (ids.length === 0) return new Map<string, string>()
      const { explanation } = await getJson<DashboardJob>(ofQueue(live.queue, 'jobs', jobId))
      return new Map(
        explanation.models.flatMap(({ paused }) =>
          paused?.by == null || paused.who === null ? [] : [[paused.by, operatorText(paused.who)] as const],
        ),
      )
    },
  })
  return load.state === 'here' ? load.value : nobody
}

/** For each model that the job needs: its position in line, who holds the model, and who is ahead. */
export function Places({
  jobId,
  isInLine,
  models,
}: {
  readonly jobId: string
  /** One that runs, is not due or waits for others has no place in a line. */
  readonly isInLine: boolean
  readonly models: Explanation['models']
}) {
  const who = useWho(
    jobId,
    models.flatMap(({ paused }) => paused?.by ?? []),
  )
  return (
    <Panel id="places" title="Models that it needs">
      {models.length === 0 ? <None>It needs none.</None> : null}
      <ul class="places-of">
        {models.map(({ model, capacity, holders, ahead, aheadIds, paused, place }) => (
          <li key={model} data-place={model} data-ahead={ahead}>
            <p>
              <ModelLink name={model} />
              {place == null ? null : <span data-at={place}>at {place}</span>}
              <span class="dim">
                {holders.length} of {count(capacity)} in use
              </span>
              <b class="right">
                {!isInLine ? '' : ahead === 0 ? 'first in its line' : `${count(ahead)} ahead in its line`}
              </b>
              <PauseButton model={model} isPaused={paused !== null} />
            </p>
            <p class="chips">
              {holders.length === 0 ? (
                <span class="dim">no job has it</span>
              ) : (
                <span class="dim">in use by</span>
              )}
              {holders.slice(0, MOST_HOLDERS).map((id) => (
                <JobLink key={id} id={id} />
              ))}
            </p>
            {ahead === 0 ? null : (
              <p class="chips">
                <span class="dim">ahead, nearest first</span>
                {aheadIds.map((id) => (
                  <JobLink key={id} id={id} />
                ))}
                {ahead > aheadIds.length ? (
                  <span class="dim">and {count(ahead - aheadIds.length)} more</span>
                ) : null}
              </p>
            )}
            {paused === null ? null : (
              <p class="warn">
                Paused ({paused.reason}){paused.by === null ? '' : ` by ${who.get(paused.by) ?? paused.by}`}{' '}
                since {momentText(paused.since)}
                {paused.until === null ? ', until it is resumed' : `, until ${momentText(paused.until)}`}
              </p>
            )}
          </li>
        ))}
      </ul>
    </Panel>
  )
}
