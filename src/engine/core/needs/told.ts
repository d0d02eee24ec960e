/** What is said of a waiting job: a code for programs, a sentence for people, and what its row says in between. */
import { firstParentOf, flowOf } from '../state/flow.ts'
import { dueTime, failedTimes, type Job } from '../state/job.ts'
import { jobOf, type LedgerView, modelOf, type Pause } from '../state/ledger.ts'
import { firstPause } from '../state/pause.ts'
import { roomBeside } from '../state/room.ts'
import { namesOf, placeFor, siteOf, unservedModel, usablePlaces } from '../state/site.ts'
import { askOf, mostText, placesFor, roomiest, unfitText, unitsOf, unitsText } from '../state/units.ts'
import type { Waiting } from '../values/command.ts'
import type { ReasonCode } from '../values/event.ts'
import { type JobSpec, type Micros, takesAllOf } from '../values/job.ts'
import { numberText } from '../values/number-text.ts'
import { activeLimits, type Policy, placesOf, rateOf, windowsOf } from '../values/policy.ts'
import { timeText } from '../values/time-text.ts'
import { type Blocker, blockerOf, firstUnavailable, keeperOf, slotBlockerOf } from './blocking.ts'
import { use } from './limits/index.ts'
import { rateOpensAt } from './limits/rate.ts'
import { slot } from './limits/slot.ts'
import { overLimit } from './meter.ts'
import { type AsOf, lacking } from './need.ts'
import { placeToTake } from './places.ts'
import { reasonTexts } from './reasons.ts'
import { type HasWorker, isInUse, type Wait, waitsFor } from './waits.ts'

/** A waiting job for the caller: a code for programs, a sentence for people. */
export function waitingFor(ledger: LedgerView, job: Job, now: Micros, hasWorker?: HasWorker): Waiting {
  const { jobId } = job
  const asOf = { ledger, now }
  const wait = waitsFor(asOf, job) ?? startable(job, hasWorker)
  const { code, lacks } = wait
  const pause = code === 'model_paused' ? firstPause(ledger, job.spec) : undefined
  if (pause !== undefined)
    return { jobId, code, reason: pauseSentence(pause, job), blockedBy: null, until: pause.until }
  if (code === 'waits_for_parents') return waitingForParents(ledger, job)
  if (code === 'fits_no_place')
    return { jobId, code, reason: `it ${unfitText(ledger.policy, job.spec)}`, blockedBy: null, until: null }
  if (code === 'no_worker' && job.held !== null)
    return { jobId, code, reason: unservedSentence(ledger, job), blockedBy: null, until: null }
  const blocker = blockerNow(asOf, job, wait)
  const blockedBy = blocker?.jobId ?? null
  if (code === 'use_over_limit')
    return {
      jobId,
      code,
      reason: overLimitText(overLimit(ledger.policy, job.spec.uses)),
      blockedBy,
      until: null,
    }
  const said = lacks?.limit.says?.(asOf, lacks, job)
  if (said !== undefined)
    return {
      jobId,
      code,
      reason: said,
      blockedBy,
      until: code === 'rate_limited' ? limitOpensAt(ledger, job, now) : null,
    }
  const until = code === 'not_due' ? dueTime(job) : null
  const room = code === 'model_in_use' ? roomSentence(asOf, job) : undefined
  const reason =
    room ?? (isSlotKept(ledger, job, code) ? keptSentence(ledger, code, blocker) : sentence(code, blocker))
  return { jobId, code, reason: `${reason}${wholeText(job, code, blocker)}`, blockedBy, until }
}

function startable(job: Job, hasWorker: HasWorker = () => true): Wait {
  return { code: hasWorker(job) ? 'offered' : 'no_worker' }
}

/** Why it waits although the model has room for others. */
function wholeText({ spec }: Job, code: ReasonCode, blocker: Blocker | undefined): string {
  const model = blocker?.model ?? null
  const isOfModel = code === 'model_in_use' || code === 'behind_in_line'
  return isOfModel && model !== null && takesAllOf(spec, model)
    ? '; this job needs all places of the model'
    : ''
}

