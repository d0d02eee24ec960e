import { hash } from '../values/hash.ts'
import type { JobSpec, Micros, Places, Tries, Units, Wholes } from '../values/job.ts'
import { capacityOf, defaultPolicy, type Policy } from '../values/policy.ts'
import {
  type BatchMember,
  byBatch,
  byKey,
  byKeyEnd,
  byLife,
  byModelTime,
  byPosition,
  byTime,
  type ClassKey,
  type JobKey,
  type KeyHolder,
  type KindKey,
  type LifeKey,
  type LinePosition,
  type ModelKey,
  type ModelTimer,
  type ShareKey,
  type Timer,
} from '../values/position.ts'
import {
  byDueTime,
  bySchedule,
  type DueTime,
  type FiredJob,
  type Schedule,
  type ScheduleKey,
  type ScheduleOwner,
} from '../values/schedule.ts'
import { Table } from '../values/table.ts'
import { Tree } from '../values/tree.ts'
import type { FairQueue } from './fair-use.ts'
import type { Flow, PropagatingEnd } from './flow.ts'
import { LiveJobs } from './live-jobs.ts'
import type { Keepers } from './serving.ts'
import { noServers, type Servers } from './serving.ts'

/** A live job: waiting or active. One that ended is in the log only. */
export interface Job extends JobKey {
  readonly spec: JobSpec
  /** The priority it has now; `spec.priority` is the one it came with. */
  readonly priority: number
  readonly queuedAt: Micros
  readonly position: LinePosition
  /** Of its models that have places: while it is active where they are, while it is in line where it is pinned to; null: none has. */
  readonly places: Places | null
  /**
   * Of each model that it takes as a whole: the places that it has, or waits for in line; none where the model has a number of them. Null: it
   * takes none as a whole, or stands nowhere.
   */
  readonly wholes: Wholes | null
  /** Under which names it stands among the models: those of its spec, but for a model that has places that of one of them. */
  readonly needs: readonly string[]
  readonly active: boolean
  /**
   * It waits, and must not start before this time: it stands in no line and reserves nothing. {@link PARENTS_END}: not before the jobs
   * that it comes after have ended.
   */
  readonly dueAt: Micros | null
  /** Why it stands beside the line though it is due: there it keeps nothing. Null: it does not. */
  readonly held: HeldBack | null
  /** Since when it has been waiting without a break: queue expiry counts from here. */
  readonly waitingSince: Micros
  /** How many attempts were started, and how many of them cost nothing (given back). */
  readonly attempt: number
  readonly free: number
  /** The token of the running attempt. */
  readonly token: number
  /** The process that runs it; null while it waits, and once the attempt is detached. */
  readonly workerId: string | null
  readonly startedAt: Micros
  /** What its attempt is expected to use, if its queue counts that (fair-queue.ts). */
  readonly expects: Micros
  /** The batch in which it runs; null: in none. */
  readonly batch: number | null
  /** The models that its attempt has given back, in that order; null: none. It holds the others. */
  readonly gaveBack: readonly GivenBack[] | null
  /** The deadline of a detached attempt: it keeps its models until then, whatever happens to the process that started it. */
  readonly detachedUntil: Micros | null
  readonly cancelRequested: boolean
  /** The process that waits for it at the gate. */
  readonly asker: string | null
  /** When it was offered to all; null while it is not startable, or not waiting. */
  readonly offeredAt: Micros | null
  /** How many due jobs later in line, sharing a model, have started before it. */
  readonly overtaken: number
  /** While it waits in no class: the starts that passed it since their models were loaded, and perhaps others of before (classes.ts). Null: none. */
  readonly passes: readonly Pass[] | null
  /** How many jobs with its fair key were waiting when it came. */
  readonly fairRank: number
  /** With no models, under `emptySet: exclusive`: it runs alone. */
  readonly exclusive: boolean
  /** All its models are free for it as far as the line is concerned; only a slot may be lacking. */
  readonly ready: boolean
  /** The nearest live job ahead, and the model of that line (null: the line of the whole queue). */
  readonly blockedBy: string | null
  readonly blockedOn: string | null
}

/** What holds a job beside the line, and on what. */
export interface HeldBack {
  readonly as: 'fits_no_place' | 'model_paused' | 'use_over_limit' | 'no_worker'
  /** A model, a place that is paused or that nobody serves, or a resource. */
  readonly on: string
}

/** A model that an attempt gave back before its end, and when. */
export interface GivenBack {
  readonly model: string
  readonly at: Micros
}

