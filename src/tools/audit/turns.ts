import type { Ledger, Policy } from '../../engine/core/index.ts'
import { type AuditedJob, byPosition, sortOf, takesSlot } from './job.ts'
import { Sorted } from './sorted.ts'

/** What the jobs of one fair key have used: microseconds for which a model was held. */
interface KeyCount {
  readonly key: string
  /** By attempts that ended, over the weight, counted from where the key began. */
  settled: number
  /** An attempt as the last ones were; null: none has ended. */
  typical: number | null
  readonly active: Set<AuditedJob>
  /** Its jobs in line, each sort by itself: of these only the first could be next. */
  readonly sorts: Map<string, Sorted<AuditedJob>>
}

/** Keys without jobs of which it is remembered what they have used. */
const MOST_IDLE = 10_000

const fairKeyOf = ({ spec }: AuditedJob): string => spec.fairKey ?? ''

/** That of the key itself, else that of its tier, else that of all others. */
function weightOf({ weights = {} }: Policy, key: string): number {
  const tier = key.includes('/') ? [`${key.split('/')[0]}/*`] : []
  for (const name of [key, ...tier, '*']) if (Object.hasOwn(weights, name)) return weights[name] ?? 1
  return 1
}

/** The last one counts for a quarter. */
const blend = (before: number | null, last: number): number =>
  before === null ? last : Math.round((before * 3 + last) / 4)

/**
 * Whose turn it was, where keys are weighed by what they have used. Of each key it counts what its attempts used, and what those that run are
 * expected to use, as their starts say. So one job for each slot is the most by which a key can be ahead of another one that waits.
 */
export class AuditedTurns {
  #policy: Policy | undefined
  readonly #keys = new Map<string, KeyCount>()
  #now = 0
  #typical = 0
  /** Those that left the line with the present event: if they come into it again, they were never away. */
  readonly #left = new Set<string>()

  get isOn(): boolean {
    return this.#policy !== undefined
  }

  beginEvent(): void {
    this.#left.clear()
  }

  /** While the rules change, jobs leave the line and come into it for no other reason. */
  suspend(): void {
    this.#policy = undefined
  }

  /** Under these rules, with these live jobs. What was used before counts on, if it has counted until now. */
  resume(policy: Policy, jobs: Iterable<AuditedJob>): void {
    const isOn = policy.weights !== undefined && policy.maxOvertakes !== 0
    if (!isOn) {
      this.#keys.clear()
      this.#now = this.#typical = 0
      return
    }
    this.#policy = policy
    for (const { active, sorts } of this.#keys.values()) {
      active.clear()
      sorts.clear()
    }
    for (const job of jobs) {
      if (!takesSlot(job)) continue
      if (job.state === 'active') this.#key(job).active.add(job)
      else if (job.state === 'waiting' && job.dueAt === null && !job.held) this.#stand(job)
    }
    this.#forget()
  }

