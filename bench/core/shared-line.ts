import { type JobSpec, jobOf, type Policy, type RecordedEvent } from '../../src/engine/core/index.ts'
import { CoreQueue, plainSpec } from '../core-queue.ts'
import { byModel, type Shared } from './line.ts'

const MODELS = 100
const CARDS = 16
const KEYS = 50
const RUNNERS = 16
/** So long does a step take. */
const STEP = 100_000

const cards = range(CARDS).map((i) => `host${i >> 2}:${i & 3}`)
const asked = [4, 6, 8, 12, 16, 24]

const weights: Partial<Policy> = {
  maxOvertakes: 16,
  weights: { 'paid/*': 4, '*': 1 },
  tiers: { free: { maxActive: 2, maxTogether: 8 }, paid: { maxActive: 8, maxTogether: null } },
}
const units: Partial<Policy> = {
  maxOvertakes: 16,
  capacity: Object.fromEntries(
    range(MODELS).map((i) => [`model-${i}`, [...cards.slice(i % CARDS), ...cards].slice(0, 4)]),
  ),
  units: Object.fromEntries(cards.map((card) => [card, { vram: 24 }])),
}

/** What a queue may share out among its jobs. */
export const shared = {
  off: byModel,
  'units with asks': { ...byModel, ...units },
  'weights with tiers': { ...byModel, ...weights },
  both: { ...byModel, ...units, ...weights },
} as const satisfies Readonly<Record<Shared, Policy>>

/**
 * A line of a constant length in which a hundred models share sixteen cards, and fifty keys sixteen processes with one slot each. More would fit
 * on the cards: it is offered, and nobody takes it.
 */
export class SharedLine {
  readonly queue = new CoreQueue()
  readonly #how: Shared
  readonly #active: { readonly jobId: string; readonly token: number; readonly runner: string }[] = []
  readonly #idle: string[] = []
  #jobs = 0

  constructor(waiting: number, how: Shared) {
    this.#how = how
    this.queue.setPolicy(shared[how])
    for (let from = 0; from < waiting; from += 500) this.#enter(Math.min(500, waiting - from))
    for (const i of range(RUNNERS)) this.#claim(`runner-${i}`)
  }

  /** A job comes, another one ends and is followed by the next, and who had nothing to do looks again. */
  step(): void {
    this.queue.at(this.queue.now + STEP)
    this.#enter(1)
    const { runner, ...attempt } = this.#active.shift() ?? lost()
    this.#note(this.queue.send({ type: 'complete', ...attempt }, one, runner).events, runner)
    const waiting = this.#idle.shift()
    if (waiting !== undefined) this.#claim(waiting)
  }

  #claim(runner: string): void {
    this.#note(this.queue.send({ type: 'claim' }, one, runner).events, runner)
  }

  #enter(count: number): void {
    this.queue.send({ type: 'enqueue', specs: range(count).map(() => this.#spec(this.#jobs++)) })
  }

  #spec(nth: number): JobSpec {
    const model = `model-${(nth * 37) % MODELS}`
    const asks = 'units' in shared[this.#how] && {
      asks: { [model]: { vram: asked[nth % asked.length] ?? 4 } },
    }
    const key = (nth * 7) % KEYS
    const owner = 'weights' in shared[this.#how] && { fairKey: `${key % 3 === 0 ? 'paid' : 'free'}/${key}` }
    return { ...plainSpec(`job-${nth}`, [model]), ...asks, ...owner }
  }

  #note(events: readonly RecordedEvent[], runner: string): void {
    const started = events.find((event) => event.type === 'started')
    if (started === undefined) this.#idle.push(runner)
    else {
      const { jobId } = started
      this.#active.push({ jobId, token: jobOf(this.queue.ledger, jobId)?.token ?? 0, runner })
    }
  }
}

function lost(): never {
  throw new Error('nothing runs any more')
}

const one = { max: 1, kinds: null }

function range(length: number): readonly number[] {
  return Array.from({ length }, (_, i) => i)
}
