import { type ReasonCode, reasonTexts } from '../../../../../engine/core/index.ts'
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
          <b>{count(jobs)}</b> {reasonTexts[code].counted[jobs === 1 ? 0 : 1]}
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
