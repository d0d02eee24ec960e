import { type JobRow, MICROS_PER_MS, type Micros } from '../../core/index.ts'
import { duration, plural } from '../../format/index.ts'
import type { WorkerRow } from '../../port/index.ts'
import type { Facts } from '../facts.ts'
import { type Finding, note, problem } from '../finding.ts'

/** An attempt is ended 5 s after its time by any live process; two sweeps more and nobody does. */
const OVERDUE_MS = 15_000
/** An offer lives for 2 s; a job that may start and is not started for this long is not wanted by anybody. */
const UNTAKEN_MS = 10_000

/** Jobs that do not get on, and why. */
export function checkStuck(facts: Facts): Finding[] {
  const { projection, checkup, workers } = facts
  if (projection === null) return []
  const { now } = checkup
  const active = projection.jobs.filter(({ state }) => state === 'active')
  const waiting = projection.jobs.filter(({ state }) => state === 'waiting')
  if (projection.state.status === 'draining' && waiting.length > 0)
    return [...checkActive(active, workers, now), drains(waiting.length)]
  return [
    ...checkActive(active, workers, now),
    ...checkStartable(waiting, workers, since(now, projection.state.updated_at)),
    ...checkLong(waiting, now, facts.patienceMs),
  ]
}

const since = (now: Micros, at: Micros): number => (now - at) / MICROS_PER_MS

const drains = (jobs: number): Finding =>
  note('draining', `the queue drains: ${plural(jobs, 'job')} wait and none starts`, 'interlock resume')

function checkActive(rows: readonly JobRow[], workers: readonly WorkerRow[], now: Micros): Finding[] {
  const lost = new Set(workers.flatMap(({ workerId, state }) => (state === 'dead' ? [workerId] : [])))
  return rows.flatMap((row): Finding[] => {
    const id = row.job_id
    if (row.expires_at !== null && since(now, row.expires_at) > OVERDUE_MS) {
      const over = duration(since(now, row.expires_at))
      return [
        problem(
          'overdue',
          `job ${id} is active ${over} past its time`,
          `start a process of Interlock, which ends it; or: interlock cancel ${id} --force`,
        ),
      ]
    }
    if (row.worker_id === null || !lost.has(row.worker_id)) return []
    return [
      problem(
        'lost',
        `job ${id} is held by worker ${row.worker_id}, which is gone`,
        'start a process of Interlock: any of them frees its models within 5 s',
      ),
    ]
  })
}

/** Jobs that could start, by kind: nobody there who can run it, or somebody who does not. */
function checkStartable(rows: readonly JobRow[], workers: readonly WorkerRow[], quietMs: number): Finding[] {
  if (quietMs < UNTAKEN_MS) return []
  const startable = rows.filter((row) => row.conflict_reason === null && row.due_at === null)
  return [...Map.groupBy(startable, ({ kind }) => kind)].map(([kind, jobs]) => {
    const live = workers.filter(
      ({ state, kinds }) => state === 'live' && (kinds === null || kinds.includes(kind)),
    )
    const names = `${plural(jobs.length, 'job')} of kind ${kind} may start, such as ${jobs[0]?.job_id}`
    return live.some(({ freeSlots }) => freeSlots > 0)
      ? problem(
          'offered',
          `${names}, and no worker takes them, although ${live.length} could`,
          `interlock explain ${jobs[0]?.job_id}; then look at the log of the workers`,
        )
      : problem(
          'no_worker',
          `${names}, and ${live.length === 0 ? 'no live worker has a handler for it' : 'no worker for it has a free slot'}; jobs of other kinds pass it meanwhile`,
          `start a worker with a handler for ${kind}, or with more slots (concurrency)`,
        )
  })
}

function checkLong(rows: readonly JobRow[], now: Micros, patienceMs: number): Finding[] {
  const long = rows
    .filter((row) => row.due_at === null && since(now, row.queued_at) > patienceMs)
    .toSorted((a, b) => a.queued_at - b.queued_at)
  const [oldest] = long
  if (oldest === undefined) return []
  const why = oldest.conflict_reason ?? 'it may start'
  return [
    note(
      'waiting',
      `${plural(long.length, 'job')} wait for more than ${duration(patienceMs)}, the longest is ${oldest.job_id} with ${duration(since(now, oldest.queued_at))}: ${why}`,
      `interlock explain ${oldest.job_id}`,
    ),
  ]
}
