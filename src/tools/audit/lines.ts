import type { Policy } from '../../engine/core/index.ts'
import { Aside } from './aside.ts'
import { type AuditedJob, byPosition, takesSlot } from './job.ts'
import { type AuditedNeed, placesOf } from './limits.ts'
import { ModelLine } from './model-line.ts'
import { amountOf } from './needs.ts'
import { Offers } from './offers.ts'
import { Passes } from './passes.ts'
import { hasPlaces } from './places.ts'
import { Sorted } from './sorted.ts'
import { isCommon, Stock } from './stock.ts'
import { AuditedTurns } from './turns.ts'

/** The jobs of a batch, and what it has for them all. */
interface AuditedBatch {
  readonly jobs: Set<AuditedJob>
  readonly has: readonly AuditedNeed[]
}

/** Who has what, and who waits for it. Written for the audit from the rules in prose. */
export class AuditedLines {
  readonly stock: Stock
  readonly #batches = new Map<number, AuditedBatch>()
  readonly #models = new Map<string, ModelLine>()
  /** Jobs in line that are not known to lack a model: only these could have started. */
  readonly open = new Sorted<AuditedJob>(byPosition)
  readonly alone = new Sorted<AuditedJob>(byPosition)
  /** Those in line that use something. */
  readonly users = new Sorted<AuditedJob>(byPosition)
  readonly #waiting = new Map<string, number>()
  readonly offers = new Offers()
  readonly passes = new Passes()
  readonly aside = new Aside()
  readonly turns = new AuditedTurns()

  constructor(policy: Policy) {
    this.stock = new Stock(policy)
  }

  get policy(): Policy {
    return this.stock.policy
  }

  /** How many jobs and batches have a slot. */
  get slots(): number {
    return this.stock.of('slot', '').holders.size
  }

  /** One of the jobs that run in this batch. */
  inBatch(batch: number): AuditedJob | undefined {
    const [first] = this.#batches.get(batch)?.jobs ?? []
    return first
  }