/** A model that some live job needs, or a place that a live job has or is pinned to (site.ts). */
export interface Model extends ModelKey {
  /** Active jobs that have it; of a batch one. */
  readonly holders: Tree<LinePosition>
  /** Due jobs that wait for it, in line order. */
  readonly line: Tree<LinePosition>
  /** Jobs in line that reserve because they were overtaken often enough. Empty under `maxOvertakes` 0 and null. */
  readonly reserved: Tree<LinePosition>
  /** Those of them that are offered. */
  readonly offers: Tree<LinePosition>
  /** Jobs that have all of it, or wait in line for all of it. */
  readonly whole: Tree<LinePosition>
  /** The times of its last starts, as many as its rate allows; null: it has no rate, or nothing started under it. */
  readonly starts: Tree<Micros> | null
  /** Of a place with units: its line once more, by what the jobs ask of it; null: it has no units, or nobody waits for it. */
  readonly asks: readonly AskLine[] | null
  /** What is used of it, if it is a resource that has a limit (meter.ts); null: it is none, or nothing was used under that limit. */
  readonly meter: Meter | null
}

/** Those in the line of a place with units that ask the same of it. */
export interface AskLine {
  /** Null: all of it. */
  readonly ask: Units | null
  readonly line: Tree<LinePosition>
}

/** What is used of a resource. */
export interface Meter {
  /** What active jobs expect to use. */
  readonly reserved: number
  /** For each of its windows what jobs that ended have used, in order of time: that of the window, and one before. */
  readonly ended: readonly Tree<Settled>[]
}

export interface Settled {
  readonly at: Micros
  /** All that was used up to then. */
  readonly sum: number
}

/** A paused model, or a paused place. */
export interface Pause extends ModelKey {
  /** Why, as a code: `[a-z][a-z0-9_]*`, 50 characters at most. */
  readonly reason: string
  /** When it ends; null: only by hand. */
  readonly until: Micros | null
  readonly since: Micros
  /** The process that paused it; null: the log does not say. */
  readonly by: string | null
  /** Due jobs that are held because of it. */
  readonly jobs: Tree<LinePosition>
}

/** Jobs with one fair key. */
export interface Share extends ShareKey {
  readonly waiting: number
  readonly active: number
  /** Those of them that are ready and not offered. */
  readonly ready: Tree<LinePosition>
}

/** Waiting jobs that are alike (classes.ts). */
export interface JobClass extends ClassKey {
  readonly members: Tree<LinePosition>
  /** The starts that passed it since their models were loaded, in line order. */
  readonly passes: readonly Pass[]
}

/** The job that passed, and when. */
export interface Pass {
  readonly position: LinePosition
  readonly at: Micros
}

/** The first job of a class. */
interface ClassHead extends LinePosition {
  readonly of: ClassKey
  /** What all of the class need: a search reads it of each class, and would look for each first job. */
  readonly spec: JobSpec
}

export const noPositions = Tree.empty<LinePosition>(byPosition)
const noTimers = Tree.empty<Timer>(byTime)
const noKeys = Tree.empty<KeyHolder>(byKey)
const noKeyEnds = Tree.empty<KeyHolder>(byKeyEnd)
const noModelTimers = Tree.empty<ModelTimer>(byModelTime)
const noJobs = /* @__PURE__ */ LiveJobs.empty()
const noModels = Table.empty<Model, ModelKey>((a, b) => a.model === b.model)
const noPauses = Table.empty<Pause, ModelKey>((a, b) => a.model === b.model)
const noKinds = Table.empty<Kind, KindKey>((a, b) => a.kind === b.kind)
const noSchedules = Table.empty<Schedule, ScheduleKey>((a, b) => a.schedule === b.schedule)
const noOwners = Table.empty<ScheduleOwner>((a, b) => a.owner === b.owner)
const noDueTimes = Tree.empty<DueTime>(byDueTime)
const noneFired = Tree.empty<FiredJob>(bySchedule)
const noShares = Table.empty<Share, ShareKey>((a, b) => a.key === b.key)
const noFlows = Table.empty<Flow, JobKey>((a, b) => a.jobId === b.jobId)
const noBatches = Tree.empty<BatchMember>(byBatch)
export const noClasses = Table.empty<JobClass, ClassKey>((a, b) => a.classKey === b.classKey)
export const noHeads = Tree.empty<ClassHead, LinePosition>(byPosition)
const noEnds = Tree.empty<PropagatingEnd, LifeKey>(byLife)

