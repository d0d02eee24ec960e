import { dispatch, takeJob } from '../dispatch/dispatch.ts'
import type { HowItCame } from '../dispatch/earlier-intake.ts'
import type { Scribe } from '../dispatch/scribe.ts'
import { shareOf } from '../needs/counted.ts'
import { overLimit } from '../needs/meter.ts'
import { overLimitText, waitingFor } from '../needs/told.ts'
import { isStartable } from '../needs/waits.ts'
import { awaitsParents, type Job } from '../state/job.ts'
import { jobOf } from '../state/ledger.ts'
import { fitsNowhere, unfitText } from '../state/units.ts'
import type { CommandResult, JobLinks, Refusal, StandIn, Waiting } from '../values/command.ts'
import { RETRY_OF_SINCE } from '../values/event.ts'
import type { JobSpec } from '../values/job.ts'
import { nearestOf } from '../values/near-names.ts'
import { isDeclared, type Policy } from '../values/policy.ts'
import { operand } from '../values/safe-text.ts'
import { linksToSuccessors } from './add.ts'
import { bypass } from './bypass.ts'
import { type Double, recordDouble, standInFor, withStart } from './dedupe.ts'
import { heldJob } from './fencing.ts'
import { linksFor, recordLinks, refuseTooMany, withoutForgotten } from './link.ts'
import { endedOnce, refuseOther, rememberOnce, takenBefore } from './once.ts'
import { accepted, type Body, refused, startedJob } from './result.ts'
import { bodyOf, isSamePayload, isSameSpec } from './same-job.ts'

/**
 * Puts jobs in line, all or none. A job that is live with the same spec, or was enqueued `once`, is left as it is; with `intake`, with
 * any spec: its row was taken in before. A row that another command of the same append has taken in is answered as it was then. Only then
 * it is asked whether another job stands for it: a job that was there is no double.
 */
export function enqueue(
  scribe: Scribe,
  { specs, intake, again, lives = [], links = [], under }: Body<'enqueue'>,
): CommandResult {
  const runner = under === undefined ? undefined : heldJob(scribe, under)
  if (runner !== undefined && 'ok' in runner) return runner
  const own: JobSpec[] = []
  const doubles: Double[] = []
  const before: StandIn[] = []
  const coming = new Map<string, string>()
  const seen = new Map<string, JobSpec>()
  const earlier: string[] = []
  for (const spec of specs) {
    const outcome = intake === true ? scribe.taken.rows.get(spec.jobId) : undefined
    if (outcome !== undefined) {
      if (typeof outcome === 'object') before.push(outcome)
      else if (outcome === 'queued') earlier.push(spec.jobId)
      continue
    }
    const isNew = jobOf(scribe.draft, spec.jobId) === undefined && !seen.has(spec.jobId)
    const taken = isNew ? takenBefore(scribe, spec) : undefined
    const refusal =
      taken !== undefined
        ? refuseOther(taken, spec)
        : isNew || intake !== true
          ? refuse(scribe, spec, seen.get(spec.jobId), again)
          : undefined
    if (refusal !== undefined) return refusal
    if (taken?.standsFor !== undefined) before.push({ jobId: spec.jobId, standsFor: taken.standsFor })
    else if (isNew && taken === undefined) {
      const standsFor = standInFor(scribe, spec, coming)
      if (standsFor === undefined) own.push(spec)
      else doubles.push({ spec, standsFor })
    }
    seen.set(spec.jobId, spec)
  }
  const { fresh, links: choices } =
    again === true
      ? withoutForgotten(scribe, own, links)
      : { fresh: own, links: withStandIns(links, [...doubles.map(standInOf), ...before]) }
  // A row that was taken in exists already: refusing it would keep all other rows out.
  const full = intake === true ? undefined : refuseFullShare(scribe, fresh)
  if (full !== undefined) return full
  const unfit = intake === true || again === true ? undefined : refuseUnfit(scribe, fresh)
  if (unfit !== undefined) return unfit
  const linked = comesAfter(fresh) ? linksFor(scribe, specs, fresh, choices) : []
  if ('ok' in linked) return linked
  const added =
    runner === undefined ? [] : linksToSuccessors(scribe, runner, specs, { fresh, doubles }, choices)
  if ('ok' in added) return added
  const all = added.length === 0 ? linked : [...linked, ...added]
  const tooMany = refuseTooMany(all, fresh)
  if (tooMany !== undefined) return tooMany
  const how = intake === true ? { intake } : {}
  const lifeOf = new Map(lives.map((life, i) => [specs[i]?.jobId, life]))
  for (const spec of fresh)
    queue(scribe, spec, again === true ? retryOf(scribe, lifeOf.get(spec.jobId)) : how)
  recordLinks(scribe, all)
  const standIns = [...doubles.map((double) => recordDouble(scribe, double, how)), ...before]
  dispatch(scribe)
  const there = knownAmong(seen, fresh, standIns)
  const known = intake === true ? [] : there
  if (intake === true) for (const jobId of there) scribe.taken.note(jobId, how, 'known')
  const others = [...earlier, ...known].flatMap((jobId) => stillWaiting(scribe, jobId))
  const waiting = [...recordWaiting(scribe, fresh), ...others]
  const answer = { ...accepted(scribe, waiting), known }
  return standIns.length === 0 ? answer : { ...answer, doubles: standIns }
}