/** What it asks fits at no place of its model now; undefined: it asks nothing, or something else is in use. */
function roomSentence(asOf: AsOf, job: Job): string | undefined {
  const { ledger } = asOf
  const { spec } = job
  const ask = askOf(spec)
  if (ask === undefined || !isInUse(asOf, ask.model, job)) return undefined
  const rooms = usablePlaces(ledger, placesFor(ledger.policy, spec, ask.model) ?? []).map((name) => ({
    name,
    room: roomBeside(ledger, modelOf(ledger, siteOf(name)), unitsOf(ledger.policy, name) ?? {}),
  }))
  const most = roomiest(rooms, ask.units)
  if (most === undefined) return undefined
  const needs = `needs ${unitsText(ask.units)} of one place; the most that is free is ${mostText(most, ask.units)}`
  // Else who took the model before it had places is in one of them, nobody knows in which.
  return most.room.take(ask.units).holds ? undefined : needs
}

/** `it comes after job a (failed twice, next try 2026-11-24T12:03:00.000Z) and 3 more`. */
function waitingForParents(ledger: LedgerView, job: Job): Waiting {
  const blockedBy = firstParentOf(ledger, job)
  const parent = blockedBy === null ? undefined : jobOf(ledger, blockedBy)
  const others = (flowOf(ledger, job)?.open.size ?? 0) - 1
  const what = parent === undefined ? '' : triedText(parent)
  const more = others > 0 ? ` and ${others} more` : ''
  const reason =
    blockedBy === null
      ? 'the jobs that it comes after have ended'
      : `it comes after job ${blockedBy}${what}${more}`
  return { jobId: job.jobId, code: 'waits_for_parents', reason, blockedBy, until: null }
}

function triedText(parent: Job): string {
  const failed = failedTimes(parent)
  const next = dueTime(parent)
  const times = ['', 'failed once', 'failed twice'][failed] ?? `failed ${failed} times`
  const then = parent.active
    ? 'runs'
    : next === null
      ? ''
      : `${failed > 0 ? 'next try' : 'due at'} ${timeText(next)}`
  const what = [times, then].filter((part) => part !== '').join(', ')
  return what === '' ? '' : ` (${what})`
}

/** No running job takes the slot that it waits for: one ahead of it that nobody has started yet keeps it. */
export const isSlotKept = (ledger: LedgerView, job: Job, code: ReasonCode): boolean =>
  (code === 'serialized' || code === 'at_capacity') &&
  lacking({ ledger, now: ledger.lastAt }, job, slot, 'held') === undefined

function keptSentence(ledger: LedgerView, code: ReasonCode, blocker: Blocker | undefined): string {
  const first = blocker === undefined ? 'another job' : `job ${blocker.jobId}`
  const job = blocker && jobOf(ledger, blocker.jobId)
  if (job?.exclusive === true && job.offeredAt === null)
    return `${first} goes first, and runs alone as soon as the jobs that run have ended`
  const limit = code === 'serialized' ? 'one job at a time' : 'the policy limits how many run at once'
  return `${first} goes first, and no worker has taken it yet (${limit})`
}

/** The job it waits for now; undefined: none. A job that a rate, a use or a share holds back waits for one only if its models are full as well. */
function blockerNow(asOf: AsOf, job: Job, { code, lacks }: Wait): Blocker | undefined {
  switch (code) {
    case 'model_in_use':
    case 'behind_in_line':
      return blockerOf(asOf.ledger, job) ?? passedBy(asOf, job)
    case 'serialized':
    case 'at_capacity':
      return blockerOf(asOf.ledger, job) ?? slotBlockerOf(asOf.ledger, job)
    default: {
      const isBehind = lacks !== undefined && firstUnavailable(asOf, job) !== undefined
      return isBehind ? blockerOf(asOf.ledger, job) : undefined
    }
  }
}

/** The job that came ahead of an offered one, where jobs may overtake. */
function passedBy(asOf: AsOf, job: Job): Blocker | undefined {
  const { ledger } = asOf
  const name = job.spec.models.find((model) => placeToTake(asOf, job, model, 'kept') === undefined)
  if (name === undefined) return undefined
  if (takesAllOf(job.spec, name)) return keeperOf(ledger, job, name, namesOf(job, name))
  const place = placeFor(job.places, name)
  if (place === undefined) return keeperOf(ledger, job, name)
  // Who took the model before it had places is in one of them, nobody knows in which.
  const unknown = modelOf(ledger, name).holders.min()
  return keeperOf(ledger, job, siteOf(place)) ?? (unknown && { jobId: unknown.jobId, model: name })
}

const NAMED_PLACES = 5

