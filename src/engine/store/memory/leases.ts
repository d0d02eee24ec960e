import { SCHEMA_VERSION } from '../../events/index.ts'
import type { BeatAnswer, WorkerBeat, WorkerRow } from '../index.ts'
import { isElsewhere, isLive, isOverdue, type ServerClock } from './append.ts'
import type { MemoryDatabase, MemoryQueue } from './database.ts'
import { isRequested } from './inbox.ts'

export const clockOf = ({ now, since }: MemoryDatabase): ServerClock => ({ now: now(), since })

/** `job_queue_beat`: registers or renews a lease. A lease that is over stays over. */
export function beatIn(queue: MemoryQueue, beat: WorkerBeat, clock: ServerClock): BeatAnswer {
  const { now, since: serverSince } = clock
  const version = queue.log.length
  const worker = queue.workers.get(beat.workerId)
  const alive = worker === undefined || isLive(worker, clock)
  const expiresAt = alive ? now + beat.ttlMs * 1_000 : worker.expiresAt
  if (alive) {
    const startedAt = worker?.startedAt ?? now
    queue.workers.set(beat.workerId, { beat, startedAt, beatAt: now, expiresAt, dead: false, serverSince })
  }
  const overdue = overdueIn(queue, clock)
  const requested = isRequested(queue, now)
  return { alive, now, expiresAt, version, overdue, arrived: false, requested, reads: SCHEMA_VERSION }
}

/**
 * `job_queue_overdue`: workers that hold a job or serve places, and may be expired. A beat from the future is from before the clock was set back.
 * A lease that was confirmed before this server began to serve gets its whole ttl from now, once, if it was not given up.
 */
function overdueIn(queue: MemoryQueue, clock: ServerClock): string[] {
  const { now, since } = clock
  for (const worker of queue.workers.values()) {
    const isOlder = !worker.dead && isElsewhere(worker, clock)
    if (worker.beatAt <= now + 1_000_000 && !isOlder) continue
    const most = now + worker.beat.ttlMs * 1_000
    worker.beatAt = Math.min(worker.beatAt, now)
    worker.expiresAt = isOlder ? most : Math.min(worker.expiresAt, most)
    worker.serverSince = since
  }
  const holders = new Set(queue.state.servers)
  for (const job of queue.jobs.values())
    if (job.state === 'active' && job.worker_id) holders.add(job.worker_id)
  return [...holders].filter((id) => isOverdue(queue.workers.get(id), clock)).toSorted()
}

export function workerRows(queue: MemoryQueue, clock: ServerClock): WorkerRow[] {
  return [...queue.workers.values()].map((worker) => ({
    workerId: worker.beat.workerId,
    kinds: worker.beat.kinds,
    freeSlots: worker.beat.freeSlots,
    release: worker.beat.release,
    reads: SCHEMA_VERSION,
    startedAt: worker.startedAt,
    beatAt: worker.beatAt,
    expiresAt: worker.expiresAt,
    state: isLive(worker, clock) ? 'live' : isOverdue(worker, clock) ? 'dead' : 'late',
  }))
}