/** While a process is alive that cannot read it, nobody says it: the row of such a job knows it by its looks. */
const retryOf = (scribe: Scribe, life: number | undefined): { readonly retryOf?: number } =>
  life === undefined || !scribe.mayWrite(RETRY_OF_SINCE) ? {} : { retryOf: life }

const standInOf = ({ spec: { jobId }, standsFor }: Double): StandIn => ({ jobId, standsFor })

/** Who comes after a job that another one stands for, comes after that one. */
export function withStandIns(links: readonly JobLinks[], doubles: readonly StandIn[]): readonly JobLinks[] {
  if (doubles.length === 0) return links
  const standIns = new Map(doubles.map(({ jobId, standsFor }) => [jobId, standsFor]))
  return links.map(({ jobId, after }) => {
    const choices = new Map(after.map((choice) => [standIns.get(choice.job) ?? choice.job, choice]))
    return { jobId, after: [...choices].map(([job, choice]) => ({ ...choice, job })) }
  })
}

const comesAfter = (specs: readonly JobSpec[]): boolean => specs.some(({ after }) => after !== undefined)

function knownAmong(
  seen: ReadonlyMap<string, JobSpec>,
  ...others: readonly (readonly { readonly jobId: string }[])[]
): readonly string[] {
  if (seen.size === others.reduce((sum, { length }) => sum + length, 0)) return []
  const own = new Set(others.flatMap((list) => list.map(({ jobId }) => jobId)))
  return [...seen.keys()].filter((jobId) => !own.has(jobId))
}

/** Why a job that was live before waits; nothing if it does not. */
export function stillWaiting({ draft, now }: Scribe, jobId: string): readonly Waiting[] {
  const job = jobOf(draft, jobId)
  return job === undefined || job.active || job.offeredAt !== null ? [] : [waitingFor(draft, job, now)]
}

/** The gate: starts the job in the asking process if it may start; otherwise says why not, and leaves it in line. */
export function ask(scribe: Scribe, { spec, wait }: Body<'ask'>): CommandResult {
  const refusal = refuse(scribe, spec, undefined)
  if (refusal !== undefined) return refusal
  const known = jobOf(scribe.draft, spec.jobId)
  // A job that is in line already (it was enqueued) may also be taken by a worker: it starts, it is not bypassed.
  if (known !== undefined) return takeLive(scribe, known, wait)
  if (spec.after !== undefined)
    return refused(
      'invalid_input',
      `job ${spec.jobId} comes after others, and the gate links no jobs; enqueue it, then ask for it by its id`,
    )
  const before = takenBefore(scribe, spec)
  if (before !== undefined) return endedOnce(before, spec)
  if (spec.models.length === 0 && scribe.draft.policy.emptySet === 'bypass')
    return bypass(scribe, { type: 'bypass', jobId: spec.jobId, jobType: spec.jobType })
  const full = refuseFullShare(scribe, [spec]) ?? refuseUnfit(scribe, [spec])
  if (full !== undefined) return full
  queue(scribe, spec, wait ? { asked: true } : {})
  const job = startIfMay(scribe, spec.jobId)
  if (job === undefined) return accepted(scribe)
  recordWaiting(scribe, [spec])
  return accepted(scribe, [waitingFor(scribe.draft, job, scribe.now)])
}

