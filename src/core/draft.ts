import { hash } from './hash.ts'
import type { JobSpec, Micros } from './job.ts'
import { MICROS_PER_MS } from './job.ts'
import {
  idleModel,
  type Job,
  type Ledger,
  type LedgerView,
  type Model,
  type ModelKey,
  usesSlot,
} from './ledger.ts'
import type { JobKey, Place, Timer } from './place.ts'
import { capacityOf, type Policy } from './policy.ts'
import type { Table } from './table.ts'
import type { Owner, Tree } from './tree.ts'

/** A job that a draft may write to. One class, so that all jobs have one shape. */
class OwnJob implements Job {
  readonly hash: number
  readonly jobId: string
  readonly spec: JobSpec
  priority: number
  readonly queuedAt: Micros
  place: Place
  active: boolean
  dueAt: Micros | null
  waitingSince: Micros
  attempt: number
  free: number
  token: number
  workerId: string | null
  startedAt: Micros
  cancelRequested: boolean
  asker: string | null
  offeredAt: Micros | null
  overtaken: number
  exclusive: boolean
  ready: boolean
  blockedBy: string | null
  blockedOn: string | null
  readonly owner: Owner

  /** Field by field: `Object.assign` took three times as long, and every event copies a job or two. */
  constructor(owner: Owner, from: Job) {
    this.hash = from.hash
    this.jobId = from.jobId
    this.spec = from.spec
    this.priority = from.priority
    this.queuedAt = from.queuedAt
    this.place = from.place
    this.active = from.active
    this.dueAt = from.dueAt
    this.waitingSince = from.waitingSince
    this.attempt = from.attempt
    this.free = from.free
    this.token = from.token
    this.workerId = from.workerId
    this.startedAt = from.startedAt
    this.cancelRequested = from.cancelRequested
    this.asker = from.asker
    this.offeredAt = from.offeredAt
    this.overtaken = from.overtaken
    this.exclusive = from.exclusive
    this.ready = from.ready
    this.blockedBy = from.blockedBy
    this.blockedOn = from.blockedOn
    this.owner = owner
  }
}

/** A job that has just come: waiting, due, in no line yet. */
function freshJob(spec: JobSpec, place: Place, queuedAt: Micros): Job {
  return {
    hash: place.hash,
    jobId: spec.jobId,
    spec,
    priority: spec.priority,
    queuedAt,
    place,
    active: false,
    dueAt: null,
    waitingSince: queuedAt,
    attempt: 0,
    free: 0,
    token: 0,
    workerId: null,
    startedAt: 0,
    cancelRequested: false,
    asker: null,
    offeredAt: null,
    overtaken: 0,
    exclusive: false,
    ready: false,
    blockedBy: null,
    blockedOn: null,
  }
}

class OwnModel implements Model {
  readonly hash: number
  readonly model: string
  holders: Tree<Place>
  line: Tree<Place>
  reserved: Tree<Place>
  offers: Tree<Place>
  owner: Owner

  constructor(owner: Owner, from: Model) {
    this.hash = from.hash
    this.model = from.model
    this.holders = from.holders
    this.line = from.line
    this.reserved = from.reserved
    this.offers = from.offers
    this.owner = owner
  }
}

/**
 * A ledger in the making. It starts as a ledger, changes in place what it made itself and copies the rest, and is
 * sealed into a new ledger; the one it started from never changes. Keeps account of what was touched (rows to write),
 * what has to be settled (whose blocker may have changed) and what was freed (where something may start).
 */
export class Draft implements LedgerView {
  version: number
  epoch: number
  lastAt: Micros
  draining: boolean
  drainedAt: Micros | null
  policy: Policy
  jobs: Table<Job, JobKey>
  models: Table<Model, ModelKey>
  active: Tree<Place>
  slots: Tree<Place>
  slotsUsed: number
  alone: number
  line: Tree<Place>
  ready: Tree<Place>
  offered: Tree<Place>
  unbound: Tree<Place>
  exclusives: Tree<Place>
  undue: Tree<Timer>
  expiring: Tree<Timer>

