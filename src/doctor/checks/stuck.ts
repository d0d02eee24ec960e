import { type JobRow, MICROS_PER_MS, type Micros, operand } from '../../core/index.ts'
import { agree, duration, plural } from '../../format/index.ts'
import type { WorkerRow } from '../../port/index.ts'
import type { Facts } from '../facts.ts'
import { type Finding, note, problem } from '../finding.ts'
import type { LiveRows, Startable } from '../live-rows.ts'

/** Any live process ends an attempt 5 s after its time. After two more sweeps nobody does. */
const OVERDUE_MS = 15_000
/** An offer lives for 2 s. A job that may start and has not for this long is wanted by no worker. */
const UNTAKEN_MS = 10_000

/** Jobs that do not move on, and why. */
export function checkStuck(facts: Facts): Finding[] {
  const { state, rows, checkup, workers } = facts
  if (state === null) return []
  const { now } = checkup
  const active = checkActive(rows.active, workers, now)
  if (state.status === 'draining' && rows.waiting > 0) return [...active, drains(rows.waiting)]
  return [
    ...active,
    ...checkStartable(rows.startable, workers, since(now, state.updated_at)),
    ...checkLong(rows, now, facts.waitingMs),
  ]
}

const since = (now: Micros, at: Micros): number => (now - at) / MICROS_PER_MS

const drains = (jobs: number): Finding =>
  note(
    'draining',
    `the queue drains: ${plural(jobs, 'job')} ${agree(jobs, 'waits', 'wait')}, and none starts`,
    'interlock resume',
  )

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
          `start a process of Interlock, which ends it; or: interlock cancel --force ${operand(id)}`,
        ),
      ]
    }
    if (row.worker_id === null || !lost.has(row.worker_id)) return []
    return [
      problem(
        'lost',
        `job ${id} is held by worker ${row.worker_id}, which is gone`,
        'start a process of Interlock: any process frees its models within 5 s',
      ),
    ]
  })
}

/** Jobs that could start, by kind: no live worker can run them, or one could and does not. */
function checkStartable(
  startable: ReadonlyMap<string, Startable>,
  workers: readonly WorkerRow[],
  quietMs: number,
): Finding[] {
  if (quietMs < UNTAKEN_MS) return []
  return [...startable].map(([kind, { jobs, example }]) => {
    const live = workers.filter(
      ({ state, kinds }) => state === 'live' && (kinds === null || kinds.includes(kind)),
    )
    const names = `${plural(jobs, 'job')} of kind ${kind} may start, such as ${example}`
    return live.some(({ freeSlots }) => freeSlots > 0)
      ? problem(
          'offered',
          `${names}, and no worker takes them, although ${live.length} could`,
          `interlock explain ${operand(example)}; then look at the log of the workers`,
        )
      : problem(
          'no_worker',
          `${names}, and ${live.length === 0 ? 'no live worker has a handler for it' : 'no worker for it has a free slot'}; jobs of other kinds pass it meanwhile`,
          `start a worker with a handler for ${kind}, or with more slots (concurrency)`,
        )
  })
}

function checkLong({ long, oldest }: LiveRows, now: Micros, waitingMs: number): Finding[] {
  if (oldest === null) return []
  const why = oldest.conflict_reason ?? 'it may start'
  return [
    note(
      'waiting',
      `${plural(long, 'job')} ${agree(long, 'waits', 'wait')} for more than ${duration(waitingMs)}, the longest is ${oldest.job_id} with ${duration(since(now, oldest.queued_at))}: ${why}`,
      `interlock explain ${operand(oldest.job_id)}`,
    ),
  ]
}