/** A kind of live jobs. */
export interface Kind extends KindKey {
  /** How many there are. */
  readonly jobs: number
  /** Those of them that are offered. */
  readonly offers: Tree<LinePosition>
}

/** The parts of a ledger, with their values before the first event. A draft writes to them; a ledger consists of them. */
export class LedgerParts {
  version = 0
  epoch = 1
  lastAt: Micros = 0
  draining = false
  drainedAt: Micros | null = null
  /** The number of the last event that removed a schedule; undefined: none is known. */
  unscheduled: number | undefined = undefined
  policy: Policy = defaultPolicy
  /** Whether the policy names places. */
  placed = false
  jobs = noJobs
  models = noModels
  /** Active jobs. */
  active = noPositions
  /** Active jobs that use a slot (all but those without models, and of a batch one): the others block no job. */
  slots = noPositions
  /** Active jobs that run in batches. */
  batches = noBatches
  /** How many active jobs run alone: 0 or 1. */
  alone = 0
  /** Due jobs that wait for models or a slot, in line order. */
  line = noPositions
  /** Jobs of `line` that are ready and not offered; of each fair key only the first, if its share is not full. */
  ready = noPositions
  /** Waiting jobs that are offered. */
  offered = noPositions
  /** The kinds of all live jobs, each with its offers: a claim of some kinds need not pass the offers of all others. */
  kinds = noKinds
  /** Due jobs without models that were offered to nobody yet. */
  unbound = noPositions
  /** Those of `line` that run alone. */
  exclusives = noPositions
  /** Waiting jobs that are not due, by the time they will be. */
  undue = noTimers
  /** Waiting jobs that expire, by that time. */
  expiring = noTimers
  /** Active jobs, by the time at which their attempt times out. */
  deadlines = noTimers
  /** Offered jobs, by the time at which they were offered. */
  offerTimes = noTimers
  pauses = noPauses
  /** Which live processes serve which places. */
  servers: Servers = noServers
  /** Due jobs that stand in no line, and that no pause holds: no process serves places for them, or the policy has no room for them at all. */
  beside = noPositions
  /** Which live processes keep models loaded, and which. */
  keepers: Keepers = []
  /** Jobs in line that are alike, while decisions look at those (classes.ts). */
  classes = noClasses
  /** The first of each class. */
  heads = noHeads
  /** Pauses with an end, by that time. */
  lifts = noModelTimers
  /** Models that have used up their rate, by the time at which their window opens. */
  windows = noModelTimers
  shares = noShares
  /** Jobs that have a key, by it: those that come with the same one do not come into the queue. */
  keys = noKeys
  /** Those of them that have it until a time, by that. */
  keyEnds = noKeyEnds
  schedules = noSchedules
  /** The last revision of each owner of schedules that gives one. */
  owners = noOwners
  /** When schedules are due next, but for those that are paused. */
  dueTimes = noDueTimes
  /** Live jobs that schedules have fired, by their schedule. */
  fired = noneFired
  /** Jobs that come after others, or before others. */
  flows = noFlows
  /** Jobs that wait for parents and whose fate is known: since when. Their `released` or `parent_failed` is still to come. */
  settled = noTimers
  /** Ends of jobs that not all of their children have been told of. */
  propagating = noEnds
  /** What each fair key has used; null: the policy has no weights. */
  fair: FairQueue | null = null
}

/** The state of one queue at `version`, folded from the log. Immutable. */
export type Ledger = Readonly<LedgerParts>

/** A queue before its first event. */
export const emptyLedger: Ledger = new LedgerParts()

/** Part by part: a loop over their names, or `Object.assign`, took 1.5 µs more per decision. */
export function copyParts(to: LedgerParts, from: Ledger): void {
  to.version = from.version
  to.epoch = from.epoch
  to.lastAt = from.lastAt
  to.draining = from.draining
  to.drainedAt = from.drainedAt
  to.unscheduled = from.unscheduled
  to.policy = from.policy
  to.placed = from.placed
  to.jobs = from.jobs
  to.models = from.models
  to.active = from.active
  to.slots = from.slots
  to.batches = from.batches
  to.alone = from.alone
  to.line = from.line
  to.ready = from.ready
  to.offered = from.offered
  to.kinds = from.kinds
  to.unbound = from.unbound
  to.exclusives = from.exclusives
  to.undue = from.undue
  to.expiring = from.expiring
  to.deadlines = from.deadlines
  to.offerTimes = from.offerTimes
  to.pauses = from.pauses
  to.servers = from.servers
  to.beside = from.beside
  to.keepers = from.keepers
  to.classes = from.classes
  to.heads = from.heads
  to.lifts = from.lifts
  to.windows = from.windows
  to.shares = from.shares
  to.keys = from.keys
  to.keyEnds = from.keyEnds
  to.schedules = from.schedules
  to.owners = from.owners
  to.dueTimes = from.dueTimes
  to.fired = from.fired
  to.flows = from.flows
  to.settled = from.settled
  to.propagating = from.propagating
  to.fair = from.fair
}