  /** Jobs whose rows differ from those of the ledger this draft started from. */
  readonly touched = new Set<string>()
  /** Places whose availability or blocker has to be looked at again. */
  readonly unsettled = new Set<Place>()
  /** Models that lost a holder, a reservation or an offer since the last grant. */
  readonly freed = new Set<string>()
  /** Jobs that came into line since the last grant. */
  readonly arrived: Place[] = []
  /** A slot came free that others may have been waiting for, or the rules changed: look everywhere. */
  wide = false
  policyChanged = false

  readonly #owner: Owner = {}

  constructor(from: Ledger) {
    this.version = from.version
    this.epoch = from.epoch
    this.lastAt = from.lastAt
    this.draining = from.draining
    this.drainedAt = from.drainedAt
    this.policy = from.policy
    this.jobs = from.jobs
    this.models = from.models
    this.active = from.active
    this.slots = from.slots
    this.slotsUsed = from.slotsUsed
    this.alone = from.alone
    this.line = from.line
    this.ready = from.ready
    this.offered = from.offered
    this.unbound = from.unbound
    this.exclusives = from.exclusives
    this.undue = from.undue
    this.expiring = from.expiring
  }

  /** The ledger this draft has become. The draft is spent: its trees may be shared from now on. */
  seal(): Ledger {
    return {
      version: this.version,
      epoch: this.epoch,
      lastAt: this.lastAt,
      draining: this.draining,
      drainedAt: this.drainedAt,
      policy: this.policy,
      jobs: this.jobs,
      models: this.models,
      active: this.active,
      slots: this.slots,
      slotsUsed: this.slotsUsed,
      alone: this.alone,
      line: this.line,
      ready: this.ready,
      offered: this.offered,
      unbound: this.unbound,
      exclusives: this.exclusives,
      undue: this.undue,
      expiring: this.expiring,
    }
  }