  /** What is known where the log begins. */
  beginAt({ fair }: Ledger): void {
    if (fair === null) return
    this.#now = fair.now
    this.#typical = fair.typical
    for (const { key, settled, typical } of fair.keys)
      Object.assign(this.#keyNamed(key), { settled, typical })
  }

  /** It stands in line. A key that was away begins with the least of those that need the same, else where the queue is. */
  enter(job: AuditedJob): void {
    if (this.#policy === undefined) return
    const key = this.#key(job)
    if (!isLive(key) && !this.#left.has(key.key)) {
      const near = [...this.#keys.values()].filter((other) => needsSame(other, job))
      const least = Math.min(...near.map((other) => this.#timeOf(other)))
      key.settled = Math.max(key.settled, near.length === 0 ? this.#now : least)
    }
    this.#stand(job)
  }

  leave(job: AuditedJob): void {
    if (this.#policy === undefined) return
    const key = this.#key(job)
    const sort = key.sorts.get(sortOf(job))
    if (sort?.delete(job) === true) this.#left.add(key.key)
    if (sort?.size === 0) key.sorts.delete(sortOf(job))
    this.#forget()
  }

  /** @param joins what it needs its batch has */
  start(job: AuditedJob, joins: boolean): void {
    if (this.#policy === undefined || !takesSlot(job)) return
    const key = this.#key(job)
    if (!joins) this.#now = Math.max(this.#now, this.#timeOf(key))
    key.active.add(job)
  }

  end(job: AuditedJob, at: number): void {
    if (this.#policy === undefined || !takesSlot(job)) return
    const key = this.#key(job)
    key.active.delete(job)
    if (!job.rides) {
      const held = job.spec.models.map((model) => (job.returned.get(model) ?? at) - job.startedAt)
      const used = held.length === 0 ? at - job.startedAt : held.reduce((sum, time) => sum + time, 0)
      key.settled += Math.ceil(used / weightOf(this.#policy, key.key))
      key.typical = blend(key.typical, used)
      this.#typical = blend(this.#typical === 0 ? null : this.#typical, used)
    }
    this.#forget()
  }

  timeOf(job: AuditedJob): number {
    return this.#timeOf(this.#key(job))
  }

  /** The first job of each sort and key in line. */
  firsts(): readonly AuditedJob[] {
    return [...this.#keys.values()].flatMap(firstsOf)
  }

  /** Of its own key and sort; undefined: keys take no turns, or it uses no slot. */
  firstLike(job: AuditedJob): AuditedJob | undefined {
    return this.#keys.get(fairKeyOf(job))?.sorts.get(sortOf(job))?.first()
  }

  /** Those of its own key. */
  firstsBeside(job: AuditedJob): readonly AuditedJob[] {
    return firstsOf(this.#key(job))
  }

  /** The first ones whose turn comes before it: their keys have used less, or as much, and they are ahead of it in line. */
  before(job: AuditedJob): readonly AuditedJob[] {
    const time = this.timeOf(job)
    const isBefore = (other: AuditedJob) => {
      const its = this.timeOf(other)
      return its < time || (its === time && byPosition(other, job) < 0)
    }
    return this.firsts().filter(isBefore)
  }

  /** What is wrong with what a start says of its turn; undefined: nothing. */
  faultOf(job: AuditedJob, virtualTime: number): string | undefined {
    if (this.#policy === undefined) return 'it names a virtual time, and the policy has no weights'
    const time = this.timeOf(job)
    return time === virtualTime ? undefined : `its key was at ${time}, and it says ${virtualTime}`
  }

  #timeOf({ key, settled, active }: KeyCount): number {
    let expected = 0
    for (const job of active) expected += job.expects
    return settled + Math.ceil(expected / (this.#policy === undefined ? 1 : weightOf(this.#policy, key)))
  }

  #stand(job: AuditedJob): void {
    const { sorts } = this.#key(job)
    const name = sortOf(job)
    const sort = sorts.get(name) ?? new Sorted<AuditedJob>(byPosition)
    sort.add(job)
    sorts.set(name, sort)
  }

  #key(job: AuditedJob): KeyCount {
    return this.#keyNamed(fairKeyOf(job))
  }

  #keyNamed(name: string): KeyCount {
    const known = this.#keys.get(name)
    if (known !== undefined) return known
    const key: KeyCount = { key: name, settled: 0, typical: null, active: new Set(), sorts: new Map() }
    this.#keys.set(name, key)
    return key
  }

  #forget(): void {
    if (this.#keys.size <= MOST_IDLE) return
    const idle = [...this.#keys.values()].filter((key) => !isLive(key))
    idle.sort((a, b) => a.settled - b.settled || (a.key < b.key ? -1 : 1))
    for (const { key } of idle.slice(0, Math.max(0, idle.length - MOST_IDLE))) this.#keys.delete(key)
  }
}

const firstsOf = ({ sorts }: KeyCount): readonly AuditedJob[] =>
  [...sorts.values()].flatMap((sort) => sort.first() ?? [])

const isLive = ({ active, sorts }: KeyCount): boolean => active.size + sorts.size > 0

function needsSame({ active, sorts }: KeyCount, job: AuditedJob): boolean {
  const shares = (other: AuditedJob | undefined) =>
    other?.spec.models.some((model) => job.spec.models.includes(model)) === true
  return [...active].some(shares) || [...sorts.values()].some((sort) => shares(sort.first()))
}
