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

/** Beside it: processes keep models loaded, and a job may be passed for that. */
export const warmEverything: Policy = {
  ...everything,
  warm: { maxPassed: 16, maxPassedSeconds: 60, minLoadedSeconds: 1, loadSeconds: { '*': 12, plain: 0 } },
}

/** Who runs the jobs of a line. */
export interface Crew {
  readonly processes: number
  /** How many models each process keeps loaded; absent: it says nothing of them. */
  readonly keeps?: number
}

/** Sets of models, kinds, asks, uses and modes. */
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
  readonly #crew: Crew
  readonly #active: { readonly jobId: string; readonly token: number; readonly worker: string }[] = []
  #jobs = 0

  /** @param classes how many unlike jobs there are at most */
  constructor(waiting: number, policy: Policy = everything, crew: Crew = { processes: 1 }, classes = 100) {
    this.#crew = crew
    this.queue.setPolicy(policy)
    for (let from = 0; from < waiting; from += 500)
      this.#enter(range(Math.min(500, waiting - from)).map((i) => (from + i) % classes))
    for (const i of range(crew.processes)) this.#start(`process-${i}`)
  }

  get waiting(): number {
    return this.queue.ledger.line.size
  }

  /** One job ends, others start, and as many come. */
  step(): void {
    this.queue.at(this.queue.now + STEP)
    const { worker = 'process-0', ...attempt } = this.#active.shift() ?? {}
    if ('jobId' in attempt) this.queue.send({ type: 'complete', ...attempt }, undefined, worker)
    this.#start(worker)
  }

  #start(worker: string): void {
    const { processes, keeps } = this.#crew
    const running = this.#active.filter((one) => one.worker === worker).length
    const claim = { max: SLOTS / processes - running, kinds: null, ...(keeps && { keeps }) }
    const { events } = this.queue.send({ type: 'claim' }, claim, worker)
    const started = events.filter((event) => event.type === 'started')
    for (const event of started) this.#note(event, worker)
    if (this.#jobs > 0 && started.length > 0)
      this.#enter(started.map(({ jobId }) => Number(jobId.split('-')[1])))
  }

  #enter(classes: readonly number[]): void {
    const specs = classes.map((nth) => specOf(`job-${nth}-${this.#jobs++}`, nth))
    this.queue.send({ type: 'enqueue', specs })
  }

  #note({ jobId }: RecordedEvent & { readonly type: 'started' }, worker: string): void {
    this.#active.push({ jobId, token: jobOf(this.queue.ledger, jobId)?.token ?? 0, worker })
  }
}

function range(length: number): readonly number[] {
  return Array.from({ length }, (_, i) => i)
}
