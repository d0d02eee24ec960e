import type { ErrorCode, JobLinks, JobSpec, ParentChoice } from '../../../../src/engine/core/index.ts'
import { blockerFor, isStartable, passerFor, reasonFor } from './admission.ts'
import { type Answer, type Body, granted } from './answer.ts'
import type { Clerk } from './clerk.ts'
import { attemptRefusal } from './end.ts'
import {
  bypasses,
  childrenOf,
  type Entry,
  fitsNowhere,
  holderOf,
  ruleOf,
  sameJson,
  tooMuch,
} from './queue.ts'

export function enqueue(clerk: Clerk, { specs, again, links = [], under }: Body<'enqueue'>): Answer {
  const stale = under === undefined ? null : attemptRefusal(clerk, under.jobId, under.token)
  if (stale !== null) return stale
  const fresh = new Map<string, JobSpec>()
  const doubles = new Map<string, { readonly spec: JobSpec; readonly standsFor: string }>()
  for (const spec of specs) {
    const come = fresh.get(spec.jobId) ?? doubles.get(spec.jobId)?.spec
    const twin = come ?? clerk.jobOf(spec.jobId)?.spec
    const refusal = refusalOf(clerk, spec, twin)
    if (refusal !== null) return refusal
    if (twin === undefined && again !== true && needsUndeclared(clerk, spec)) return 'unknown_model'
    const standsFor = twin === undefined ? standInFor(clerk, spec, [...fresh.values()]) : undefined
    if (standsFor !== undefined) doubles.set(spec.jobId, { spec, standsFor })
    else if (twin === undefined) fresh.set(spec.jobId, spec)
  }
  if (isCrowd(clerk, [...fresh.values()])) return 'fair_share_limit'
  const unfit = again === true ? null : unfitAmong(clerk, [...fresh.values()])
  if (unfit !== null) return unfit
  const own = links
    .filter(({ jobId }) => fresh.has(jobId))
    .map(({ jobId, after }) => {
      const standIn = (id: string) => doubles.get(id)?.standsFor ?? id
      const choices = new Map(after.map((choice) => [standIn(choice.job), choice]))
      return { jobId, after: [...choices].map(([job, choice]) => ({ ...choice, job })) }
    })
  const fault = faultOf(clerk, own, fresh)
  if (fault !== null) return fault
  const ids = specs.map(({ jobId }) => doubles.get(jobId)?.standsFor ?? jobId)
  const added = under === undefined ? [] : addedBy(clerk, under.jobId, new Set(ids), fresh)
  if (added.length > 0 && waitsForChild(clerk, added, own)) return 'flow_cycle'
  for (const spec of fresh.values()) clerk.enter(spec, false)
  for (const { jobId, after } of own) clerk.link(jobId, groupsOf(clerk, after))
  for (const { jobId, ids: further, goesOn } of added)
    if (further.length > 0) clerk.link(jobId, [{ ids: further, goesOn, outcome: null }])
  for (const { spec, standsFor } of doubles.values()) clerk.double(spec, standsFor)
  clerk.grant()
  const told = [...fresh.keys()].flatMap((jobId) => tellWaiting(clerk, jobId))
  // Who was there before is told too, but not recorded again.
  const isNew = (jobId: string) => fresh.has(jobId) || doubles.has(jobId)
  const before = new Set(specs.map(({ jobId }) => jobId).filter((jobId) => !isNew(jobId)))
  return [...told, ...[...before].flatMap((jobId) => ownWaitingLine(clerk, jobId))]
}

/** A job that waits for one that adds others, and what it comes after from now on. */
interface Successor {
  readonly jobId: string
  readonly goesOn: boolean
  /** All that are added, and those of them after which it does not come yet. */
  readonly all: readonly string[]
  readonly ids: readonly string[]
}

/** What comes after the one that runs also comes after what it adds: it goes on in spite of them if it would in spite of that one. */
function addedBy(
  clerk: Clerk,
  runner: string,
  ids: ReadonlySet<string>,
  fresh: ReadonlyMap<string, unknown>,
): readonly Successor[] {
  const all = [...ids].filter((id) => id !== runner && (fresh.has(id) || clerk.jobOf(id) !== undefined))
  const parent = clerk.jobOf(runner) as Entry
  return childrenOf(clerk.queue, parent).map(({ jobId, links }) => {
    const open = links.filter(({ outcome }) => outcome === null)
    const isParent = (id: string) =>
      open.some((link) => link.id === id && clerk.jobOf(id)?.queuedAt === link.life)
    const goesOn = open.some((link) => link.id === runner && link.life === parent.queuedAt && link.goesOn)
    return { jobId, goesOn, all, ids: all.filter((id) => !isParent(id)) }
  })
}

