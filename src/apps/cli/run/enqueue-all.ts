import type { Coordinator, EnqueueAnswer, Enqueued } from '../../../engine/coordinator/index.ts'
import type { EnqueueInput } from '../../../engine/events/index.ts'
import { plural } from '../../../tools/format/index.ts'
import type { Frame } from '../frame.ts'
import { progressOf } from '../terminal/progress.ts'

/** Jobs per append: enough that the round trip does not count, few enough that a kill loses little work. */
const BATCH = 500
/** Characters of payloads per append, unless a single job has more: a slow link must carry it before the call times out. */
const PAYLOADS = 500_000

/** What came of all of them. */
export interface EnqueuedAll extends Omit<Enqueued, 'jobs' | 'jobId' | 'ids'> {
  /** `{ jobId, standsFor }`: jobs that were not put in line, and those that stand for them (docs/guides/idempotency.md#duplicates). */
  readonly deduplicated: readonly Required<EnqueueAnswer>[]
}

/** Puts jobs in line in their order. Each batch goes in whole or not at all. */
export async function enqueueAll(
  frame: Frame,
  coordinator: Coordinator,
  jobs: readonly EnqueueInput[],
): Promise<EnqueuedAll> {
  const progress = progressOf(frame, 'in line', jobs.length)
  const waiting: Enqueued['waiting'][number][] = []
  const known: string[] = []
  const deduplicated: Required<EnqueueAnswer>[] = []
  let queued = 0
  try {
    let done = 0
    for (const batch of batchesOf(jobs)) {
      frame.signal.throwIfAborted()
      const answer = await coordinator.enqueue(batch)
      for (const job of answer.waiting) waiting.push(job)
      for (const jobId of answer.known) known.push(jobId)
      for (const { jobId, standsFor } of answer.jobs) if (standsFor) deduplicated.push({ jobId, standsFor })
      queued += answer.queued
      done += batch.length
      progress.update(done)
    }
  } finally {
    progress.stop()
  }
  return { queued, known, waiting, deduplicated }
}

/** Jobs of flows go in together, since each may come after any other. */
export function* batchesOf(jobs: readonly EnqueueInput[]): Generator<readonly EnqueueInput[]> {
  if (jobs.some(({ after }) => after !== undefined)) return yield jobs
  let batch: EnqueueInput[] = []
  let room = PAYLOADS
  for (const job of jobs) {
    const size = job.payload === undefined ? 0 : JSON.stringify(job.payload).length
    if (batch.length === BATCH || (batch.length > 0 && size > room)) {
      yield batch
      batch = []
      room = PAYLOADS
    }
    batch.push(job)
    room -= size
  }
  if (batch.length > 0) yield batch
}

const SHOWN = 5

/** Reports on standard error what was left out of a file, and why. */
export function noteSkipped(frame: Frame, skipped: readonly string[]): void {
  if (skipped.length === 0) return
  for (const text of skipped.slice(0, SHOWN)) frame.note(`skipped: ${text}`)
  const more = skipped.length > SHOWN ? ` (the first ${SHOWN} are shown)` : ''
  frame.note(`${plural(skipped.length, 'broken line')} skipped${more}`)
}
