import {
  hasDecider,
  type Job,
  jobOf,
  type Ledger,
  MICROS_PER_MS,
  type Micros,
  serversOf,
  type WorkerFact,
  waitingCount,
} from '../../engine/core/index.ts'
import type { OutsideLine } from '../../engine/store/index.ts'
import { agree, count, plural } from '../format/index.ts'

/** `unknown`: it could not be read. */
export const healthLevels = ['green', 'unknown', 'amber', 'red'] as const
export type HealthLevel = (typeof healthLevels)[number]

export const healthChecks = [
  'processes',
  'startable',
  'intake',
  'paused',
  'draining',
  'dead',
  'projection',
] as const

/** One question about a queue, and its answer. */
export interface HealthCheck {
  readonly check: (typeof healthChecks)[number]
  readonly level: HealthLevel
  /** The answer as a sentence. */
  readonly what: string
  /** Since when it has been so; null: it is well, or nobody knows. */
  readonly since: Micros | null
  /** A job to look at. */
  readonly jobId: string | null
}

/** Whether a queue is healthy: as healthy as the worst of its checks. */
export interface QueueHealth {
  readonly level: HealthLevel
  readonly checks: readonly HealthCheck[]
}

/** What is known of a queue at one moment. */
export interface HealthFacts {
  readonly now: Micros
  readonly ledger: Ledger
  readonly workers: readonly WorkerFact[]
  /** Null: this store has nothing outside of the line. Undefined: it could not be read. */
  readonly outside: OutsideLine | null | undefined
  /** Dead letters of the last hour, counted to {@link MOST_DEAD}; undefined: they could not be read. */
  readonly dead: number | undefined
}

/** An offer lives for 2 s. A job that may start and has not for this long is wanted by no worker. */
export const UNTAKEN_MS = 10_000
/** A live process with intake looks every second, and every process into the inbox every five. */
export const UNDECIDED_MS = 15_000
/** Only a fault makes writing to the user's tables slower than this. */
export const BEHIND_MS = 10_000
/** What was worth a look is bad after this. */
const BAD_MS = 60_000
export const MOST_DEAD = 100
/** Startable jobs that are looked at, those that have waited longest. */
const MOST_STARTABLE = 100

/** Is it healthy? The same facts give the same answer. Thresholds are those of `interlock doctor`. */
export function healthOf(facts: HealthFacts): QueueHealth {
  const checks = [
    ofProcesses(facts),
    ofStartable(facts),
    ofIntake(facts),
    ofPauses(facts),
    ofDrain(facts),
    ofDead(facts),
    ofProjection(facts),
  ]
  return { level: worst(checks).level, checks }
}

/** The first of the worst. */
function worst<Each extends { readonly level: HealthLevel }>(all: readonly Each[]): Each {
  return all.reduce((most, each) =>
    healthLevels.indexOf(each.level) > healthLevels.indexOf(most.level) ? each : most,
  )
}

const answer =
  (level: HealthLevel) =>
  (
    check: HealthCheck['check'],
    what: string,
    { since = null, jobId = null }: Partial<HealthCheck> = {},
  ): HealthCheck => ({ check, level, what, since, jobId })
const [green, unknown, amber, red] = [answer('green'), answer('unknown'), answer('amber'), answer('red')]

const processes = (number: number): string => (number === 1 ? '1 process' : `${count(number)} processes`)
const wait = (jobs: number): string => `${plural(jobs, 'job')} ${agree(jobs, 'waits', 'wait')}`

function ofProcesses({ ledger, workers, outside }: HealthFacts): HealthCheck {
  const live = workers.filter(({ state }) => state === 'live').length
  const isDecided = hasDecider({ workers })
  const late = workers.filter(({ state }) => state === 'late').length
  if (late > 0)
    return amber('processes', `${processes(late)} of ${count(live + late)} missed the last heartbeat`)
  if (isDecided) return green('processes', `${processes(live)} ${agree(live, 'is', 'are')} alive`)
  const due = waitingCount(ledger) - ledger.undue.size
  const undecided = (outside?.arrivals.rows ?? 0) + (outside?.inbox.rows ?? 0)
  const held = [
    ...(ledger.active.size > 0
      ? [`${plural(ledger.active.size, 'job')} ${agree(ledger.active.size, 'runs', 'run')}`]
      : []),
    ...(due > 0 ? [wait(due)] : []),
    ...(undecided > 0 ? [`${count(undecided)} that came in ${agree(undecided, 'is', 'are')} undecided`] : []),
  ]
  // A worker in another language runs jobs, and decides nothing.
  const none = live === 0 ? 'no process is alive' : 'no process that decides is alive'
  if (held.length === 0) return amber('processes', `${none}; there is nothing to do`)
  return red('processes', `${none}: ${held.join(', ')}`)
}

