import { type JobSpec, jobOf, type Policy, type RecordedEvent } from '../../src/engine/core/index.ts'
import { CoreQueue, plainSpec } from '../core-queue.ts'
import { byModel } from './line.ts'

const MODELS = 8
const SLOTS = 64
/** So long does a step take. */
const STEP = 100_000

/** Everything that a policy can limit. Of the tokens there are too few: jobs that use some pile up. */
export const everything: Policy = {
  ...byModel,
  maxOvertakes: 16,
  capacity: {
    ...Object.fromEntries(
      range(MODELS).map((i) => [`card-${i}`, [`host${i >> 1}:${i & 1}`, `host${i >> 1}:2`]]),
    ),
    shared: 4,
  },
  units: Object.fromEntries(range(MODELS / 2).map((i) => [`host${i}:2`, { vram: 24 }])),
  uses: { tokens: [{ limit: 300, perSeconds: 10 }] },
  rate: { rated: { starts: 5, perSeconds: 5 } },
  fairShare: { spacingSeconds: 1, maxWaiting: null, maxActive: 4 },
}

/** A hundred sets of models, kinds, asks, uses and modes. */
function specOf(jobId: string, nth: number): JobSpec {
  const model = `card-${nth % MODELS}`
  const kind = nth % 3 === 0 ? 'rare' : 'normal'
  const fairKey = `owner-${nth % 10}`
  const sets: readonly Partial<JobSpec>[] = [
    { models: [model] },
    { models: [model], asks: { [model]: { vram: [4, 8, 12, 20][(nth >> 3) % 4] ?? 4 } } },
    { models: [model], uses: { tokens: 50 * (1 + ((nth >> 3) % 4)) } },
    { models: [model, 'shared'] },
    { models: ['shared'], ...(nth % 2 === 0 && { whole: ['shared'] }) },
    { models: ['rated'], uses: { tokens: 20 } },
    { models: ['plain', 'rated'] },
  ]
  return { ...plainSpec(jobId, []), kind, fairKey, ...sets[nth % sets.length] }
}

/** A line of a constant length under steady work, in which jobs wait for everything that there is to wait for: each start is followed by a job like it. */
export class CrowdedLine {
  readonly queue = new CoreQueue()
  readonly #active: { readonly jobId: string; readonly token: number }[] = []
  #jobs = 0

  constructor(waiting: number, policy: Policy = everything) {
    this.queue.setPolicy(policy)
    for (let from = 0; from < waiting; from += 500)
      this.#enter(range(Math.min(500, waiting - from)).map((i) => (from + i) % 100))
    this.#start()
  }

  get waiting(): number {
    return this.queue.ledger.line.size
  }

  /** One job ends, others start, and as many come. */
  step(): void {
    this.queue.at(this.queue.now + STEP)
    const ended = this.#active.shift()
    if (ended !== undefined) this.queue.send({ type: 'complete', ...ended })
    this.#start()
  }

  #start(): void {
    const claim = { max: SLOTS - this.#active.length, kinds: null }
    const { events } = this.queue.send({ type: 'claim' }, claim)
    const started = events.filter((event) => event.type === 'started')
    for (const event of started) this.#note(event)
    if (this.#jobs > 0 && started.length > 0)
      this.#enter(started.map(({ jobId }) => Number(jobId.split('-')[1])))
  }

  #enter(classes: readonly number[]): void {
    const specs = classes.map((nth) => specOf(`job-${nth}-${this.#jobs++}`, nth))
    this.queue.send({ type: 'enqueue', specs })
  }

  #note({ jobId }: RecordedEvent & { readonly type: 'started' }): void {
    this.#active.push({ jobId, token: jobOf(this.queue.ledger, jobId)?.token ?? 0 })
  }
}

function range(length: number): readonly number[] {
  return Array.from({ length }, (_, i) => i)
}
