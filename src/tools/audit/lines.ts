import type { Policy } from '../../engine/core/index.ts'
import { Aside } from './aside.ts'
import { type AuditedJob, byPosition, takesAll, takesSlot } from './job.ts'
import { AuditedUses, competes, isLimited } from './limits.ts'
import { ModelLine } from './model-line.ts'
import { Offers } from './offers.ts'
import { Passes } from './passes.ts'
import { AuditedPlaces, hasPlaces, hasUnits, isSameAsk, mayBeIn, ownOf, placesOf } from './places.ts'
import { Rates } from './rates.ts'
import { ruleFor } from './rules.ts'
import { Shares } from './shares.ts'
import { Sorted } from './sorted.ts'
import { AuditedTurns } from './turns.ts'

/** Who holds each model, who waits for it, and who could start. Written for the audit from the rules in prose. */
export class AuditedLines {
  policy: Policy
  alone = 0
  /** What takes a slot: a job, or a batch by its number. */
  readonly #slots = new Set<string | number>()
  /** Jobs that run in batches. */
  readonly #batches = new Map<number, Set<AuditedJob>>()
  readonly #models = new Map<string, ModelLine>()
  /** Jobs in line that are not known to lack a model: only these could have started. */
  readonly #open = new Sorted<AuditedJob>(byPosition)
  readonly #alone = new Sorted<AuditedJob>(byPosition)
  /** Those in line that use something. */
  readonly #users = new Sorted<AuditedJob>(byPosition)
  readonly offers = new Offers()
  readonly rates = new Rates()
  readonly shares = new Shares()
  readonly uses = new AuditedUses()
  readonly taken = new AuditedPlaces()
  readonly passes = new Passes()
  readonly aside = new Aside()
  readonly turns = new AuditedTurns()

  constructor(policy: Policy) {
    this.policy = policy
  }

  get slots(): number {
    return this.#slots.size
  }

  /** One of the jobs that run in this batch. */
  inBatch(batch: number): AuditedJob | undefined {
    const [first] = this.#batches.get(batch) ?? []
    return first
  }

  holders(model: string): number {
    return this.#model(model).holders.size
  }

  /** Nobody could share the model at this moment: as many have it as can, or one has all of it. */
  isFull(name: string): boolean {
    const { whole, holders, taken } = this.#model(name)
    const isCounted = placesOf(this.policy, name) === undefined
    return whole.size > 0 || (isCounted ? holders.size : taken) >= this.places(name)
  }

  /** How many jobs can have it; where places have units, only these say it. */
  places(model: string): number {
    if (hasUnits(this.policy, model)) return Number.POSITIVE_INFINITY
    const places = ruleFor(this.policy.capacity, model) ?? 1
    return typeof places === 'number' ? places : places.length
  }

  /**
   * The first model of the job that is kept for others, with every place taken but `own` ones. Of a model whose places have names, see
   * `alikeAhead`.
   */
  keptFromJob(job: AuditedJob, own = 0): string | undefined {
    return this.#counted(job).find((name) => !this.#hasPlace(this.#model(name), job, own))
  }