/** Which places no live process serves, or that none serves a place of each of its models. */
function unservedSentence(ledger: LedgerView, { spec }: Job): string {
  const model = unservedModel(ledger, spec)
  const listed = model === undefined ? undefined : placesOf(ledger.policy, model)
  if (listed === undefined) return 'no live process serves a place of each of its models'
  const more = listed.length > NAMED_PLACES ? ` and ${listed.length - NAMED_PLACES} more` : ''
  return `no live process serves ${listed.slice(0, NAMED_PLACES).join(', ')}${more}, where model ${model} could be`
}

/** Which model, who paused it, why, and until when. */
function pauseSentence({ model, by, reason, until }: Pause, { spec }: Job): string {
  const name = by === null ? null : nameIn(by)
  const who = name === null ? '' : ` by ${name}`
  // A model whose places are all paused waits for the first of them.
  const what = spec.models.includes(model) ? 'model' : 'place'
  return `${what} ${model} is paused${who} (${reason})${until === null ? ' until it is resumed' : ` until ${timeText(until)}`}`
}

/** The name that a worker id begins with, if there is one: the rest tells nobody anything (`newWorkerId`). */
function nameIn(workerId: string): string | null {
  const own = /^(?:(?<name>.+):)?w[\dA-Za-z]{8}$/.exec(workerId)
  return own === null ? workerId : (own.groups?.['name'] ?? null)
}

/** When neither a rate nor the limit of a resource holds the job back, if nothing else happens; null: something has to end first. */
export function limitOpensAt(ledger: LedgerView, job: Job, now: Micros): Micros | null {
  const shortage = use.shortageIn({ ledger, now }, job)
  const rate = rateOpensAt(ledger, job, now)
  if (shortage === undefined) return rate
  return shortage.opensAt === null ? null : Math.max(rate, shortage.opensAt)
}

/** `it asks for 95,000 of openai-tpm, and the policy never allows more than 90,000`. */
export const overLimitText = (over: ReturnType<typeof overLimit>): string =>
  over === undefined
    ? reasonTexts.use_over_limit.sentence
    : `it asks for ${numberText(over.ask)} of ${over.resource}, and the policy never allows more than ${numberText(over.limit)}`

/** One sentence without a position. It names the model and the job in the way, if there is one. */
function sentence(code: ReasonCode, blocker: Blocker | undefined): string {
  const who = blocker === undefined ? '' : ` by job ${blocker.jobId}`
  const model = blocker?.model ?? null
  const { sentence: text } = reasonTexts[code]
  switch (code) {
    case 'model_in_use':
      return model === null ? text : `model ${model} is in use or reserved${who}`
    case 'behind_in_line':
      return `${text}${model === null ? '' : ` for model ${model}`}${behind(blocker)}`
    case 'serialized':
    case 'at_capacity':
      return `${text}${behind(blocker)}`
    default:
      return text
  }
}

function behind(blocker: Blocker | undefined): string {
  return blocker === undefined ? '' : `, behind job ${blocker.jobId}`
}

/**
 * What `conflict_reason` says while the job waits behind this blocker. It stays true until the blocker has ended, so the row need
 * not be written again in between.
 */
export function conflictReason(blocker: Blocker): string {
  return blocker.model === null
    ? `waits for a slot, behind job ${blocker.jobId}`
    : `conflict on model ${blocker.model}: waits for job ${blocker.jobId}, which is ahead of it`
}

/** What `conflict_reason` says while nobody serves places for the job: the first of them. */
export const unservedReason = (place: string): string => `no live process serves place ${place}`

/** What `conflict_reason` says while no job blocks it but a limit may: true whether or not it does right now; null: there is no limit. */
export function limitReason({ models, fairKey, uses }: JobSpec, policy: Policy): string | null {
  const model = models.find((name) => rateOf(policy, name) !== undefined)
  if (model !== undefined) return `model ${model} has a rate, and the job starts when that allows it`
  const resource = Object.keys(uses ?? {}).find((name) => windowsOf(policy, name) !== undefined)
  if (resource !== undefined) return `${resource} has a limit, and the job starts when that allows it`
  if (fairKey === null) return null
  const { own, together } = activeLimits(policy, fairKey)
  if (together !== null) return `its tier has a share of ${together} active jobs`
  return own === null ? null : `its fair key has a share of ${own} active jobs`
}
