import { isFree, isLimited, mayFollow, placesToTake } from './admission.ts'
import { needsSame } from './batch.ts'
import { settle } from './blocking.ts'
import type { Draft } from './draft.ts'
import { passOver } from './fair-share.ts'
import type { Micros } from './job.ts'
import { nextOffered } from './kinds.ts'
import { failedTimes, type Job, type LedgerView, modelOf, noPlaces } from './ledger.ts'
import { hasLapsed } from './offer-expiry.ts'
import { byPlace, earlier, type Place } from './place.ts'
import { capacityOf } from './policy.ts'
import type { Scribe } from './scribe.ts'

/** @param batch in which it runs */
export function startFor(scribe: Scribe, job: Job, workerId: string, batch?: number): void {
  const { jobId, spec } = job
  const event = { type: 'started', jobId, workerId, attempt: job.attempt + 1, models: spec.models } as const
  const places = job.places === null ? undefined : placesToTake(scribe.draft, job, scribe.now)
  const placed = places === undefined ? event : { ...event, places }
  scribe.record(batch === undefined ? placed : { ...placed, batch })
  scribe.started++
  settle(scribe.draft)
}

/**
 * Starts a job together with the next ones of its kind that need the same models, as many as one call of a handler takes. They take neither
 * models nor a slot: the batch has them. Each is next in every line it stands in: it is the first behind the others that could start, should
 * the batch end now. Only what waits now starts; nothing waits for a batch to fill up.
 *
 * A job of which an attempt has failed or was lost runs alone: if one of a batch takes its process down, it shows which. So does one whose
 * models have places with names: there each start says its own.
 */
export function startBatch(scribe: Scribe, head: Job, workerId: string, size: number): void {
  if (size < 2 || failedTimes(head) > 0 || head.places !== null) return startFor(scribe, head, workerId)
  const { draft, now } = scribe
  const { models } = head.spec
  const batch = draft.version + 1
  startFor(scribe, head, workerId, batch)
  let last = head.place
  let left = size - 1
  for (let place = nextBehind(draft, head, last); place !== undefined && left > 0 && !scribe.isFull; ) {
    const job = draft.jobs.get(place)
    if (job !== undefined && isAlike(scribe, head, job) && mayFollow(draft, job, now, models)) {
      if (isAnyBetween(draft, models, last, place, now)) return
      startFor(scribe, job, workerId, batch)
      last = place
      left--
    } else if (!isOpen(draft, head, place, now)) return
    place = nextBehind(draft, head, place)
  }
}

/** The next job in the line of its first model; of jobs without models, the next offered one of its kind. */
function nextBehind(ledger: LedgerView, { spec, exclusive }: Job, place: Place): Place | undefined {
  const [first] = spec.models
  if (first !== undefined) return modelOf(ledger, first).line.after(place)
  return exclusive ? undefined : nextOffered(ledger, [spec.kind], place)
}

/** Behind a job for which a model has no place there is none for others of its kind either. */
function isOpen(ledger: LedgerView, { spec }: Job, place: Place, now: Micros): boolean {
  const [first] = spec.models
  return first === undefined || isFree(ledger, modelOf(ledger, first), place, now, spec.kind, 1)
}

/** It may be given to the same handler together with the first one. A process that asked for it gets it alone. */
function isAlike({ surroundings: { deadWorkers, heldBack } }: Scribe, head: Job, job: Job): boolean {
  const isAsked = job.asker !== null && !deadWorkers.has(job.asker)
  if (isAsked || heldBack?.has(job.jobId) === true) return false
  return job.spec.kind === head.spec.kind && needsSame(head, job) && !job.exclusive && failedTimes(job) === 0
}

/**
 * Should the batch end now, one between these places would start first: in the line of a model, or where the policy limits slots in that of
 * the whole queue.
 */
function isAnyBetween(draft: Draft, models: readonly string[], from: Place, to: Place, now: Micros): boolean {
  const { maxActive, maxOvertakes } = draft.policy
  // A batch that has neither models nor a slot leaves nothing to others.
  if (models.length === 0) return false
  // Nobody in strict order passes another one on a model that one job has at a time.
  const isStrict = maxOvertakes === 0 && !draft.placed && !hasLapsed(draft, now)
  if (isStrict && models.every((name) => capacityOf(draft.policy, name) === 1))
    return maxActive !== null && isReadyBetween(draft, from, to, now)
  const lines = maxActive === null ? models.map((name) => modelOf(draft, name).line) : [draft.line]
  return lines.some((line) => {
    for (
      let place = line.after(from);
      place !== undefined && byPlace(place, to) < 0;
      place = line.after(place)
    ) {
      const job = draft.jobs.get(place)
      if (job?.offeredAt === null && mayFollow(draft, job, now, models)) return true
    }
    return false
  })
}

/** The same in strict order, where it is known who needs but a slot. */
function isReadyBetween(draft: Draft, from: Place, to: Place, now: Micros): boolean {
  let passed = noPlaces
  for (let place = draft.ready.min(); place !== undefined && byPlace(place, to) < 0; ) {
    const job = draft.jobs.get(place)
    if (job === undefined) return false
    if (byPlace(place, from) > 0 && !isLimited(draft, job, now)) return true
    passed = passOver(draft, job, passed, now)
    place = earlier(draft.ready.after(place), passed.min())
  }
  return false
}
