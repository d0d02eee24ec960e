import type { HowItCame } from '../dispatch/earlier-intake.ts'
import type { Scribe } from '../dispatch/scribe.ts'
import type { Job } from '../state/job.ts'
import { standInAt } from '../state/keys.ts'
import { jobOf } from '../state/ledger.ts'
import type { StandIn } from '../values/command.ts'
import { type Debounce, type JobSpec, MICROS_PER_MS, type Micros } from '../values/job.ts'
import { rememberOnce } from './once.ts'
import { bodyOf } from './same-job.ts'

/** A job that does not come into the queue, and the one that stands for it. */
export interface Double {
  readonly spec: JobSpec
  readonly standsFor: string
}

/**
 * The job that stands for a new one: it is in the queue, or comes with the same command. The job that has a key says for how long.
 * @param coming of the command so far, by key
 */
export function standInFor(
  { draft, nextAt }: Scribe,
  { jobId, dedupe }: JobSpec,
  coming: Map<string, string>,
): string | undefined {
  if (dedupe === undefined) return undefined
  const standsFor = coming.get(dedupe.key) ?? standInAt(draft, dedupe.key, nextAt)
  if (standsFor === undefined) coming.set(dedupe.key, jobId)
  return standsFor
}

/** Records which job stands for this one. If that one waits for the last of its key, it is put off, and gets the payload. */
export function recordDouble(scribe: Scribe, { spec, standsFor }: Double, how: HowItCame = {}): StandIn {
  const { jobId, dedupe, hasData, payloadHash } = spec
  const { workerId } = scribe.command
  const key = dedupe?.key ?? ''
  const event = scribe.record({
    type: 'deduplicated',
    jobId,
    standsFor,
    key,
    workerId,
    ...onceIn(spec),
    ...how,
  })
  if (spec.once !== undefined) rememberOnce(scribe, event)
  scribe.taken.note(jobId, how, { jobId, standsFor })
  const job = jobOf(scribe.draft, standsFor)
  if (job?.spec.dedupe?.debounce === undefined) return { jobId, standsFor }
  const runAt = putOffUntil(scribe, job, job.spec.dedupe.debounce)
  const payload = payloadHash === undefined ? {} : { payloadHash, ...(hasData && { hasData }) }
  if (runAt !== null || payloadHash !== undefined)
    scribe.record({ type: 'debounced', jobId: standsFor, runAt, ...payload, workerId })
  return { jobId, standsFor }
}

/** What is remembered of a job that is enqueued `once`. */
function onceIn(spec: JobSpec) {
  const { once, hasData, payloadHash } = spec
  if (once === undefined) return {}
  const payload = payloadHash === undefined ? {} : { payloadHash }
  return { once, body: bodyOf(spec), ...(hasData && { hasData }), ...payload }
}

/** When it is due from now on; null: as before. It never starts earlier than it would have. */
function putOffUntil({ now }: Scribe, { queuedAt, dueAt }: Job, debounce: Debounce): Micros | null {
  const { delay, maxDelay } = debounce
  const runAt = Math.min(now + delay * MICROS_PER_MS, queuedAt + maxDelay * MICROS_PER_MS)
  return runAt > Math.max(now, dueAt ?? 0) ? runAt : null
}

/** The first one of its key waits for others too. */
export function withStart({ now }: Scribe, spec: JobSpec): JobSpec {
  const debounce = spec.dedupe?.debounce
  return debounce === undefined ? spec : { ...spec, runAt: now + debounce.delay * MICROS_PER_MS }
}
