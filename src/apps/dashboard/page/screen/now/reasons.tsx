import type { ReasonCode } from '../../../../../engine/core/index.ts'
import { count } from '../../../../../tools/format/index.ts'
import { usePage } from '../../frame/context.ts'
import { factsIn } from '../../part/facts.ts'
import { useLoad } from '../../part/load.tsx'
import { ModelLink } from '../../part/names.tsx'
import { groupsIn } from './reason-groups.ts'

/** How long to rest before the line is counted again, in milliseconds. */
const AGAIN_MS = 1_000
const MOST = 6

/** What the waiting jobs wait for, in groups, the largest first. */
export function Reasons() {
  const { live, shown } = usePage()
  const at = shown.isLive.value ? null : shown.ledger.value.version
  const groups = useLoad({
    question: `${at} ${live.generation.value}`,
    restMs: at === null ? AGAIN_MS : undefined,
    look: (signal) => groupsIn(factsIn(live, shown, shown.ledger.peek()), shown.ledger.peek(), signal),
  })
  if (groups.state !== 'here' || groups.value.length === 0) return null
  // What the list of checks says of jobs that can never start.
  const stuck = (code: ReasonCode) =>
    live.health.value?.wrong.find(({ id, about }) => about === 'possible' && id === code)
  const others = groups.value.slice(MOST).reduce((sum, { jobs }) => sum + jobs, 0)
  return (
    <ul class="reasons" aria-label="What jobs wait for">
      {groups.value.slice(0, MOST).map(({ code, model, jobs }) => (
        <li
          key={`${code} ${model}`}
          data-group={code}
          data-of={model}
          data-jobs={jobs}
          data-level={stuck(code)?.level}
        >
          <b>{count(jobs)}</b> {texts[code][jobs === 1 ? 0 : 1]}
          {model === null ? null : (
            <>
              {' '}
              <ModelLink name={model} />
            </>
          )}
          {stuck(code) === undefined ? null : <span class="warn">: {stuck(code)?.remedy}</span>}
        </li>
      ))}
      {others === 0 ? null : <li class="dim">{count(others)} for other reasons</li>}
    </ul>
  )
}

const texts: Readonly<Record<ReasonCode, readonly [one: string, many: string]>> = {
  draining: ['waits, since the queue is draining', 'wait, since the queue is draining'],
  waits_for_parents: ['waits for the jobs before it', 'wait for the jobs before them'],
  not_due: ['is not due yet', 'are not due yet'],
  fits_no_place: ['fits no place of', 'fit no place of'],
  model_paused: ['waits for the paused model', 'wait for the paused model'],
  use_over_limit: ['asks for more than a limit allows', 'ask for more than a limit allows'],
  rate_limited: ['waits for the rate of its model', 'wait for the rates of their models'],
  fair_share_limit: ['has used up its fair share', 'have used up their fair share'],
  model_in_use: ['waits for', 'wait for'],
  behind_in_line: ['waits for', 'wait for'],
  serialized: ['waits: one job at a time', 'wait: one job at a time'],
  at_capacity: ['waits for a slot', 'wait for a slot'],
  no_worker: ['waits for a worker', 'wait for a worker'],
  offered: ['may start as soon as a worker takes it', 'may start as soon as a worker takes them'],
}