/** The gate for a caller that knows only the id: a job that has ended stays ended. */
export function takeUp(scribe: Scribe, { jobId, wait }: Body<'take_up'>): CommandResult {
  const job = jobOf(scribe.draft, jobId)
  if (job !== undefined) return takeLive(scribe, job, wait)
  return refused(
    'job_not_live',
    `job ${jobId} is neither waiting nor active; see whether it was there, and how it ended: \`npx interlock-queue explain ${operand(jobId)}\``,
  )
}

function takeLive(scribe: Scribe, known: Job, wait: boolean): CommandResult {
  const { jobId } = known
  if (known.active) return askActive(scribe, known)
  if (!wait && isAskedByOther(scribe, known)) return askForOther(scribe, known)
  if (wait && known.asker !== scribe.command.workerId) setAsker(scribe, jobId, scribe.command.workerId)
  scribe.draft.wide = true
  const job = startIfMay(scribe, jobId)
  return accepted(scribe, job === undefined ? [] : [waitingFor(scribe.draft, job, scribe.now)])
}

/** The job, if it has to wait. */
function startIfMay(scribe: Scribe, jobId: string): Job | undefined {
  dispatch(scribe)
  takeJob(scribe, jobId)
  const job = jobOf(scribe.draft, jobId)
  return job?.active === false ? job : undefined
}

/** Another process, alive as far as is known, waits for it. */
function isAskedByOther({ command, surroundings }: Scribe, { asker }: Job): boolean {
  return asker !== null && asker !== command.workerId && !surroundings.deadWorkers.has(asker)
}

/** The process that asked first gets it. The question is answered, and changes nothing. */
function askForOther(scribe: Scribe, job: Job): CommandResult {
  if (!isStartable(scribe.draft, job, scribe.now)) {
    return accepted(scribe, [waitingFor(scribe.draft, job, scribe.now)])
  }
  return refused(
    'not_holder',
    `job ${job.jobId} starts in another process, which asked for it before; ask again when it has ended`,
  )
}

/** The asker gave up: the job stays in line, for anybody. Does nothing if another process asks for it by now. */
export function unask(scribe: Scribe, { jobId }: Body<'unask'>): CommandResult {
  const job = jobOf(scribe.draft, jobId)
  if (job === undefined || job.active || job.asker !== scribe.command.workerId) return accepted(scribe)
  setAsker(scribe, jobId, null)
  dispatch(scribe)
  return accepted(scribe)
}

function setAsker(scribe: Scribe, jobId: string, asker: string | null): void {
  scribe.record({ type: 'asked', jobId, asker, workerId: scribe.command.workerId })
}

function askActive(scribe: Scribe, job: Job): CommandResult {
  if (job.workerId !== scribe.command.workerId) {
    return refused('not_holder', `job ${job.jobId} is active in another process; ask again when it has ended`)
  }
  return { ...accepted(scribe), started: [startedJob(job, scribe.draft.epoch)] }
}

/** For a caller that names the job with its spec: only that brings a job into line, and the event says so. */
export function queue(
  scribe: Scribe,
  spec: JobSpec,
  how: HowItCame & { readonly asked?: true; readonly retryOf?: number },
): void {
  const { workerId } = scribe.command
  const kept = spec.once === undefined ? {} : { body: bodyOf(spec) }
  const event = scribe.record({
    type: 'queued',
    jobId: spec.jobId,
    spec: withStart(scribe, spec),
    workerId,
    named: true,
    ...how,
    ...kept,
  })
  if (spec.once !== undefined) rememberOnce(scribe, event)
  scribe.taken.note(spec.jobId, how, 'queued')
}

/** A job that is new may need only what the policy declares, if it declares anything; a live one is left as it is. */
function refuseUndeclared({ policy }: Scribe['draft'], { jobId, models }: JobSpec): Refusal | undefined {
  const model = models.find((name) => !isDeclared(policy, name))
  if (model === undefined || policy.models === undefined) return undefined
  const near = nearestOf(model, Object.keys(policy.models))
  // No command to paste where the name is probably a slip: it would declare the slip.
  const remedy =
    near === null
      ? `correct the name, or declare it: \`npx interlock-queue policy set --models ${operand(model)}\``
      : `did you mean ${near}? Correct the name, or declare it in the policy`
  return refused(
    'unknown_model',
    `job ${jobId} needs the model ${model}, which the policy of the queue does not declare; ${remedy}`,
  )
}

