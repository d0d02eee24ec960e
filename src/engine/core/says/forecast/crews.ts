import { endsAttempt } from '../../values/ending.ts'
import type { RecordedEvent } from '../../values/event.ts'
import { keep } from './keep.ts'

/** How many processes and attempts are kept at most. */
const MOST = { workers: 2_000, running: 20_000 }

interface Crew {
  /** How many jobs of each of its batches run; one that runs by itself is a batch of its own. */
  readonly batches: Map<number, number>
  most: number
}

/** How many attempts each process has run at once, at most, from the events of a log: it has at least so many slots. A batch takes one. */
export class Crews {
  readonly #most: typeof MOST
  readonly #crews = new Map<string, Crew>()
  readonly #attempts = new Map<string, { readonly worker: string; readonly batch: number }>()

  constructor(most: typeof MOST = MOST) {
    this.#most = most
  }

  push(event: RecordedEvent): void {
    if (event.type === 'started') this.start(event.jobId, event.workerId, event.batch ?? event.seq)
    else if (event.type === 'worker_gone') this.#crews.delete(event.workerId)
    else if (endsAttempt(event)) this.end(event.jobId)
  }

  /**
   * An attempt runs there.
   * @param batch its batch, or its own token
   * @returns how many slots it takes: none if its batch runs already
   */
  start(jobId: string, worker: string, batch: number): number {
    const crew = this.#crews.get(worker) ?? { batches: new Map(), most: 0 }
    const before = crew.batches.size
    keep(this.#crews, worker, crew, this.#most.workers)
    keep(this.#attempts, jobId, { worker, batch }, this.#most.running)
    crew.batches.set(batch, (crew.batches.get(batch) ?? 0) + 1)
    crew.most = Math.max(crew.most, crew.batches.size)
    return crew.batches.size - before
  }

  /** An attempt has ended. @returns the process that has a slot more free; undefined: none has */
  end(jobId: string): string | undefined {
    const attempt = this.#attempts.get(jobId)
    this.#attempts.delete(jobId)
    const batches = attempt && this.#crews.get(attempt.worker)?.batches
    if (attempt === undefined || batches === undefined) return undefined
    const left = (batches.get(attempt.batch) ?? 1) - 1
    if (left > 0) batches.set(attempt.batch, left)
    return left <= 0 && batches.delete(attempt.batch) ? attempt.worker : undefined
  }

  /** How many slots it has, at least. */
  slotsOf(worker: string): number {
    return this.#crews.get(worker)?.most ?? 0
  }

  /** Those that have run something, who did last is last. */
  get workers(): readonly string[] {
    return [...this.#crews.keys()]
  }
}
