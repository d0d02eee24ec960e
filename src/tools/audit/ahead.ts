import type { Policy } from '../../engine/core/index.ts'
import { type AuditedJob, byPosition, sortOf, takesAll, takesSlot } from './job.ts'
import { ALL, placesOf } from './limits.ts'
import type { AuditedLines } from './lines.ts'
import { sharesOf, usesOf } from './needs.ts'
import { mayBeIn } from './places.ts'

/** Which of those ahead keep a model from a job. */
type Keeps = (model: string) => (other: AuditedJob) => boolean

/**
 * Who stands ahead of a start and could have had what it takes, and what is kept for them. Which places of a model are kept for whom the log does
 * not say, nor how much of a resource: doubt counts for the queue.
 */
export class Ahead {
  readonly #lines: AuditedLines

  constructor(lines: AuditedLines) {
    this.#lines = lines
  }

  get #policy(): Policy {
    return this.#lines.policy
  }

  /** Models that have a number of places. */
  #counted({ spec }: AuditedJob): readonly string[] {
    return spec.models.filter((name) => placesOf(this.#policy, name) === undefined)
  }

  /** Nobody could share the model at this moment. */
  isFull(name: string): boolean {
    return !this.#lines.stock.of('model', name).hasRoom(1)
  }

  /** The first model in which the job has no room. @param own how much the job itself has, with its batch */
  keptFrom(job: AuditedJob, own = 0, keeps?: Keeps): string | undefined {
    return this.#counted(job).find((name) => !this.#lines.hasModel(job, name, -own, keeps?.(name)))
  }

  /**
   * The same at a time. An offer that had run out by then kept nothing from jobs of other kinds; nor did the jobs of its kind behind it on that
   * model. An offer of 0 ms runs out in the append that makes it, and the log may not mention it.
   */
  keptFromAt(job: AuditedJob, at: number, own = 0): string | undefined {
    const kept = this.keptFrom(job, own)
    if (kept === undefined || this.#policy.offerMs === 0) return undefined
    const lapsed = this.#lines.offers.lapsedBefore(job, this.#policy, at)
    if (lapsed.length === 0) return kept
    return this.keptFrom(job, own, (name) => {
      const speaking = lapsed.filter(({ spec }) => spec.models.includes(name) && spec.kind !== job.spec.kind)
      return (other) => !isSpokenFor(other, speaking) || (other.offered && !speaking.includes(other))
    })
  }

  /** The same of a start that passes others for the sake of loaded models: a model stays kept for those that its process could not take. */
  keptFromWarm(job: AuditedJob, without: readonly string[]): string | undefined {
    return this.keptFrom(job, 0, () => (other) => this.isBarred(other, without))
  }

  /** Its kind is one of these, or a model is held by others: a claim could not take it. */
  isBarred(job: AuditedJob, without: readonly string[]): boolean {
    return without.includes(job.spec.kind) || this.#counted(job).some((name) => this.isFull(name))
  }

  /** The waiting job ahead of this one that must run alone. It may be passed if no worker took it in time. */
  alone(job: AuditedJob, at: number): AuditedJob | undefined {
    const { alone, offers } = this.#lines
    return alone.before(job).find((other) => !offers.hasLapsed(other, this.#policy, at))
  }

  /**
   * Jobs that need the very same, and are limited by nothing else: whatever places this one took, they could have taken. One that a process waits
   * for could, if that process may be given these places.
   */
  alike(job: AuditedJob, places: Readonly<Record<string, string>>): readonly AuditedJob[] {
    const { models, fairKey } = job.spec
    const [first] = models.filter((name) => placesOf(this.#policy, name) !== undefined)
    if (first === undefined || this.#policy.offerMs === 0) return []
    const { servers } = this.#lines.aside
    const mayTake = ({ asker }: AuditedJob) =>
      asker === null || Object.values(places).every((place) => servers.mayHave(asker, place))
    const isAlike = (other: AuditedJob) =>
      other.spec.fairKey === fairKey && sortOf(other) === sortOf(job) && mayTake(other)
    const ahead = this.#lines.model(first).line.before(job).filter(isAlike)
    return ahead.filter((other) => !this.#lines.offers.excuse(other, this.#policy))
  }

  /**
   * Jobs that need only the slot that it was given. Each of them counts as if it had its models: an append may start them in another order than
   * that of the line.
   */
  startable(job: AuditedJob, at: number): readonly AuditedJob[] {
    const { open, offers, stock } = this.#lines
    const promised = new Map<string, number>()
    return open.before(job).filter((other) => {
      if (this.#mayLackElse(other, at)) return false
      const isExcused = offers.excuse(other, this.#policy)
      if (other.alone) return stock.of('slot', '').hasRoom(ALL) && !isExcused
      const lacking = this.keptFrom(other)
      if (lacking !== undefined) this.#lines.park(other, lacking)
      if (lacking !== undefined || this.#isPromised(other, promised)) return false
      for (const name of other.spec.models)
        promised.set(name, (promised.get(name) ?? 0) + (takesAll(other, name) ? Number.POSITIVE_INFINITY : 1))
      return !isExcused
    })
  }

  /** Under strict order the jobs ahead are counted anyway. */
  #isPromised(job: AuditedJob, promised: ReadonlyMap<string, number>): boolean {
    if (this.#policy.maxOvertakes === 0) return false
    return job.spec.models.some((name) => {
      const more = promised.get(name)
      return more !== undefined && !this.#lines.hasModel(job, name, more)
    })
  }

  /** A job whose key had used less could have had what this one took. */
  couldHaveStarted(other: AuditedJob, at: number): boolean {
    if (other.alone || other.asker !== null || this.#mayLackElse(other, at)) return false
    if (this.#lines.alone.before(other).length > 0) return false
    const { maxActive, fairShare, tiers } = this.#policy
    const isShared = other.spec.fairKey !== null && (tiers !== undefined || fairShare?.maxActive != null)
    // One that was passed often enough may have been offered meanwhile, and keeps its slot, and its part of a share.
    const isKept =
      (maxActive !== null || isShared) && this.#lines.models().some(({ kept }) => kept.rank(other) > 0)
    return !isKept && this.keptFrom(other) === undefined
  }

  /** Whether it may lack something beside a slot and models of which there is a number. */
  #mayLackElse(job: AuditedJob, at: number): boolean {
    return (
      this.#mayBeLimited(job, at) ||
      this.hasItsShare(job) ||
      this.#counted(job).length < job.spec.models.length
    )
  }

  /** Where jobs may overtake, only the next worker that looks at all jobs notices that a rate allows a start again. */
  #mayBeLimited(job: AuditedJob, at: number): boolean {
    const { stock } = this.#lines
    const { models, uses } = job.spec
    if (uses !== undefined && usesOf(job).some(({ name }) => stock.of('use', name).isLimited)) return true
    return models.some((name) => {
      const rate = stock.of('rate', name)
      return this.#policy.maxOvertakes === 0 ? rate.mayBeFull(at) : rate.isLimited
    })
  }

  /** The policy allows no more jobs with its fair key, or of its tier, active and offered together. */
  hasItsShare(job: AuditedJob): boolean {
    return sharesOf(job).some((need) => {
      const thing = this.#lines.stock.of(need.sort, need.name)
      const isSame = ({ sort, name }: typeof need) => sort === need.sort && name === need.name
      const takes = (other: AuditedJob) => other !== job && sharesOf(other).some(isSame)
      return thing.isLimited && !thing.hasRoom(1, [...this.#lines.offers.all()].filter(takes).length)
    })
  }

  /** Every job ahead of this one that could have used one of the models, places or resources that it takes is overtaken once. */
  overtakenBy(job: AuditedJob, places: readonly string[], joins: boolean): Iterable<AuditedJob> {
    return this.#lines.turns.isOn ? this.#firstsPassed(job, places, joins) : this.#allPassed(job, places)
  }

  /** Of each key and sort only the first: by needing the same, or since this one takes the last slot, which it could have had. */
  #firstsPassed(job: AuditedJob, places: readonly string[], joins: boolean): readonly AuditedJob[] {
    const { slots, turns } = this.#lines
    const { maxActive } = this.#policy
    const isLast = !joins && takesSlot(job) && maxActive !== null && slots + 1 >= maxActive
    const names = this.#counted(job)
    const isMet = (other: AuditedJob) =>
      names.some((name) => other.spec.models.includes(name)) ||
      places.some((place) => mayBeIn(this.#policy, other, place)) ||
      this.#competes(job, other)
    const hasAll = (other: AuditedJob) =>
      this.#counted(other).length === other.spec.models.length &&
      other.spec.models.every((name) => !this.isFull(name))
    return turns
      .firsts()
      .filter((other) => byPosition(other, job) < 0 && (isMet(other) || (isLast && hasAll(other))))
  }

  #allPassed(job: AuditedJob, places: readonly string[]): ReadonlySet<AuditedJob> {
    const passed = new Set(this.#counted(job).flatMap((name) => this.#lines.model(name).line.before(job)))
    for (const { name, line } of places.length === 0 ? [] : this.#lines.models()) {
      const own = places.filter((place) => placesOf(this.#policy, name)?.includes(place) === true)
      for (const other of own.length === 0 ? [] : line.before(job))
        if (own.some((place) => mayBeIn(this.#policy, other, place))) passed.add(other)
    }
    if (job.spec.uses !== undefined)
      for (const other of this.#lines.users.before(job)) if (this.#competes(job, other)) passed.add(other)
    return passed
  }

  /** Whether both use something that has a limit. */
  #competes(job: AuditedJob, other: AuditedJob): boolean {
    return usesOf(job).some(
      (need) =>
        Object.hasOwn(other.spec.uses ?? {}, need.name) &&
        this.#lines.stock.of(need.sort, need.name).isLimited,
    )
  }
}

/** A job of its kind that is no further back in line was offered, and no worker took it in time. */
function isSpokenFor(job: AuditedJob, lapsed: readonly AuditedJob[]): boolean {
  return lapsed.some((other) => other.spec.kind === job.spec.kind && byPosition(other, job) <= 0)
}
