import {
  type Claim,
  defaultPolicy,
  jobOf,
  type Policy,
  type RecordedEvent,
  type ScheduleWish,
} from '../../src/engine/core/index.ts'
import { CoreQueue, plainSpec } from '../core-queue.ts'

export const byModel: Policy = { ...defaultPolicy, maxActive: null }
const everything: Claim = { max: 100_000, kinds: null }
const one: Claim = { max: 1, kinds: null }

/** What is shared out in a line of shared-line.ts. */
export type Shared = 'off' | 'units with asks' | 'weights with tiers' | 'both'

/** What stands in line: on how many models, of which each job needs some. */
export interface LineShape {
  readonly waiting: number
  readonly models: number
  readonly each: number
  readonly policy: Policy
  /** So many schedules are declared, none of which is due. */
  readonly schedules?: number
  /** A line in which jobs wait for everything that a policy can limit (crowded-line.ts). */
  readonly crowded?: boolean
  /** One in which models share cards, or keys processes (shared-line.ts). */
  readonly shared?: Shared
}

/**
 * A line of a constant length under steady work: every step lets one job come, one end, and so one start. Jobs fall into
 * groups that need the same models; in each group one job is active and the others wait for it.
 */
export class WorkedLine {
  readonly queue = new CoreQueue()
  readonly #groups: (readonly string[])[] = []
  readonly #active: { jobId: string; token: number }[] = []
  #jobs = 0
  #next = 0

  constructor({ waiting, models, each, policy, schedules = 0 }: LineShape) {
    const names = Array.from({ length: models }, (_, i) => `model-${i}`)
    for (let i = 0; i + each <= models; i += each) this.#groups.push(names.slice(i, i + each))
    this.queue.setPolicy(policy)
    if (schedules > 0) this.#declare(schedules)
    const groups = this.#groups.length
    this.#enter(groups)
    for (const event of this.queue.send({ type: 'claim' }, everything).events) this.#note(event)
    this.#enter(waiting)
    // Work goes to the groups in which somebody waits: with 100 jobs and 1,000 models those are the first 100.
    this.#groups.length = Math.min(groups, waiting)
  }

  /** Enqueue and end with hand-off: two decisions, three events and more. */
  step(): void {
    const group = this.#next
    this.#next = (this.#next + 1) % this.#groups.length
    const spec = this.#spec(group)
    this.queue.send({ type: 'enqueue', specs: [spec] })
    const { jobId, token } = this.#active[group] ?? never()
    const ended = this.queue.send({ type: 'complete', jobId, token }, one)
    for (const event of ended.events) this.#note(event)
  }

  #declare(count: number): void {
    const next = this.queue.now + YEAR
    const job = scheduledJob
    const schedules = Array.from({ length: count }, (_, i): ScheduleWish => {
      return {
        id: `s${i}`,
        next,
        rule: { everyMs: 1_000, tz: 'UTC', upTo: 1, withinMs: null, overlap: 'allow', job },
      }
    })
    this.queue.send({ type: 'set_schedules', owner: 'bench', revision: null, schedules })
  }

  #enter(count: number): void {
    for (let from = 0; from < count; from += 500) {
      const size = Math.min(500, count - from)
      const specs = Array.from({ length: size }, (_, i) => this.#spec((from + i) % this.#groups.length))
      this.queue.send({ type: 'enqueue', specs })
    }
  }

  #spec(group: number) {
    return plainSpec(`job-${group}-${this.#jobs++}`, this.#groups[group] ?? never())
  }

  #note(event: RecordedEvent): void {
    if (event.type !== 'started') return
    const group = Number(event.jobId.split('-')[1])
    this.#active[group] = { jobId: event.jobId, token: jobOf(this.queue.ledger, event.jobId)?.token ?? 0 }
  }
}

const YEAR = 365 * 86_400 * 1_000_000
const { jobId: _, runAt: __, ...scheduledJob } = plainSpec('', ['model-0'])

function never(): never {
  throw new Error('a group has lost its active job')
}