  /** How many with its fair key wait, in line or not. */
  waiting({ fairKey }: AuditedJob['spec']): number {
    return fairKey === null ? 0 : (this.#waiting.get(fairKey) ?? 0)
  }

  /** One more or less of its fair key waits. */
  countWaiting(job: AuditedJob, more: 1 | -1): void {
    const { fairKey } = job.spec
    if (fairKey === null || !takesSlot(job)) return
    const waiting = this.waiting(job.spec) + more
    if (waiting === 0) this.#waiting.delete(fairKey)
    else this.#waiting.set(fairKey, waiting)
  }

  /** A due job comes into line, or waits aside: then nothing is kept for it. */
  enter(job: AuditedJob): void {
    if (!this.aside.takes(job, this.policy)) this.#join(job)
  }

  /** A process serves these places from now on; null: none. False if it had said nothing, and leaves. */
  serve(worker: string, places: readonly string[] | null): boolean {
    this.passes.begin()
    const { servers, jobs } = this.aside
    const had = places !== null || servers.leave(worker)
    if (places !== null) servers.say(worker, places)
    this.#enterAgain([...jobs, ...this.#inLine().filter((job) => !this.aside.isServed(job, this.policy))])
    return had
  }

  #inLine(): readonly AuditedJob[] {
    return [...new Set([...this.#models.values()].flatMap(({ line }) => [...line]))]
  }

  /** The jobs that need this model wait aside from now on, or those that could be in this place alone. */
  pause(name: string): void {
    this.passes.begin()
    this.aside.paused.add(name)
    for (const { name: model, line } of this.models())
      if (model === name || placesOf(this.policy, model)?.includes(name) === true) this.#enterAgain(line)
  }

  /** Who stays in line may be offered still: no event says whether it was to be in the place that is meant. Doubt counts for the queue. */
  #enterAgain(jobs: Iterable<AuditedJob>): void {
    for (const job of [...jobs].sort(byPosition)) {
      const { offered, offeredAt } = job
      this.leave(job)
      this.enter(job)
      if (offered && !job.held) this.offers.add(job, offeredAt)
    }
  }

  /** False if it was not paused. */
  resume(model: string): boolean {
    this.passes.begin()
    if (!this.aside.paused.delete(model)) return false
    for (const job of [...this.aside.release(model, this.policy)].sort(byPosition)) this.enter(job)
    return true
  }

  #join(job: AuditedJob): void {
    if (!takesSlot(job)) return
    this.offers.noteEntry(job)
    this.open.add(job)
    this.turns.enter(job)
    if (job.spec.uses !== undefined) this.users.add(job)
    if (job.alone) this.alone.add(job)
    for (const name of job.spec.models) this.model(name).join(job, this.#keeps(job))
  }

  leave(job: AuditedJob): void {
    this.aside.leave(job)
    this.open.delete(job)
    this.turns.leave(job)
    this.users.delete(job)
    this.alone.delete(job)
    this.offers.withdraw(job)
    this.passes.leave(job)
    if (job.parkedOn !== null) this.model(job.parkedOn).parked.delete(job)
    job.parkedOn = null
    for (const name of job.spec.models) {
      const model = this.model(name)
      model.leave(job)
      this.#look(model)
    }
  }

  /** It has these. A batch takes once what its jobs have in common. */
  take(job: AuditedJob, needs: readonly AuditedNeed[]): void {
    const { batch: id } = job
    // Nobody has a rate: a start is over at once.
    job.has = needs.filter((need) => need.sort !== 'rate' && (id === null || !isCommon(need)))
    this.stock.take(`job ${job.jobId}`, job.has)
    if (id === null) return
    const batch: AuditedBatch = this.#batches.get(id) ?? { jobs: new Set(), has: needs.filter(isCommon) }
    if (batch.jobs.size === 0) this.stock.take(`batch ${id}`, batch.has)
    batch.jobs.add(job)
    this.#batches.set(id, batch)
  }

  /** Others of its batch may go on with what they have in common. */
  giveBack(job: AuditedJob): void {
    const { batch: id } = job
    this.#giveBack(`job ${job.jobId}`, job.has)
    job.has = []
    const batch = id === null ? undefined : this.#batches.get(id)
    if (id === null || batch === undefined) return
    batch.jobs.delete(job)
    if (batch.jobs.size > 0) return
    this.#batches.delete(id)
    this.#giveBack(`batch ${id}`, batch.has)
  }

  /** One model of a job that goes on, and is in no batch. Its place is free, unless another model of the job is there. */
  giveBackModel(job: AuditedJob, name: string): void {
    const isMeant = (need: AuditedNeed) =>
      need.model === name || (need.sort === 'model' && need.name === name)
    const left = job.has.filter((need) => !isMeant(need))
    this.stock.giveBack(`job ${job.jobId}`, job.has.filter(isMeant))
    this.stock.take(
      `job ${job.jobId}`,
      left.filter(({ sort }) => sort === 'place'),
    )
    job.has = left
    this.#look(this.model(name))
  }

  #giveBack(who: string, needs: readonly AuditedNeed[]): void {
    this.stock.giveBack(who, needs)
    for (const { sort, name } of needs) if (sort === 'model') this.#look(this.model(name))
  }

  /** It was overtaken once more. */
  overtake(job: AuditedJob): void {
    job.overtaken++
    if (this.#keeps(job)) for (const name of job.spec.models) this.model(name).kept.add(job)
  }

  change(policy: Policy): void {
    const isPlaced = hasPlaces(this.policy) || hasPlaces(policy)
    const isLimited = this.policy.uses !== undefined || policy.uses !== undefined
    this.stock.govern(policy)
    this.offers.end(() => true)
    if (isPlaced || isLimited) this.#holdAgain()
    for (const model of this.#models.values()) {
      model.kept.clear()
      for (const job of model.line) if (this.#keeps(job)) model.kept.add(job)
      for (const job of [...model.parked]) this.#unpark(job, model)
    }
  }

  /** With other places, other jobs have none that is not paused; with other limits, others ask for too much. */
  #holdAgain(): void {
    this.#enterAgain(this.aside.jobs)
    this.#enterAgain(this.#inLine().filter((job) => this.aside.isAside(job, this.policy)))
  }

  /** It has no room in this model, until that has some again. */
  park(job: AuditedJob, model: string): void {
    this.open.delete(job)
    this.model(model).parked.add(job)
    job.parkedOn = model
  }

  #keeps(job: AuditedJob): boolean {
    const { maxOvertakes } = this.policy
    return maxOvertakes !== null && job.overtaken >= maxOvertakes
  }

  /**
   * Whether there is room for the job in a model beside those who have it, and those ahead that it is kept for.
   * @param more how much else counts as taken
   * @param keeps those ahead that it is kept for; undefined: all that wait for it
   */
  hasModel(job: AuditedJob, name: string, more = 0, keeps?: (other: AuditedJob) => boolean): boolean {
    const kept = this.model(name).keptFrom(job, keeps)
    return this.stock.of('model', name).hasRoom(amountOf(job, name), kept + more)
  }

  /** This model may have room again: for the first in line now, for those behind it only after that. */
  #look(model: ModelLine): void {
    const { name, parked } = model
    // Who shares it may have room although who wants all of it, ahead, has none.
    for (const job of model.isWanted ? [...parked] : [])
      if (this.hasModel(job, name)) this.#unpark(job, model)
    for (let job = parked.first(); job !== undefined; job = parked.first()) {
      if (!this.hasModel(job, name)) return
      this.#unpark(job, model)
    }
  }

  #unpark(job: AuditedJob, { parked }: ModelLine): void {
    parked.delete(job)
    job.parkedOn = null
    this.open.add(job)
  }

  models(): readonly ModelLine[] {
    return [...this.#models.values()]
  }

  model(name: string): ModelLine {
    const known = this.#models.get(name)
    if (known !== undefined) return known
    const model = new ModelLine(name)
    this.#models.set(name, model)
    return model
  }
}
