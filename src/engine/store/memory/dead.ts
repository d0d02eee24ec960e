import { costsAttempt, type Death, isDeath, type ParentChoice, type RecordedEvent } from '../../core/index.ts'
import type { DeadJob, DeadQuery } from '../index.ts'
import { read } from './append.ts'
import { dataOf } from './data.ts'
import type { MemoryQueue } from './database.ts'

/** `job_queue_dead`: how the last life of each job ended, the newest first. */
export function deadIn(queue: MemoryQueue, filter: DeadQuery): readonly DeadJob[] {
  const found: DeadJob[] = []
  for (const end of read(queue, queue.log.slice(queue.goneSeq)).toReversed()) {
    const job = isDeath(end) && hasCause(end, filter) ? deadJob(queue, end, filter) : undefined
    if (job === undefined || !isWanted(job, filter)) continue
    found.push(job)
    if (found.length === filter.limit) break
  }
  return found
}

/** `job_queue_drop`. */
export function dropIn(queue: MemoryQueue, jobIds: readonly string[]): number {
  const dead = deadIn(queue, { jobIds, limit: Number.POSITIVE_INFINITY })
  for (const { jobId, seq } of dead) {
    queue.dropped.set(jobId, seq)
    queue.data.delete(jobId)
  }
  return dead.length
}

function deadJob(queue: MemoryQueue, end: Death, { links }: DeadQuery): DeadJob | undefined {
  const { jobId, seq, at } = end
  const queued = lastLife(queue, jobId)
  if (queued?.type !== 'queued' || queued.seq > seq || (queue.dropped.get(jobId) ?? 0) >= seq)
    return undefined
  const life = read(queue, queue.log.slice(queued.seq, seq)).filter(
    (event) => 'jobId' in event && event.jobId === jobId,
  )
  if (wasAskedToStop(life)) return undefined
  const attempts = life.filter(({ type }) => type === 'started').length - life.filter(isPostponed).length
  const error = dataOf(queue, [jobId])[0]?.error ?? null
  const code = end.type === 'failed' ? end.code : end.type
  const spec = { ...queued.spec, models: lastModels(queued, life) }
  const after = links === true && spec.after !== undefined ? { after: parentsIn(life) } : {}
  return { jobId, seq, at, code, attempts, spec, life: queued.retryOf ?? queued.seq, error, ...after }
}

const hasCause = (end: Death, { causes }: DeadQuery): boolean =>
  causes === undefined || (end.type === 'failed' && end.cause !== undefined && causes.includes(end.cause))

const parentsIn = (life: readonly RecordedEvent[]): readonly ParentChoice[] =>
  life.flatMap((event) =>
    event.type !== 'linked'
      ? []
      : event.after.map((job) => (event.goesOn === true ? { job, goesOn: true } : { job })),
  )

const isPostponed = (event: RecordedEvent): boolean =>
  event.type === 'requeued' && !costsAttempt(event.reason)

/** The event with which the job last came into line. Void events do not count. */
function lastLife(queue: MemoryQueue, jobId: string): RecordedEvent | undefined {
  if (queue.voids.size === 0) return queue.log[(queue.lives.get(jobId) ?? 0) - 1]
  return read(queue, queue.log).findLast((event) => event.type === 'queued' && event.jobId === jobId)
}

/** It was asked to stop during its last attempt, so it was cancelled. */
function wasAskedToStop(life: readonly RecordedEvent[]): boolean {
  const last = life.findLast(({ type }) => type === 'started' || type === 'cancel_requested')
  return last?.type === 'cancel_requested'
}

/** A workflow may need other models in each step. */
function lastModels(
  queued: RecordedEvent & { readonly type: 'queued' },
  life: readonly RecordedEvent[],
): readonly string[] {
  return life.reduce<readonly string[]>(
    (models, event) => (event.type === 'requeued' ? (event.models ?? models) : models),
    queued.spec.models,
  )
}

function isWanted(job: DeadJob, { jobIds, model, since, before }: DeadQuery): boolean {
  return (
    (jobIds?.includes(job.jobId) ?? true) &&
    (model === undefined || job.spec.models.includes(model)) &&
    job.at >= (since ?? 0) &&
    job.seq < (before ?? Number.POSITIVE_INFINITY)
  )
}
