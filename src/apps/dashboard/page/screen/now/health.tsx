import type { HealthCheck, QueueHealth } from '../../../../../tools/insight/queue-health.ts'
import { usePage } from '../../frame/context.ts'
import { Link } from '../../frame/link.tsx'
import type { Route } from '../../frame/route.ts'
import { localText } from '../../frame/time.ts'
import { Loaded } from '../../part/load.tsx'
import { Since } from '../../part/names.tsx'

const answers = { green: 'Yes', unknown: 'Unknown', amber: 'Look closer', red: 'No' } as const
const signs = { green: '✓', unknown: '?', amber: '!', red: '✕' } as const
const order = ['red', 'amber', 'unknown', 'green'] as const

/** Is it healthy? Of the present alone, and only while the page shows it. */
export function HealthStrip() {
  const { live, shown } = usePage()
  const isOld = live.notice.value !== null
  const health = live.health.value
  const level = isOld || !shown.isLive.value ? 'unknown' : (health?.level ?? 'unknown')
  return (
    <section class={`health wide ${level}`} aria-labelledby="health" data-health={level}>
      <h2 id="health">
        Is it healthy? <b>{shown.isLive.value && health === null && !isOld ? '' : answers[level]}</b>
      </h2>
      {shown.isLive.value ? (
        isOld ? (
          <p class="none">This page is not up to date.</p>
        ) : health === null ? (
          <Loaded of={{ state: 'loading' }}>{() => null}</Loaded>
        ) : (
          <Checks health={health} />
        )
      ) : (
        <p class="none">
          Health is checked only for the present. <Link to={{ at: null }}>To the present</Link>
        </p>
      )}
    </section>
  )
}

/** The worst first. */
function Checks({ health: { checks } }: { readonly health: QueueHealth }) {
  const sorted = order.flatMap((level) => checks.filter((check) => check.level === level))
  const fine = checks.filter(({ level }) => level === 'green').length
  return (
    <ul>
      {sorted.map((check) => (
        <li key={check.check} class={check.level} data-check={check.check} data-level={check.level}>
          <Sign level={check.level} />
          <Answer check={check} />
        </li>
      ))}
      {fine === 0 || fine === checks.length ? null : <li class="rest dim">{fine} more are fine</li>}
    </ul>
  )
}

const Sign = ({ level }: Pick<HealthCheck, 'level'>) => (
  <span class="sign">
    <span aria-hidden="true">{signs[level]}</span>
    <span class="hidden">{level}: </span>
  </span>
)

/** Each leads to where something can be done. */
function Answer({ check: { check, what, since, jobId } }: { readonly check: HealthCheck }) {
  const text = (
    <>
      {localText(what)}
      {since === null ? null : (
        <>
          {', for '}
          <Since at={since} />
        </>
      )}
    </>
  )
  const to = jobId === null ? placeOf[check] : ({ see: 'why', job: jobId } as const)
  return to === null ? <a href="#workers">{text}</a> : <Link to={to}>{text}</Link>
}

/** Null: the processes, on this screen. */
const placeOf: Readonly<Record<HealthCheck['check'], Partial<Route> | null>> = {
  processes: null,
  startable: null,
  possible: { see: 'list' },
  places: { see: 'levers' },
  intake: null,
  paused: { see: 'levers' },
  draining: { see: 'levers' },
  dead: { see: 'list', q: 'dead since:1h' },
  projection: { see: 'list', q: 'events' },
}