/** A model that no job needs: the answer for a model that the ledger does not hold. */
export function idleModel(model: string): Model {
  return {
    hash: hash(model),
    model,
    holders: noPositions,
    line: noPositions,
    reserved: noPositions,
    offers: noPositions,
    whole: noPositions,
    starts: null,
    asks: null,
    meter: null,
  }
}

/** The parts of a ledger for queries; a draft has them too. */
export type LedgerView = Omit<Ledger, Tables> & {
  readonly [Name in Tables]: Pick<Ledger[Name], 'get' | 'size'>
}
type Tables = 'jobs' | 'models' | 'pauses' | 'shares' | 'kinds' | 'classes' | 'flows'

/** The live job with this id. */
export function jobOf(ledger: LedgerView, jobId: string): Job | undefined {
  return ledger.jobs.get(jobKeyOf(jobId))
}

export function jobKeyOf(jobId: string): JobKey {
  return { hash: hash(jobId), jobId }
}

/** The pause of a model or a place; undefined while it is open. */
export function pauseOf(ledger: Pick<LedgerView, 'pauses'>, model: string): Pause | undefined {
  return ledger.pauses.size === 0 ? undefined : ledger.pauses.get({ hash: hash(model), model })
}

export function modelOf(ledger: LedgerView, model: string): Model {
  return ledger.models.get({ hash: hash(model), model }) ?? idleModel(model)
}

/** One job has all of it. */
export function isHeldWhole({ whole, holders }: Model): boolean {
  const first = whole.size === 0 ? undefined : holders.min()
  return first !== undefined && whole.get(first) !== undefined
}

/** How many more jobs could have it, of so many in all. @param spare how many of those that have it count as gone */
export const placesBeside = (model: Model, total: number, spare = 0): number =>
  isHeldWhole(model) ? 0 : total - model.holders.size + spare

/** The same, of as many as the policy allows. */
export const placesLeft = (policy: Policy, model: Model): number =>
  placesBeside(model, capacityOf(policy, model.model))

/** How often it was tried, as everybody is told: `attempt` of the ledger and of `started` events also counts what was given back. */
export function triesOf({ spec, attempt, free }: Pick<Job, 'spec' | 'attempt' | 'free'>): Tries {
  return { attempt: attempt - free, attempts: spec.attempts, postponed: free }
}

/** How many of its attempts have failed or were lost. */
export function failedTimes(job: Job): number {
  const { attempt } = triesOf(job)
  return job.active ? attempt - 1 : attempt
}

/**
 * When it is due; null where no time says it: while it waits for parents, and between the end of an attempt and its `requeued`, where a
 * void `requeued` leaves it.
 */
export const dueTime = ({ dueAt }: Pick<Job, 'dueAt'>): Micros | null =>
  dueAt === Number.POSITIVE_INFINITY || dueAt === PARENTS_END ? null : dueAt

/** The time of which nobody knows when it will be: later than any that somebody can name. */
export const PARENTS_END = Number.MAX_VALUE

/** It waits until the jobs that it comes after have ended. */
export const awaitsParents = ({ dueAt }: Pick<Job, 'dueAt'>): boolean => dueAt === PARENTS_END

/** It waits, is due and not held: it may start as soon as there is room. */
export function isInLine(job: Job): boolean {
  return !job.active && job.dueAt === null && job.held === null
}

/** False for a job that bypasses: it has no models, takes no slot, and stands in no line. */
export function usesSlot(job: Pick<Job, 'spec' | 'exclusive'>): boolean {
  return job.spec.models.length > 0 || job.exclusive
}

/** The models that it waits for, or has: its own, but for those that its attempt has given back. */
export const heldModels = ({
  spec: { models },
  gaveBack,
}: Pick<Job, 'spec' | 'gaveBack'>): readonly string[] =>
  gaveBack === null ? models : models.filter((name) => gaveBack.every(({ model }) => model !== name))

/** How many live jobs wait, due or not. */
export function waitingCount(ledger: LedgerView): number {
  return ledger.jobs.size - ledger.active.size
}
