import { type ReasonCode, reasonTexts } from '../../../../../engine/core/index.ts'
import { count } from '../../../../../tools/format/index.ts'
import { usePage } from '../../frame/context.ts'
import { Link } from '../../frame/link.tsx'
import { factsIn } from '../../part/facts.ts'
import { useLoad } from '../../part/load.tsx'
import { ModelLink } from '../../part/names.tsx'
import { groupsIn } from './reason-groups.ts'

/** How long to rest before the line is counted again, in milliseconds. */
const AGAIN_MS = 1_000
const MOST = 6

/** What the waiting jobs wait for, and whose they are, in groups, the largest first. */
export function Reasons() {
  const { live, shown } = usePage()
  const at = shown.isLive.value ? null : shown.ledger.value.version
  const groups = useLoad({
    question: `${at} ${live.generation.value}`,
    restMs: at === null ? AGAIN_MS : undefined,
    look: (signal) => groupsIn(factsIn(live, shown, shown.ledger.peek()), shown.ledger.peek(), signal),
  })
  if (groups.state !== 'here' || groups.value.reasons.length === 0) return null
  const { reasons, customers } = groups.value
  // What the list of checks says of jobs that can never start.
  const stuck = (code: ReasonCode) =>
    live.health.value?.wrong.find(({ id, about }) => about === 'possible' && id === code)
  return (
    <>
      <ul class="reasons" aria-label="What jobs wait for">
        {reasons.slice(0, MOST).map(({ code, model, jobs }) => (
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
        <Others of={reasons} says="for other reasons" />
      </ul>
      {customers.length === 0 ? null : (
        <ul class="reasons" aria-label="Whose jobs wait">
          {customers.slice(0, MOST).map(({ key, jobs }) => (
            <li key={key} data-customer={key ?? ''} data-jobs={jobs}>
              <b>{count(jobs)}</b>{' '}
              {key === null ? (
                'without a fair key'
              ) : /\s/.test(key) ? (
                `of ${key}`
              ) : (
                <>
                  of <Link to={{ see: 'list', q: `state:waiting customer:${key}` }}>{key}</Link>
                </>
              )}
            </li>
          ))}
          <Others of={customers} says="of others" />
        </ul>
      )}
    </>
  )
}

/** Those that are not named. */
function Others({ of, says }: { readonly of: readonly { readonly jobs: number }[]; readonly says: string }) {
  const others = of.slice(MOST).reduce((sum, { jobs }) => sum + jobs, 0)
  return others === 0 ? null : (
    <li class="dim">
      {count(others)} {says}
    </li>
  )
}