/** Why a job cannot come into line, as far as it goes by itself; undefined: it can, or is live with the same spec. */
export function refuse(
  scribe: Scribe,
  spec: JobSpec,
  twin: JobSpec | undefined,
  again = false,
): Refusal | undefined {
  const { jobId, models } = spec
  if (models.length === 0 && scribe.draft.policy.emptySet === 'reject') {
    return refused(
      'models_required',
      `job ${jobId} names no model, and the policy of the queue rejects such jobs; name its models or set emptySet`,
    )
  }
  const known = twin ?? jobOf(scribe.draft, jobId)?.spec
  if (known === undefined) return again ? undefined : refuseUndeclared(scribe.draft, spec)
  if (isSameSpec(known, spec)) return undefined
  return refused(
    'job_exists',
    `job ${jobId} is live with another ${isSamePayload(known, spec) ? 'spec' : 'payload'}; wait until it has ended, cancel it, or use another id`,
  )
}

/**
 * What fits no place even when all are empty, or uses more than a window ever has, would wait for ever. What was committed elsewhere waits
 * until the policy changes.
 */
export function refuseUnfit({ draft: { policy } }: Scribe, fresh: readonly JobSpec[]): Refusal | undefined {
  for (const spec of fresh) {
    const refusal = refuseOverLimit(policy, spec) ?? refuseNoPlace(policy, spec)
    if (refusal !== undefined) return refusal
  }
  return undefined
}

function refuseOverLimit(policy: Policy, { jobId, uses }: JobSpec): Refusal | undefined {
  const over = overLimit(policy, uses)
  return (
    over &&
    refused(
      'use_over_limit',
      `job ${jobId}: ${overLimitText(over)}; ask for less, or raise the limit: \`npx interlock-queue policy set --uses ${operand(over.resource)}=<limit>/<seconds>\``,
    )
  )
}

function refuseNoPlace(policy: Policy, spec: JobSpec): Refusal | undefined {
  if (!fitsNowhere(policy, spec)) return undefined
  const { jobId, asks = {} } = spec
  const path = `asks.${Object.keys(asks)[0] ?? ''}`
  return refused(
    'fits_no_place',
    `job ${jobId}: ${path}: it ${unfitText(policy, spec)}; ask for less, or say in the policy what the places have: \`npx interlock-queue policy set --units <place=name:n>\``,
  )
}

/** With a limit per fair key, nobody puts more jobs in line than that; see {@link FairShare}. */
export function refuseFullShare({ draft }: Scribe, fresh: readonly JobSpec[]): Refusal | undefined {
  const maxWaiting = draft.policy.fairShare?.maxWaiting ?? null
  if (maxWaiting === null) return undefined
  const coming = new Map<string, number>()
  for (const { fairKey } of fresh) {
    if (fairKey === null) continue
    const count = (coming.get(fairKey) ?? shareOf(draft, fairKey).waiting) + 1
    if (count > maxWaiting) return fullShare(fairKey, maxWaiting)
    coming.set(fairKey, count)
  }
  return undefined
}

function fullShare(fairKey: string, maxWaiting: number): Refusal {
  return refused(
    'fair_share_limit',
    `${maxWaiting} jobs of ${fairKey} are waiting, as many as its share allows; try again when some have started`,
  )
}

/** Records once why each new job has to wait: `conflict` if a model is held, `blocked` for every other reason. */
export function recordWaiting(scribe: Scribe, specs: readonly JobSpec[]): Waiting[] {
  return specs.flatMap((spec) => {
    const job = jobOf(scribe.draft, spec.jobId)
    if (job === undefined || job.active || job.offeredAt !== null) return []
    const waiting = waitingFor(scribe.draft, job, scribe.now)
    // Its `linked` events say so already.
    if (awaitsParents(job)) return [waiting]
    const { jobId, code: reason, blockedBy } = waiting
    const type = reason === 'model_in_use' ? 'conflict' : 'blocked'
    scribe.record({ type, jobId, reason, blockedBy, model: blockedBy === null ? null : job.blockedOn })
    return [waiting]
  })
}
