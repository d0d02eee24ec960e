import type { Observable, Subscription } from 'rxjs'
import type { QueueBeside } from '../../engine/coordinator/index.ts'
import type { Ledger, Micros, QueueChange } from '../../engine/core/index.ts'
import type { WrongFacts } from '../insight/wrong-facts.ts'
import type { Recorders } from './meter/histogram.ts'
import { QueueCensus } from './meter/queue-census.ts'
import { QueueMeter } from './meter/queue-meter.ts'
import { readingOf } from './meter/reading.ts'
import { type FigureOptions, meterOptions } from './options.ts'
import type { ReadQueue } from './queue-families.ts'

/** Who follows a queue: a process of it, or somebody who only looks. */
export interface CountedQueue {
  readonly queue: string
  readonly changes$: Observable<QueueChange>
  now(): Micros
  /** What the database says beside the log. */
  beside(): Promise<QueueBeside & Partial<Pick<WrongFacts, 'refused'>>>
}

/** The figures of one queue, counted from now on. Reading asks the database nothing. */
export class QueueFigures {
  readonly #of: CountedQueue
  readonly #meter: QueueMeter
  readonly #census: QueueCensus
  readonly #watch: Subscription

  /** @param record told of each length of time when it is measured */
  constructor(of: CountedQueue, options: FigureOptions, record?: Recorders) {
    this.#of = of
    this.#meter = new QueueMeter(meterOptions(options), record)
    this.#census = new QueueCensus(() => of.beside())
    this.#watch = of.changes$.subscribe((change) => follow(this.#meter, change))
  }

  /** @param ledger the queue now */
  begin(ledger: Ledger): void {
    this.#meter.begin(ledger)
  }

  /** The queue as far as it was counted. */
  get ledger(): Ledger {
    return this.#meter.ledger
  }

  read(): Omit<ReadQueue, 'log'> {
    const { queue } = this.#of
    const now = this.#of.now()
    return {
      queue,
      created: this.#meter.begunAt / 1_000,
      now,
      reading: readingOf(this.#meter, now),
      census: this.#census.read(this.ledger, now),
    }
  }

  stop(): void {
    this.#watch.unsubscribe()
  }
}

/** A fault in figures must not end a worker: they go on from the queue as it is, and so after events that were not told. */
function follow(meter: QueueMeter, change: QueueChange): void {
  if (change.events[0]?.seq !== meter.ledger.version + 1) return meter.begin(change.ledger)
  try {
    meter.see(change)
  } catch {
    meter.begin(change.ledger)
  }
}