/** One of those that are added comes after one that is to come after them. */
function waitsForChild(clerk: Clerk, added: readonly Successor[], links: readonly JobLinks[]): boolean {
  const parentsOf = (id: string): readonly string[] => {
    const coming = links.find(({ jobId }) => jobId === id)
    if (coming !== undefined) return coming.after.map(({ job }) => job)
    const own = clerk.jobOf(id)?.links ?? []
    return own.filter(({ outcome }) => outcome === null).map((link) => link.id)
  }
  const before = new Set(added[0]?.all)
  for (const id of before) for (const parent of parentsOf(id)) before.add(parent)
  return added.some(({ jobId }) => before.has(jobId))
}

/** Who has its key already, or comes with it in the same call. */
function standInFor(
  { queue, now }: Clerk,
  { dedupe }: JobSpec,
  coming: readonly JobSpec[],
): string | undefined {
  if (dedupe === undefined) return undefined
  const first = coming.find((other) => other.dedupe?.key === dedupe.key)
  return first?.jobId ?? holderOf(queue, dedupe.key, Math.max(now, queue.lastAt + 1))
}

/** A parent is live, comes along, or is known to have ended; and following parents leads back to no job. */
function faultOf(
  clerk: Clerk,
  links: readonly JobLinks[],
  fresh: ReadonlyMap<string, unknown>,
): ErrorCode | null {
  const isKnown = (id: string) => fresh.has(id) || clerk.jobOf(id) !== undefined || clerk.ended.get(id)
  if (links.some(({ after }) => after.some(({ job }) => !isKnown(job)))) return 'parent_unknown'
  const parentsOf = (id: string) => links.find(({ jobId }) => jobId === id)?.after.map(({ job }) => job) ?? []
  const leadsTo = (from: string, to: string, steps: number): boolean =>
    steps > 0 && parentsOf(from).some((id) => id === to || leadsTo(id, to, steps - 1))
  return links.some(({ jobId }) => leadsTo(jobId, jobId, links.length)) ? 'flow_cycle' : null
}

/** Those that are live first; else in the order in which the first of each kind was named. */
function groupsOf(clerk: Clerk, after: readonly ParentChoice[]) {
  const kinds = after.map(({ job, goesOn = false }) => ({
    id: job,
    goesOn,
    outcome: clerk.jobOf(job) === undefined ? (clerk.ended.get(job) ?? null) : null,
  }))
  const isSame = (a: (typeof kinds)[number], b: (typeof kinds)[number]) =>
    a.goesOn === b.goesOn && a.outcome === b.outcome
  const first = kinds.filter((kind, at) => kinds.findIndex((other) => isSame(kind, other)) === at)
  const sorted = [
    ...first.filter(({ outcome }) => outcome === null),
    ...first.filter(({ outcome }) => outcome !== null),
  ]
  return sorted.map((kind) => ({
    ...kind,
    ids: kinds.filter((one) => isSame(one, kind)).map(({ id }) => id),
  }))
}

/** A job that is offered to all does not wait for anything. */
const ownWaitingLine = (clerk: Clerk, jobId: string): readonly string[] =>
  clerk.jobOf(jobId)?.offeredAt === null ? waitingLine(clerk, jobId) : []

export function ask(clerk: Clerk, { spec, wait }: Body<'ask'>): Answer {
  const known = clerk.jobOf(spec.jobId)
  const refusal = refusalOf(clerk, spec, known?.spec)
  // Only what comes into the queue for the first time is asked.
  if (refusal === null && known === undefined && needsUndeclared(clerk, spec)) return 'unknown_model'
  return refusal ?? pass(clerk, { spec, wait }, known)
}

/** Why the first of them that could never start could not. */
function unfitAmong({ queue: { policy } }: Clerk, specs: readonly JobSpec[]): ErrorCode | null {
  const [found] = specs.flatMap((spec): ErrorCode[] => {
    if (tooMuch(policy, spec) !== undefined) return ['use_over_limit']
    return fitsNowhere(policy, spec) ? ['fits_no_place'] : []
  })
  return found ?? null
}

function needsUndeclared({ queue }: Clerk, { models }: JobSpec): boolean {
  const declared = queue.policy.models
  return declared !== undefined && !models.every((model) => ruleOf(declared, model) !== undefined)
}

function pass(
  clerk: Clerk,
  { spec, wait }: { readonly spec: JobSpec; readonly wait: boolean },
  known: Entry | undefined,
): Answer {
  const { workerId } = clerk.command
  if (known?.active === true) return known.workerId === workerId ? [] : 'not_holder'
  if (known === undefined && spec.models.length === 0 && clerk.queue.policy.emptySet === 'bypass') {
    clerk.record({ type: 'bypassed', jobId: spec.jobId, jobType: spec.jobType, workerId })
    return []
  }
  if (
    known !== undefined &&
    !wait &&
    known.asker !== null &&
    known.asker !== workerId &&
    clerk.isAlive(known.asker)
  )
    return isStartable(clerk.queue, known, clerk.now) ? 'not_holder' : waitingLine(clerk, spec.jobId)
  if (known === undefined && isCrowd(clerk, [spec])) return 'fair_share_limit'
  const unfit = known === undefined ? unfitAmong(clerk, [spec]) : null
  if (unfit !== null) return unfit
  if (known === undefined) clerk.enter(spec, wait)
  else if (wait && known.asker !== workerId) setAsker(clerk, known, workerId)
  clerk.grant()
  clerk.take(spec.jobId)
  const told = known === undefined ? tellWaiting(clerk, spec.jobId) : []
  return told.length > 0 ? told : waitingLine(clerk, spec.jobId)
}

