import { hash } from '../values/hash.ts'
import type { JobSpec, Micros } from '../values/job.ts'
import { capacityOf, isMeter } from '../values/policy.ts'
import type { LinePosition } from '../values/position.ts'
import type { Tree } from '../values/tree.ts'
import type { Owner } from '../values/tree-node.ts'
import type { Job } from './job.ts'
import { kindToEdit, type OwnKind } from './kinds.ts'
import { copyParts, idleModel, type Ledger, LedgerParts, type LedgerView } from './ledger.ts'
import type { Model } from './model.ts'
import { freshJob, isOwn, type OwnJob, type OwnModel, ownJob, ownModel } from './own-job.ts'
import { lastFitting, unitsAt } from './room.ts'

/**
 * A ledger in the making. It starts from a ledger, which never changes: it changes what it made itself and copies the rest, then
 * is sealed into a new ledger. It notes what was touched (rows to write), what has to be settled (blockers may have changed) and
 * what was freed (something may start).
 */
export class Draft extends LedgerParts implements LedgerView {
  /** Jobs whose rows differ from those of the ledger this draft started from. */
  readonly touched = new Set<string>()
  /** Positions of jobs whose availability or blocker may have changed. */
  readonly unsettled = new Set<LinePosition>()
  /** Models that lost a holder, a reservation or an offer since the last dispatch. */
  readonly freed = new Set<string>()
  /** Jobs that came into line since the last dispatch. */
  readonly arrived: LinePosition[] = []
  /** A slot came free that other jobs may have waited for, or the rules changed: look at all lines. */
  wide = false
  /** How many offers ended without a start: what they kept is free, also for jobs that were already looked at. */
  offersEnded = 0
  /** How often a job that starts has passed a job that came before it. */
  overtakes = 0
  /** How many links between jobs it has followed: a decision follows a bounded number. */
  followed = 0
  /** Fair keys that have left the line with this event. */
  readonly left = new Set<string>()
  /** Jobs that commands want to link others to, and of which neither the ledger nor the surroundings say anything. */
  readonly missing = new Set<string>()

  /** Places with units that were written to since the last `settle`: the last one in line that fitted there before; null: none did. */
  readonly edges = new Map<string, LinePosition | null>()

  /** Jobs that this draft may write to. */
  readonly #ownJobs: OwnJob[] = []
  /** Models that this draft may write to, by name: events name the same ones again and again. */
  readonly #ownModels = new Map<string, OwnModel>()
  /** Kinds that this draft may write to, by name. */
  readonly #ownKinds = new Map<string, OwnKind>()

  /** The holder of this draft's trees; see {@link Owner}. */
  readonly owner: Owner = {}

  /**
   * Whether it notes what was touched and freed. A replay needs neither decisions nor rows: it settles everything at the end,
   * which saves a quarter of the time, and a fresh draft every few thousand events, since notes hold memory.
   */
  readonly #accounts: boolean

  constructor(from: Ledger, { accounts = true }: { readonly accounts?: boolean } = {}) {
    super()
    this.#accounts = accounts
    copyParts(this, from)
  }

  /** The ledger that this draft has become. The draft is used up: its trees may be shared from now on. */
  seal(): Ledger {
    this.jobs = this.jobs.rest(this.#accounts ? this.#ownJobs : [...this.jobs], this.owner)
    const ledger = new LedgerParts()
    copyParts(ledger, this)
    return ledger
  }

  addJob(spec: JobSpec, position: LinePosition, queuedAt: Micros, fairRank: number): OwnJob {
    const job = this.#written(freshJob(spec, position, queuedAt, fairRank))
    this.jobs = this.jobs.insert(job, this.owner)
    this.#kind(job).jobs++
    this.touch(job)
    if (spec.schedule !== undefined)
      this.fired = this.fired.insert({ schedule: spec.schedule, jobId: spec.jobId }, this.owner)
    return job
  }

  #written(from: Job): OwnJob {
    const job = ownJob(this.owner, from)
    if (this.#accounts) this.#ownJobs.push(job)
    return job
  }

  /** The job to write to. Its row counts as touched unless `quiet`: for changes that no row shows. */
  edit(job: Job, quiet = false): OwnJob {
    if (!quiet) this.touch(job)
    if (isOwn(job, this.owner)) return job
    const known = this.jobs.get(job)
    if (known !== undefined && isOwn(known, this.owner)) return known
    const copy = this.#written(known ?? job)
    this.jobs = this.jobs.insert(copy, this.owner)
    return copy
  }

  dropJob(job: Job): void {
    this.touch(job)
    this.jobs = this.jobs.remove(job, this.owner)
    const kind = this.#kind(job)
    if (--kind.jobs === 0) this.#forgetKind(kind)
    const { schedule } = job.spec
    if (schedule !== undefined) this.fired = this.fired.remove({ schedule, jobId: job.jobId }, this.owner)
  }

  /** The model to write to. */
  model(name: string): OwnModel {
    const known = this.#ownModels.get(name)
    if (known !== undefined) return this.policy.units === undefined ? known : this.#noted(known)
    const own = ownModel(this.owner, this.models.get({ hash: hash(name), model: name }) ?? idleModel(name))
    this.models = this.models.insert(own, this.owner)
    this.#ownModels.set(name, own)
    return this.policy.units === undefined ? own : this.#noted(own)
  }

  /** Notes of a place with units how many of its line fit there, before that changes. */
  #noted(own: OwnModel): OwnModel {
    const units = this.#accounts ? unitsAt(this.policy, own.model) : undefined
    if (units !== undefined && !this.edges.has(own.model))
      this.edges.set(own.model, lastFitting(this, own, units) ?? null)
    return own
  }

