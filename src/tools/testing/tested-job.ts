import type { Coordinator } from '../../engine/coordinator/index.ts'
import { InterlockError, type Json, MICROS_PER_MS, type RecordedEvent } from '../../engine/core/index.ts'

/** How far a job has come. */
export interface TestedJob<Result = Json> {
  readonly jobId: string
  /** `waiting`, `active`, or how it ended: `completed`, `failed`, `cancelled`, `expired`, `bypassed`. */
  readonly state: 'waiting' | 'active' | 'completed' | 'failed' | 'cancelled' | 'expired' | 'bypassed'
  /** Why it waits, or how it ended, in words. */
  readonly reason: string
  /** How often it was started. */
  readonly starts: number
  /** When it may start; null: it is not put off. */
  readonly runAt: Date | null
  readonly payload: Json
  readonly result: Result
  readonly error: Json
  readonly checkpoint: Json
  readonly progress: Json
}

/** What was asked for when a job was put in line. */
export interface EnqueuedJob {
  readonly jobId: string
  readonly kind: string
  readonly models: readonly string[]
  readonly priority: number
  readonly runAt: Date | null
  readonly fairKey: string | null
  readonly payload: Json
}

/** All of it has to hold. */
export interface EnqueuedFilter {
  readonly kind?: string | undefined
  readonly model?: string | undefined
}

/** @throws InterlockError `job_not_live` if there never was one */
export async function testedJob(
  coordinator: Coordinator,
  events: readonly RecordedEvent[],
  jobId: string,
): Promise<TestedJob> {
  const explained = await coordinator.explain(jobId)
  if (explained === undefined || explained.state === 'unknown')
    throw new InterlockError('job_not_live', `job ${jobId} was never put in line; compare the id`, { jobId })
  const [data] = await coordinator.data([jobId])
  const { payload = null, result = null, error = null, checkpoint = null, progress = null } = data ?? {}
  const own = events.filter((event) => 'jobId' in event && event.jobId === jobId)
  const { state, code, reason } = explained
  return {
    jobId,
    state: (state === 'waiting' || state === 'active' ? state : code) as TestedJob['state'],
    reason,
    starts: own.filter(({ type }) => type === 'started').length,
    runAt: state === 'waiting' ? runAtOf(own) : null,
    payload,
    result,
    error,
    checkpoint,
    progress,
  }
}

/** When it was last said that it may start. */
function runAtOf(own: readonly RecordedEvent[]): Date | null {
  const last = own.findLast(({ type }) => type === 'queued' || type === 'requeued')
  if (last?.type === 'queued') return dateOf(last.spec.runAt)
  return last?.type === 'requeued' ? dateOf(last.runAt) : null
}

const dateOf = (at: number | null): Date | null => (at === null ? null : new Date(at / MICROS_PER_MS))

export async function enqueuedIn(
  coordinator: Coordinator,
  events: readonly RecordedEvent[],
  { kind, model }: EnqueuedFilter,
): Promise<readonly EnqueuedJob[]> {
  const specs = events
    .flatMap((event) => (event.type === 'queued' ? [event.spec] : []))
    .filter((spec) => kind === undefined || spec.kind === kind)
    .filter((spec) => model === undefined || spec.models.includes(model))
  const found: EnqueuedJob[] = []
  for (const { jobId, kind, models, priority, runAt, fairKey } of specs) {
    const [data] = await coordinator.data([jobId])
    const payload = data?.payload ?? null
    found.push({ jobId, kind, models, priority, runAt: dateOf(runAt), fairKey, payload })
  }
  return found
}
