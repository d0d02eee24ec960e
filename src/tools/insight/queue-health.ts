import {
  allPlaces,
  type CheckLevel,
  type CheckSubject,
  checkSubjects,
  checks,
  isOpen,
  type Micros,
  waitingCount,
} from '../../engine/core/index.ts'
import { agree, count, plural } from '../format/index.ts'
import { jobsIn } from './census.ts'
import { type Wrong, wrongIn } from './wrong.ts'
import type { WrongFacts } from './wrong-facts.ts'

/** `unknown`: it could not be read. */
export const healthLevels = ['green', 'unknown', 'amber', 'red'] as const
export type HealthLevel = (typeof healthLevels)[number]

export const healthChecks = checkSubjects

/** One question about a queue, and its answer. */
export interface HealthCheck {
  readonly check: CheckSubject
  readonly level: HealthLevel
  /** The answer as a sentence: what is wrong, or what was looked at and how much of it. */
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
  /** All that is wrong, the problems first. */
  readonly wrong: readonly Wrong[]
}

/** Is it healthy? The same facts give the same answer, and what is wrong is what `interlock doctor` says. */
export function healthOf(facts: WrongFacts): QueueHealth {
  const wrong = wrongIn(facts)
  const answers = checkSubjects.map((check) => checkOf(facts, wrong, check))
  return { level: worst(answers), checks: answers, wrong }
}

const levels: Readonly<Record<CheckLevel, HealthLevel>> = { problem: 'red', note: 'amber' }

const worst = (answers: readonly HealthCheck[]): HealthLevel =>
  healthLevels[Math.max(...answers.map(({ level }) => healthLevels.indexOf(level)))] ?? 'green'

/** The first is the worst: that is how they are sorted. */
function checkOf(facts: WrongFacts, wrong: readonly Wrong[], check: CheckSubject): HealthCheck {
  const own = wrong.filter(({ about }) => about === check)
  const [first] = own
  if (first !== undefined) {
    const more = own.length === 1 ? '' : `; and ${own.length - 1} more`
    const { level, what, since, jobId } = first
    return { check, level: levels[level], what: `${what}${more}`, since, jobId }
  }
  const quiet = { since: null, jobId: null }
  const unread = unreadOf(facts, check)
  if (unread !== null) return { check, level: 'unknown', what: unread, ...quiet }
  const aside = asideOf(facts, wrong, check)
  if (aside !== null) return { check, level: 'red', what: aside, ...quiet }
  return { check, level: 'green', what: wellOf(facts, check), ...quiet }
}

/** What could not be read is neither well nor wrong. */
function unreadOf({ outside, dead }: WrongFacts, check: CheckSubject): string | null {
  if (check === 'dead') return dead === undefined ? 'dead letters are not known' : null
  if (outside !== undefined) return null
  if (check === 'intake') return 'what came in by SQL is not known'
  return check === 'projection' ? 'whether your tables follow is not known' : null
}

/** Processes are alive, none of them runs jobs, and jobs may start: the processes are what is wrong, too. */
function asideOf({ workers }: WrongFacts, wrong: readonly Wrong[], check: CheckSubject): string | null {
  if (check !== 'processes' || runnersIn(workers) > 0) return null
  if (!wrong.some(({ id }) => id === 'no_worker')) return null
  return `${aliveText(workers)}, and none of them runs jobs, although some may start`
}

const runnersIn = (workers: WrongFacts['workers']): number =>
  workers.filter(({ state, kinds }) => state === 'live' && kinds?.length !== 0).length

function aliveText(workers: WrongFacts['workers']): string {
  const live = workers.filter(({ state }) => state === 'live').length
  return `${live === 1 ? '1 process' : `${count(live)} processes`} ${agree(live, 'is', 'are')} alive`
}

/** Nothing is wrong, and this is what was looked at. */
function wellOf(facts: WrongFacts, check: CheckSubject): string {
  const { ledger, workers, census, outside } = facts
  switch (check) {
    case 'processes': {
      const runs = runnersIn(workers)
      return `${aliveText(workers)}, ${count(runs)} of them ${agree(runs, 'runs', 'run')} jobs`
    }
    case 'startable': {
      const jobs = jobsIn(census, ({ kind }) => kind !== null)
      return jobs === 0 ? 'no job that may start is left waiting' : `${plural(jobs, 'job')} may start`
    }
    case 'possible':
      return `each of ${plural(waitingCount(ledger) + submittedIn(outside), 'waiting job')} can start some day`
    case 'places':
      return placesText(facts)
    case 'intake': {
      const rows = (outside?.arrivals.rows ?? 0) + (outside?.inbox.rows ?? 0)
      return rows === 0
        ? 'all that came in is decided'
        : `${count(rows)} that came in ${agree(rows, 'waits', 'wait')} for less than ${checks.arrivals.afterSeconds} s`
    }
    case 'paused':
      return 'no model is paused'
    case 'draining':
      return 'the queue is open'
    case 'dead':
      return 'no job failed for good in the last hour'
    case 'projection':
      return outside?.behind == null ? 'no table of yours has to follow' : 'your tables follow the log'
  }
}

const submittedIn = (outside: WrongFacts['outside']): number =>
  (outside?.submitted ?? []).reduce((sum, { jobs }) => sum + jobs, 0)

function placesText({ ledger }: WrongFacts): string {
  const places = [...allPlaces(ledger.policy)].length
  if (places === 0) return 'the policy names no places'
  return isOpen(ledger.servers)
    ? `${plural(places, 'place')}: no process names one that it serves, so who has said nothing serves all`
    : `${plural(places, 'place')}, all of them served or paused`
}