  #kind({ spec: { kind } }: Job): OwnKind {
    const known = this.#ownKinds.get(kind)
    if (known !== undefined) return known
    const own = kindToEdit(this, kind, this.owner)
    this.#ownKinds.set(kind, own)
    return own
  }

  #forgetKind(kind: OwnKind): void {
    this.kinds = this.kinds.remove(kind, this.owner)
    this.#ownKinds.delete(kind.kind)
  }

  /** Drops a model that no job needs. One with a rate is kept for its last starts, a resource for what was used. */
  forget(model: Model): void {
    const isKnown = model.starts !== null || model.meter !== null
    if (model.holders.size + model.line.size + model.whole.size > 0 || isKnown) return
    this.models = this.models.remove(model, this.owner)
    this.#ownModels.delete(model.model)
  }

  /** The row of the job has changed. */
  touch({ jobId }: Job): void {
    if (this.#accounts) this.touched.add(jobId)
  }

  /** The model lost a holder, a reservation or an offer. Who waits for a resource may stand in any line. */
  free(model: string): void {
    if (isMeter(model)) this.wide = true
    else if (this.#accounts) this.freed.add(model)
  }

  /** A job came into line. */
  arrive(position: LinePosition): void {
    if (this.#accounts) this.arrived.push(position)
  }

  /** The positions that `settle` looks at. */
  get open(): Iterable<LinePosition> {
    return this.#accounts ? this.unsettled : this.line
  }

  unsettle(position: LinePosition): void {
    if (this.#accounts) this.unsettled.add(position)
  }

  /** The job that stands at this rank of a line. */
  unsettleAt(line: Tree<LinePosition>, rank: number): void {
    if (!this.#accounts) return
    const position = line.at(rank)
    if (position !== undefined) this.unsettled.add(position)
  }

  /** The next one in a line. */
  unsettleAfter(line: Tree<LinePosition>, position: LinePosition): void {
    if (!this.#accounts) return
    const next = line.after(position)
    if (next !== undefined) this.unsettled.add(next)
  }

  /** A job at `position` came to or left a model: looks at its neighbour behind, and at the two at the edge of what is free. */
  unsettleBehind(model: Model, position: LinePosition): void {
    if (!this.#accounts) return
    const free = capacityOf(this.policy, model.model) - model.holders.size
    this.unsettleAfter(model.line, position)
    this.unsettleAt(model.line, free - 1)
    this.unsettleAt(model.line, free)
    if (model.whole.size > 0) this.unsettleAll(model)
  }

  /** Where a job has or wants all of a model, each that comes, starts or goes may matter to all that could have it. */
  unsettleAll(model: Model): void {
    if (!this.#accounts) return
    const last = Math.min(capacityOf(this.policy, model.model), model.line.size - 1)
    for (let rank = 0; rank <= last; rank++) this.unsettleAt(model.line, rank)
  }

  /** The job neither has nor wants all of the model any more. */
  leaveWhole(model: OwnModel, position: LinePosition): void {
    this.unsettleAll(model)
    model.whole = model.whole.remove(position, this.owner)
  }
}
