import { hasDecider, MICROS_PER_MS, waitingCount } from '../../engine/core/index.ts'
import { agree, count, plural } from '../format/index.ts'
import { type FoundWrong, MOST_DEAD, those, type WrongFacts } from './wrong-facts.ts'

/** What is wrong with the queue as a whole: its processes, its pauses, what came in, what failed, and your tables. */
export const queueAtLarge = (facts: WrongFacts): readonly FoundWrong[] => [
  ...processesOf(facts),
  ...intakeOf(facts),
  ...pausesOf(facts),
  ...drainOf(facts),
  ...deadOf(facts),
  ...behindOf(facts),
]

const processes = (number: number): string => (number === 1 ? '1 process' : `${count(number)} processes`)
const wait = (jobs: number): string => `${plural(jobs, 'job')} ${agree(jobs, 'waits', 'wait')}`

function processesOf(facts: WrongFacts): readonly FoundWrong[] {
  const { workers } = facts
  const live = workers.filter(({ state }) => state === 'live').length
  const late = workers.filter(({ state }) => state === 'late')
  const names = late.map(({ workerId }) => workerId).join(', ')
  const missed = those(
    late.length > 0 && {
      id: 'late',
      what: `${processes(late.length)} of ${count(live + late.length)} missed the last heartbeat: ${names}`,
    },
  )
  if (hasDecider(facts)) return missed
  // A worker in another language runs jobs, and decides nothing.
  const none = live === 0 ? 'no process is alive' : 'no process that decides is alive'
  const held = undone(facts)
  return [
    ...missed,
    held.length === 0
      ? { id: 'nobody', what: `${none}; there is nothing to do` }
      : { id: 'no_process', what: `${none}: ${held.join(', ')}` },
  ]
}

/** What is there to do, for which somebody has to decide. */
function undone({ ledger, outside }: WrongFacts): readonly string[] {
  const { active, undue } = ledger
  const due = waitingCount(ledger) - undue.size
  const undecided = (outside?.arrivals.rows ?? 0) + (outside?.inbox.rows ?? 0)
  return [
    ...(active.size > 0 ? [`${plural(active.size, 'job')} ${agree(active.size, 'runs', 'run')}`] : []),
    ...(due > 0 ? [wait(due)] : []),
    ...(undecided > 0 ? [`${count(undecided)} that came in ${agree(undecided, 'is', 'are')} undecided`] : []),
  ]
}

/** Rows of `jobs` and commands by SQL that nobody has decided. */
function intakeOf({ now, outside }: WrongFacts): readonly FoundWrong[] {
  const { arrivals, inbox } = outside ?? { arrivals: none, inbox: none }
  const since = (ageMs: number | null) => (ageMs === null ? null : now - ageMs * MICROS_PER_MS)
  return those(
    arrivals.rows > 0 && {
      id: 'arrivals',
      what: `${many(arrivals.rows, 'row')} of jobs arrived, and no process takes any in`,
      since: since(arrivals.ageMs),
    },
    inbox.rows > 0 && {
      id: 'inbox',
      what: `${many(inbox.rows, 'submission')} ${agree(inbox.rows, 'is', 'are')} undecided`,
      since: since(inbox.ageMs),
    },
  )
}

const none = { rows: 0, ageMs: null }
/** The store counts to a thousand. */
const many = (rows: number, noun: string): string =>
  rows === 1_000 ? `${count(rows)} ${noun}s or more` : plural(rows, noun)

function pausesOf({ ledger }: WrongFacts): readonly FoundWrong[] {
  const pauses = [...ledger.pauses].toSorted((a, b) => a.since - b.since)
  const [first] = pauses
  if (first === undefined) return []
  const jobs = pauses.reduce((sum, { jobs: held }) => sum + held.size, 0)
  const what =
    pauses.length === 1
      ? `model ${first.model} is paused (${first.reason})`
      : `${count(pauses.length)} models are paused`
  return [{ id: 'paused', what: jobs === 0 ? what : `${what}: ${wait(jobs)}`, since: first.since }]
}

function drainOf({ ledger }: WrongFacts): readonly FoundWrong[] {
  if (!ledger.draining) return []
  const jobs = waitingCount(ledger)
  const what = ledger.epoch > 1 ? 'the queue drains, or was drained after a restore' : 'the queue drains'
  return [
    {
      id: 'draining',
      what: jobs === 0 ? `${what}: nothing starts` : `${what}: ${wait(jobs)}, and none starts`,
      since: ledger.drainedAt,
    },
  ]
}

function deadOf({ dead = 0 }: WrongFacts): readonly FoundWrong[] {
  if (dead === 0) return []
  const many = dead >= MOST_DEAD
  const jobs = many ? `${count(MOST_DEAD)} jobs or more` : plural(dead, 'job')
  return [{ id: many ? 'many_dead' : 'dead', what: `${jobs} failed for good in the last hour` }]
}

function behindOf({ now, outside }: WrongFacts): readonly FoundWrong[] {
  const { events, ageMs } = outside?.behind ?? { events: 0, ageMs: null }
  if (ageMs === null) return []
  const since = now - ageMs * MICROS_PER_MS
  return [{ id: 'behind', what: `your tables are ${plural(events, 'event')} behind the log`, since }]
}