export function takeUp(clerk: Clerk, { jobId, wait }: Body<'take_up'>): Answer {
  const job = clerk.jobOf(jobId)
  return job === undefined ? 'job_not_live' : pass(clerk, { spec: job.spec, wait }, job)
}

export function unask(clerk: Clerk, { jobId }: Body<'unask'>): Answer {
  const job = clerk.jobOf(jobId)
  if (job === undefined || job.active || job.asker !== clerk.command.workerId) return []
  setAsker(clerk, job, null)
  return granted(clerk)
}

/** Who asks is served by an asking; an offer to all is over. */
function setAsker(clerk: Clerk, job: Entry, asker: string | null): void {
  clerk.record({ type: 'asked', jobId: job.jobId, asker, workerId: clerk.command.workerId })
  job.asker = asker
  job.offeredAt = null
}

function isCrowd({ queue }: Clerk, fresh: readonly JobSpec[]): boolean {
  const limit = queue.policy.fairShare?.maxWaiting ?? Infinity
  return fresh.some(({ fairKey }) => {
    const waiting = queue.jobs.filter((job) => job.spec.fairKey === fairKey && !job.active && !bypasses(job))
    const coming = fresh.filter((spec) => spec.fairKey === fairKey)
    return fairKey !== null && waiting.length + coming.length > limit
  })
}

function refusalOf(clerk: Clerk, spec: JobSpec, twin: JobSpec | undefined): ErrorCode | null {
  if (spec.models.length === 0 && clerk.queue.policy.emptySet === 'reject') return 'models_required'
  if (twin === undefined) return null
  // What both wait for others of their key for, those others say.
  const isOfLast = twin.dedupe?.debounce !== undefined && spec.dedupe?.debounce !== undefined
  return sameJson(bodyOf(twin, isOfLast), bodyOf(spec, isOfLast)) ? null : 'job_exists'
}

/** Why the queue would not take the job of a schedule. */
export function whyRefused(clerk: Clerk, spec: JobSpec): ErrorCode | null {
  const refusal = refusalOf(clerk, spec, undefined)
  if (refusal !== null) return refusal
  if (needsUndeclared(clerk, spec)) return 'unknown_model'
  if (isCrowd(clerk, [spec])) return 'fair_share_limit'
  return unfitAmong(clerk, [spec])
}

/** By which key it is one with others says nothing of what it is. */
const bodyOf = ({ dedupe: _, ...spec }: JobSpec, isOfLast: boolean): object =>
  isOfLast ? { ...spec, runAt: null } : spec

export function tellWaiting(clerk: Clerk, jobId: string): readonly string[] {
  const job = clerk.jobOf(jobId)
  if (job === undefined || job.active || job.offeredAt !== null) return []
  const told = waitingLine(clerk, jobId)
  const reason = reasonFor(clerk.queue, job, clerk.now)
  if (job.awaits) return told
  const { by: blockedBy } = blockedIn(clerk, job)
  const model = blockedBy === null ? null : blockerFor(clerk.queue, job).on
  clerk.record({ type: reason === 'model_in_use' ? 'conflict' : 'blocked', jobId, reason, blockedBy, model })
  return told
}

function waitingLine(clerk: Clerk, jobId: string): readonly string[] {
  const job = clerk.jobOf(jobId)
  if (job === undefined || job.active) return []
  return [`${jobId}: ${reasonFor(clerk.queue, job, clerk.now)}, ${blockedIn(clerk, job).by}`]
}

/** Who is in line is nothing to a job that may start, is not due, or waits for the queue to open. */
function blockedIn(clerk: Clerk, job: Entry): { readonly by: string | null; readonly on: string | null } {
  const reason = reasonFor(clerk.queue, job, clerk.now)
  if (
    [
      'draining',
      'not_due',
      'fits_no_place',
      'model_paused',
      'use_over_limit',
      'no_worker',
      'offered',
    ].includes(reason)
  )
    return { by: null, on: null }
  const blocked = blockerFor(clerk.queue, job)
  // For a rate or its share a job waits of itself, unless others are before it on a model.
  const isOwn = reason === 'rate_limited' || reason === 'fair_share_limit'
  if (isOwn) return blocked.on === null ? { by: null, on: null } : blocked
  return blocked.by === null ? passerFor(clerk.queue, job, reason, clerk.now) : blocked
}