/** Jobs that may start and that nobody takes. Those that wait for others are none, nor is any in a queue that drains. */
function ofStartable(facts: HealthFacts): HealthCheck {
  const { ledger } = facts
  const offered = ledger.draining ? [] : firstOffered(ledger)
  if (offered.length === 0) return green('startable', 'no job that may start is left waiting')
  return worst(offered.map((job) => ofOffered(facts, job)))
}

function firstOffered(ledger: Ledger): readonly Job[] {
  const jobs: Job[] = []
  for (const { jobId } of ledger.offerTimes) {
    const job = jobOf(ledger, jobId)
    if (job !== undefined) jobs.push(job)
    if (jobs.length === MOST_STARTABLE) break
  }
  return jobs
}

function ofOffered({ now, ledger, workers }: HealthFacts, { jobId, offeredAt, spec }: Job): HealthCheck {
  const ms = (now - (offeredAt ?? now)) / MICROS_PER_MS
  const jobs = ledger.offered.size
  const may = `${plural(jobs, 'job')} may start`
  if (ms < UNTAKEN_MS) return green('startable', may)
  const fit = serversOf(workers, spec.kind)
  const about = { since: offeredAt, jobId }
  if (fit.length === 0) return red('startable', `${may}, and no live process runs kind ${spec.kind}`, about)
  if (fit.every(({ freeSlots }) => freeSlots === 0)) {
    const text = `${may}, and all slots for kind ${spec.kind} are busy`
    return ms < BAD_MS ? green('startable', text, { jobId }) : amber('startable', text, about)
  }
  return (ms < BAD_MS ? amber : red)(
    'startable',
    `${may}, and no process takes ${agree(jobs, 'it', 'them')}`,
    about,
  )
}

/** Rows of `jobs` and commands by SQL that nobody has decided. */
function ofIntake({ now, outside }: HealthFacts): HealthCheck {
  if (outside === undefined) return unknown('intake', 'what came in by SQL is not known')
  const { arrivals, inbox } = outside ?? { arrivals: none, inbox: none }
  const ms = Math.max(arrivals.ageMs ?? 0, inbox.ageMs ?? 0)
  const what = [
    ...(arrivals.rows > 0 ? [`${many(arrivals.rows, 'row')} of jobs`] : []),
    ...(inbox.rows > 0 ? [`${many(inbox.rows, 'command')}`] : []),
  ].join(' and ')
  if (what === '') return green('intake', 'all that came in is decided')
  if (ms < UNDECIDED_MS) return green('intake', `${what} came in`)
  const since = now - ms * MICROS_PER_MS
  return (ms < BAD_MS ? amber : red)('intake', `${what} came in, and no process has decided`, { since })
}

const none = { rows: 0, ageMs: null }
const many = (rows: number, noun: string): string =>
  rows >= 1_000 ? `${count(rows)} ${noun}s or more` : plural(rows, noun)

function ofPauses({ ledger }: HealthFacts): HealthCheck {
  const pauses = [...ledger.pauses].toSorted((a, b) => a.since - b.since)
  const [first] = pauses
  if (first === undefined) return green('paused', 'no model is paused')
  const jobs = pauses.reduce((sum, { jobs: held }) => sum + held.size, 0)
  const what =
    pauses.length === 1
      ? `model ${first.model} is paused (${first.reason})`
      : `${count(pauses.length)} models are paused`
  return amber('paused', jobs === 0 ? what : `${what}: ${wait(jobs)}`, { since: first.since })
}

function ofDrain({ ledger }: HealthFacts): HealthCheck {
  if (!ledger.draining) return green('draining', 'the queue is open')
  const jobs = waitingCount(ledger)
  const what = ledger.epoch > 1 ? 'the queue drains, or was drained after a restore' : 'the queue drains'
  return amber(
    'draining',
    jobs === 0 ? `${what}: nothing starts` : `${what}: ${wait(jobs)}, and none starts`,
    {
      since: ledger.drainedAt,
    },
  )
}

function ofDead({ dead }: HealthFacts): HealthCheck {
  if (dead === undefined) return unknown('dead', 'dead letters are not known')
  if (dead === 0) return green('dead', 'no job failed for good in the last hour')
  const what = `${dead >= MOST_DEAD ? `${count(MOST_DEAD)} jobs or more` : plural(dead, 'job')} failed for good in the last hour`
  return (dead < MOST_DEAD ? amber : red)('dead', what)
}

function ofProjection({ now, outside }: HealthFacts): HealthCheck {
  if (outside === undefined) return unknown('projection', 'whether your tables follow is not known')
  const behind = outside?.behind ?? null
  if (behind === null) return green('projection', 'no table of yours has to follow')
  const { events, ageMs } = behind
  if (ageMs === null || ageMs < BEHIND_MS) return green('projection', 'your tables follow the log')
  const since = now - ageMs * MICROS_PER_MS
  return (ageMs < BAD_MS ? amber : red)(
    'projection',
    `your tables are ${plural(events, 'event')} behind the log`,
    { since },
  )
}