  addJob(spec: JobSpec, place: Place, queuedAt: Micros): OwnJob {
    const job = new OwnJob(this.#owner, freshJob(spec, place, queuedAt))
    this.jobs = this.jobs.insert(job, this.#owner)
    this.touched.add(job.jobId)
    return job
  }

  /** The job to write to. Its row counts as touched unless `quiet`: for what no row shows. */
  edit(job: Job, quiet = false): OwnJob {
    if (!quiet) this.touched.add(job.jobId)
    if (job instanceof OwnJob && job.owner === this.#owner) return job
    const known = this.jobs.get(job)
    if (known instanceof OwnJob && known.owner === this.#owner) return known
    const copy = new OwnJob(this.#owner, known ?? job)
    this.jobs = this.jobs.insert(copy, this.#owner)
    return copy
  }

  dropJob(job: Job): void {
    this.touched.add(job.jobId)
    this.jobs = this.jobs.remove(job, this.#owner)
  }

  /** A waiting job that is due joins the lines it belongs to. */
  enterLine(job: OwnJob): void {
    const { place, spec } = job
    this.arrived.push(place)
    if (!usesSlot(job)) {
      this.unbound = this.unbound.insert(place, this.#owner)
      return
    }
    this.line = this.line.insert(place, this.#owner)
    if (job.exclusive) this.exclusives = this.exclusives.insert(place, this.#owner)
    for (const name of spec.models) {
      const model = this.#model(name)
      model.line = model.line.insert(place, this.#owner)
      if (this.reserves(job)) model.reserved = model.reserved.insert(place, this.#owner)
      this.#unsettleBehind(model, place)
    }
    this.unsettled.add(place)
    this.#unsettle(this.line.after(place))
  }

  /** The opposite: it starts, ends, moves or is put off. One that starts stays ahead of all behind it. */
  leaveLine(job: OwnJob, starts: boolean): void {
    const { place, spec } = job
    this.withdrawOffer(job, starts)
    if (job.ready) this.ready = this.ready.remove(place, this.#owner)
    job.ready = false
    job.blockedBy = null
    job.blockedOn = null
    if (!usesSlot(job)) {
      this.unbound = this.unbound.remove(place, this.#owner)
      return
    }
    this.line = this.line.remove(place, this.#owner)
    if (job.exclusive) this.exclusives = this.exclusives.remove(place, this.#owner)
    for (const name of spec.models) {
      const model = this.#model(name)
      model.line = model.line.remove(place, this.#owner)
      if (this.reserves(job)) model.reserved = model.reserved.remove(place, this.#owner)
      if (starts) continue
      this.freed.add(name)
      this.#unsettleBehind(model, place)
      this.#forget(model)
    }
    this.unsettled.delete(place)
    if (starts) return
    if (job.exclusive) this.wide = true
    this.#unsettle(this.line.after(place))
  }

  /** A job in line takes its models: it is ahead of the same jobs as before, only no longer waiting. */
  takeModels(job: Job): void {
    this.active = this.active.insert(job.place, this.#owner)
    if (usesSlot(job)) {
      this.slotsUsed++
      this.slots = this.slots.insert(job.place, this.#owner)
      // Whoever stands first in line has nobody ahead but may wait for this one, which passed it.
      this.#unsettle(this.line.min())
    }
    if (job.exclusive) this.alone++
    for (const name of job.spec.models) {
      const model = this.#model(name)
      model.holders = model.holders.insert(job.place, this.#owner)
      const free = capacityOf(this.policy, name) - model.holders.size
      this.#unsettle(model.line.at(free))
      if (free <= 0) this.#withdrawOffers(model)
    }
  }

  giveBackModels(job: Job): void {
    this.#freeSlot()
    this.active = this.active.remove(job.place, this.#owner)
    if (usesSlot(job)) {
      this.slotsUsed--
      this.slots = this.slots.remove(job.place, this.#owner)
    }
    if (job.exclusive) {
      this.alone--
      this.wide = true
    }
    for (const name of job.spec.models) {
      const model = this.#model(name)
      model.holders = model.holders.remove(job.place, this.#owner)
      this.freed.add(name)
      this.#unsettleBehind(model, job.place)
      this.#unsettle(model.line.min())
      this.#forget(model)
    }
    this.#unsettle(this.line.after(job.place))
    this.#unsettle(this.line.min())
  }

  offer(job: OwnJob, at: Micros): void {
    job.offeredAt = at
    job.blockedBy = null
    job.blockedOn = null
    if (job.ready) this.ready = this.ready.remove(job.place, this.#owner)
    job.ready = false
    this.unbound = this.unbound.remove(job.place, this.#owner)
    this.offered = this.offered.insert(job.place, this.#owner)
    for (const name of job.spec.models) {
      const model = this.#model(name)
      model.offers = model.offers.insert(job.place, this.#owner)
    }
  }

  /** What the offer kept for the job is free for those behind it, unless the job itself takes it (it `starts`). */
  withdrawOffer(job: OwnJob, starts = false): void {
    if (job.offeredAt === null) return
    if (!starts) this.#freeSlot()
    job.offeredAt = null
    this.offered = this.offered.remove(job.place, this.#owner)
    for (const name of job.spec.models) {
      const model = this.#model(name)
      model.offers = model.offers.remove(job.place, this.#owner)
      if (!starts) this.freed.add(name)
    }
  }

  /** A model is full: what was offered on it is not startable any more. */
  #withdrawOffers(model: Model): void {
    for (const place of [...model.offers]) {
      const job = this.jobs.get(place)
      if (job !== undefined) this.withdrawOffer(this.edit(job))
      this.unsettled.add(place)
    }
  }

  /** Another job with a shared model was started before this one. */
  overtake(job: Job): void {
    const own = this.edit(job, true)
    own.overtaken++
    if (own.overtaken !== this.policy.maxOvertakes) return
    for (const name of own.spec.models) {
      const model = this.#model(name)
      model.reserved = model.reserved.insert(own.place, this.#owner)
    }
  }

  /** True if the job keeps its models free because it was overtaken often enough. 0 is handled by the line itself. */
  reserves(job: Job): boolean {
    const limit = this.policy.maxOvertakes
    return limit !== null && limit > 0 && job.overtaken >= limit
  }

  /** A job whose offer was withdrawn for another reason than a full model stands in line like one that just came. */
  reenter(job: Job): void {
    this.arrived.push(job.place)
    this.unsettled.add(job.place)
    if (!usesSlot(job)) this.unbound = this.unbound.insert(job.place, this.#owner)
  }

  setReady(job: OwnJob, ready: boolean): void {
    if (job.ready === ready) return
    job.ready = ready
    this.ready = ready ? this.ready.insert(job.place, this.#owner) : this.ready.remove(job.place, this.#owner)
  }

  putOff(job: OwnJob, dueAt: Micros): void {
    job.dueAt = dueAt
    this.undue = this.undue.insert({ at: dueAt, hash: job.hash, jobId: job.jobId }, this.#owner)
  }

  becomeDue(job: OwnJob): void {
    if (job.dueAt === null) return
    this.undue = this.undue.remove({ at: job.dueAt, hash: job.hash, jobId: job.jobId }, this.#owner)
    job.dueAt = null
  }

  startExpiry(job: Job): void {
    const timer = expiryOf(job)
    if (timer !== null) this.expiring = this.expiring.insert(timer, this.#owner)
  }

  stopExpiry(job: Job): void {
    const timer = expiryOf(job)
    if (timer !== null) this.expiring = this.expiring.remove(timer, this.#owner)
  }

  /** Builds the reservations of every model anew, after `maxOvertakes` changed. */
  reserveAnew(): void {
    for (const model of [...this.models]) {
      const own = this.#model(model.model)
      own.reserved = idleModel(model.model).reserved
      for (const place of own.line) {
        const job = this.jobs.get(place)
        if (job !== undefined && this.reserves(job)) own.reserved = own.reserved.insert(place, this.#owner)
      }
    }
  }

  #model(name: string): OwnModel {
    const key = { hash: hash(name), model: name }
    const known = this.models.get(key)
    if (known instanceof OwnModel && known.owner === this.#owner) return known
    const own = new OwnModel(this.#owner, known ?? idleModel(name))
    this.models = this.models.insert(own, this.#owner)
    return own
  }

  #forget(model: Model): void {
    if (model.holders.size === 0 && model.line.size === 0)
      this.models = this.models.remove(model, this.#owner)
  }

  /** Someone at `place` came to or left a model: its neighbour behind, and the two at the edge of what is free. */
  #unsettleBehind(model: Model, place: Place): void {
    const free = capacityOf(this.policy, model.model) - model.holders.size
    this.#unsettle(model.line.after(place))
    this.#unsettle(model.line.at(free - 1))
    this.#unsettle(model.line.at(free))
  }

  /** A slot that was taken or kept comes free: whoever waits for one, or for all of them, may stand in any line. */
  #freeSlot(): void {
    const { maxActive } = this.policy
    const full = maxActive !== null && this.slotsUsed + this.offered.size >= maxActive
    if (full || this.exclusives.size > 0) this.wide = true
  }

  #unsettle(place: Place | undefined): void {
    if (place !== undefined) this.unsettled.add(place)
  }
}

function expiryOf(job: Job): Timer | null {
  if (job.spec.expireMs === null) return null
  return { at: job.waitingSince + job.spec.expireMs * MICROS_PER_MS, hash: job.hash, jobId: job.jobId }
}