  /** Models that have a number of places. */
  #counted({ spec }: AuditedJob): readonly string[] {
    return spec.models.filter((name) => placesOf(this.policy, name) === undefined)
  }

  /**
   * Jobs that stand ahead of this one, need the very same, and are limited by nothing else: whatever place this one took, they could
   * have taken. Which places are kept for other jobs ahead, the log does not say.
   */
  alikeAhead(job: AuditedJob): readonly AuditedJob[] {
    const { models, kind, fairKey, asks, uses } = job.spec
    const [first] = models.filter((name) => placesOf(this.policy, name) !== undefined)
    if (first === undefined || this.policy.offerMs === 0) return []
    const isAlike = ({ spec }: AuditedJob) =>
      spec.kind === kind &&
      spec.fairKey === fairKey &&
      spec.models.join('\n') === models.join('\n') &&
      spec.whole?.join('\n') === job.spec.whole?.join('\n') &&
      isSameAsk(spec.asks, asks) &&
      JSON.stringify(spec.uses) === JSON.stringify(uses)
    const ahead = this.#model(first).line.before(job).filter(isAlike)
    return ahead.filter((other) => !this.offers.excuse(other, this.policy))
  }

  /**
   * The first model of the job that was kept for others at a time, with every place taken. An offer that had run out by then kept nothing from jobs of other kinds; nor did the jobs of its kind
   * behind it on that model. An offer of 0 ms runs out in the append that makes it, and the log may not mention it.
   */
  keptFromJobAt(job: AuditedJob, at: number, own = 0): string | undefined {
    const kept = this.keptFromJob(job, own)
    if (kept === undefined || this.policy.offerMs === 0) return undefined
    const lapsed = this.offers.lapsedBefore(job, this.policy, at)
    if (lapsed.length === 0) return kept
    return this.#counted(job).find((name) => {
      const model = this.#model(name)
      const speaking = lapsed.filter(({ spec }) => spec.models.includes(name) && spec.kind !== job.spec.kind)
      const passable = model.kept.before(job).filter((other) => isSpokenFor(other, speaking))
      const live = passable.filter((other) => other.offered && !speaking.includes(other))
      const passed = passable.filter((other) => !live.includes(other))
      return !this.#hasPlace(model, job, passed.length + own, passed)
    })
  }

  /** The same of a start that passes others for the sake of loaded models: a model stays kept for those ahead that its process could not take. */
  keptFromWarm(job: AuditedJob, without: readonly string[]): string | undefined {
    return this.#counted(job).find((name) => {
      const { kept, holders } = this.#model(name)
      const barred = kept.before(job).filter((other) => this.isBarred(other, without))
      return holders.size + barred.length >= this.places(name)
    })
  }

  /** Its kind is one of these, or a model is held by others: a claim could not take it. */
  isBarred(job: AuditedJob, without: readonly string[]): boolean {
    return without.includes(job.spec.kind) || this.#counted(job).some((name) => this.isFull(name))
  }

  /** The waiting job ahead of this one that must run alone. It may be passed if no worker took it in time. */
  aloneAhead(job: AuditedJob, at: number): AuditedJob | undefined {
    return this.#alone.before(job).find((other) => !this.offers.hasLapsed(other, this.policy, at))
  }

  /** Withdraws the offers of jobs that cannot start any more, after a start, a change of rules, or a drain. */
  endOffers(isOver: (job: AuditedJob) => boolean): void {
    for (const job of [...this.offers.all()]) if (isOver(job)) this.offers.withdraw(job)
  }

  /**
   * Jobs ahead of this one that need only the slot that it was given. Each of them counts as if it had its models: an append
   * may start them in another order than that of the line.
   */
  startableAhead(job: AuditedJob, at: number): AuditedJob[] {
    const promised = new Map<string, number>()
    return this.#open.before(job).filter((other) => {
      if (this.#mayBeLimited(other, at) || this.hasItsShare(other)) return false
      if (this.#counted(other).length < other.spec.models.length) return false
      const isExcused = this.offers.excuse(other, this.policy)
      if (other.alone) return this.slots === 0 && !isExcused
      const lacking = this.keptFromJob(other)
      if (lacking !== undefined) this.#park(other, lacking)
      if (lacking !== undefined || this.#isPromised(other, promised)) return false
      for (const name of other.spec.models)
        promised.set(name, (promised.get(name) ?? 0) + (takesAll(other, name) ? Number.POSITIVE_INFINITY : 1))
      return !isExcused
    })
  }

  /** The policy allows no more jobs with its fair key, active and offered together. */
  hasItsShare(job: AuditedJob): boolean {
    return this.shares.isFull(job, this.policy, this.offers.all())
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
    for (const { name: model, line } of [...this.#models.values()])
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
    this.#open.add(job)
    this.turns.enter(job)
    if (job.spec.uses !== undefined) this.#users.add(job)
    if (job.alone) this.#alone.add(job)
    for (const name of job.spec.models) this.#model(name).join(job, this.#keeps(job))
  }

  leave(job: AuditedJob): void {
    this.aside.leave(job)
    this.#open.delete(job)
    this.turns.leave(job)
    this.#users.delete(job)
    this.#alone.delete(job)
    this.offers.withdraw(job)
    this.passes.leave(job)
    if (job.parkedOn !== null) this.#model(job.parkedOn).parked.delete(job)
    job.parkedOn = null
    for (const name of job.spec.models) {
      const model = this.#model(name)
      model.leave(job)
      this.#look(model)
    }
  }

  /** A batch takes once what its jobs need. */
  take(job: AuditedJob): void {
    const holder = job.batch ?? job.jobId
    if (job.batch !== null) this.#batches.set(job.batch, (this.#batches.get(job.batch) ?? new Set()).add(job))
    if (takesSlot(job)) this.#slots.add(holder)
    if (job.alone) this.alone++
    for (const name of job.spec.models.filter((each) => !job.gaveBack.includes(each)))
      this.#model(name).take(holder, takesAll(job, name), ownOf(job.places, name))
    this.taken.take(job)
  }

  giveBack(job: AuditedJob): void {
    if (this.#leavesOthers(job)) return
    this.taken.giveBack(job)
    const holder = job.batch ?? job.jobId
    this.#slots.delete(holder)
    if (job.alone) this.alone--
    for (const name of job.spec.models) {
      const model = this.#model(name)
      model.giveBack(holder)
      this.#look(model)
    }
  }

  /** One model of a job that goes on, and is in no batch. */
  giveBackModel(job: AuditedJob, name: string): void {
    const model = this.#model(name)
    model.giveBack(job.jobId)
    this.taken.giveBackModel(job, name)
    job.gaveBack = [...job.gaveBack, name]
    this.#look(model)
  }

  /** Others of its batch go on with what it has. */
  #leavesOthers(job: AuditedJob): boolean {
    const { batch } = job
    if (batch === null) return false
    const members = this.#batches.get(batch)
    members?.delete(job)
    if (members !== undefined && members.size > 0) return true
    this.#batches.delete(batch)
    return false
  }

  /** Every job ahead of this one that could have used one of the models or places that it takes is overtaken once. */
  countOvertaken(
    job: AuditedJob,
    places: readonly string[],
    joins: boolean,
    isCounted = (_: AuditedJob) => true,
  ): void {
    const passed = this.turns.isOn ? this.#firstsPassed(job, places, joins) : this.#allPassed(job, places)
    for (const other of [...passed].filter(isCounted)) {
      other.overtaken++
      if (this.#keeps(other)) for (const name of other.spec.models) this.#model(name).kept.add(other)
    }
  }

  /** Of each key and sort only the first: by needing the same, or since this one takes the last slot, which it could have had. */
  #firstsPassed(job: AuditedJob, places: readonly string[], joins: boolean): readonly AuditedJob[] {
    const { maxActive } = this.policy
    const isLast = !joins && takesSlot(job) && maxActive !== null && this.slots + 1 >= maxActive
    const names = this.#counted(job)
    const isMet = (other: AuditedJob) =>
      names.some((name) => other.spec.models.includes(name)) ||
      places.some((place) => mayBeIn(this.policy, other, place)) ||
      competes(this.policy, job, other)
    const hasAll = (other: AuditedJob) =>
      this.#counted(other).length === other.spec.models.length &&
      other.spec.models.every((name) => !this.isFull(name))
    return this.turns
      .firsts()
      .filter((other) => byPosition(other, job) < 0 && (isMet(other) || (isLast && hasAll(other))))
  }

  /** A job whose key had used less could have had what this one took. In doubt it could not: what is kept for which jobs the log does not say. */
  couldHaveStarted(other: AuditedJob, at: number): boolean {
    if (other.alone || other.asked || this.#counted(other).length < other.spec.models.length) return false
    if (this.#mayBeLimited(other, at) || this.hasItsShare(other) || this.#alone.before(other).length > 0)
      return false
    const { maxActive, fairShare, tiers } = this.policy
    const isShared = other.spec.fairKey !== null && (tiers !== undefined || fairShare?.maxActive != null)
    // One that was passed often enough may have been offered meanwhile, and keeps its slot, and its part of a share.
    const isKept =
      (maxActive !== null || isShared) && [...this.#models.values()].some(({ kept }) => kept.rank(other) > 0)
    return !isKept && this.keptFromJob(other) === undefined
  }

  #allPassed(job: AuditedJob, places: readonly string[]): ReadonlySet<AuditedJob> {
    const passed = new Set(this.#counted(job).flatMap((name) => this.#model(name).line.before(job)))
    for (const { name, line } of places.length === 0 ? [] : this.#models.values()) {
      const own = places.filter((place) => placesOf(this.policy, name)?.includes(place) === true)
      for (const other of own.length === 0 ? [] : line.before(job))
        if (own.some((place) => mayBeIn(this.policy, other, place))) passed.add(other)
    }
    if (job.spec.uses !== undefined)
      for (const other of this.#users.before(job)) if (competes(this.policy, job, other)) passed.add(other)
    return passed
  }

  change(policy: Policy): void {
    const isPlaced = hasPlaces(this.policy) || hasPlaces(policy)
    const isLimited = this.policy.uses !== undefined || policy.uses !== undefined
    this.rates.change(this.policy, policy)
    this.uses.change(this.policy, policy)
    this.policy = policy
    this.endOffers(() => true)
    if (isPlaced || isLimited) this.#holdAgain()
    for (const model of this.#models.values()) {
      model.kept.clear()
      for (const job of model.line) if (this.#keeps(job)) model.kept.add(job)
      for (const job of model.parked.clear()) this.#unpark(job)
    }
  }

  /** With other places, other jobs have none that is not paused; with other limits, others ask for too much. */
  #holdAgain(): void {
    this.#enterAgain(this.aside.jobs)
    this.#enterAgain(this.#inLine().filter((job) => this.aside.isAside(job, this.policy)))
  }

  /** Where jobs may overtake, only the next worker that looks at all jobs notices that a rate allows a start again. */
  #mayBeLimited(job: AuditedJob, at: number): boolean {
    const { policy } = this
    const { spec } = job
    // The log does not say how much of a resource is kept for which jobs.
    if (isLimited(policy, job)) return true
    if (policy.maxOvertakes !== 0) return spec.models.some((name) => ruleFor(policy.rate, name) !== undefined)
    return spec.models.some((name) => this.rates.mayBeFull(policy, name, at))
  }

  /** Under strict order the jobs ahead are counted anyway. */
  #isPromised(job: AuditedJob, promised: ReadonlyMap<string, number>): boolean {
    if (this.policy.maxOvertakes === 0) return false
    return job.spec.models.some((name) => {
      const model = this.#model(name)
      const taken = model.holders.size + model.kept.rank(job) + (promised.get(name) ?? 0)
      return taken >= (takesAll(job, name) ? 1 : this.places(name))
    })
  }

  #park(job: AuditedJob, model: string): void {
    this.#open.delete(job)
    this.#model(model).parked.add(job)
    job.parkedOn = model
  }

  #keeps(job: AuditedJob): boolean {
    const { maxOvertakes } = this.policy
    return maxOvertakes !== null && job.overtaken >= maxOvertakes
  }

  #hasPlace(model: ModelLine, job: AuditedJob, given = 0, passed: readonly AuditedJob[] = []): boolean {
    return model.hasPlace(job, this.places(model.name), given, passed)
  }

  /** This model may have a place again: for the first in line now, for those behind it only after that. */
  #look(model: ModelLine): void {
    // Who shares it may have a place although who wants all of it, ahead, has none.
    if (model.isWanted)
      for (const job of [...model.parked]) {
        if (!this.#hasPlace(model, job)) continue
        model.parked.delete(job)
        this.#unpark(job)
      }
    for (let job = model.parked.first(); job !== undefined; job = model.parked.first()) {
      if (!this.#hasPlace(model, job)) return
      model.parked.delete(job)
      this.#unpark(job)
    }
  }

  #unpark(job: AuditedJob): void {
    job.parkedOn = null
    this.#open.add(job)
  }

  #model(name: string): ModelLine {
    const known = this.#models.get(name)
    if (known !== undefined) return known
    const model = new ModelLine(name)
    this.#models.set(name, model)
    return model
  }
}

/** A job of its kind that is no further back in line was offered, and no worker took it in time. */
function isSpokenFor(job: AuditedJob, lapsed: readonly AuditedJob[]): boolean {
  return lapsed.some((other) => other.spec.kind === job.spec.kind && byPosition(other, job) <= 0)
}
