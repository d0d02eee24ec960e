import {
  Agenda,
  type Ledger,
  MICROS_PER_SECOND,
  type Micros,
  type RecordedEvent,
} from '../../src/engine/core/index.ts'
import { byModel } from '../core/line.ts'
import { CoreQueue, plainSpec } from '../core-queue.ts'
import type { Request } from '../schedule/trace.ts'

export interface Load {
  readonly slots: number
  readonly maxOvertakes: number
  /** Between two requests, in seconds; 0: all come at once. */
  readonly apart: number
}

/** What somebody can look at who asks when a job starts. */
export interface Moment {
  readonly ledger: Ledger
  readonly now: Micros
  readonly free: number
}

type Item = { readonly request: Request } | { readonly jobId: string; readonly token: number }

/** Requests that come, wait, and run as long as they did, by decisions of the core, which take no time. */
export class Replayed {
  readonly queue = new CoreQueue()
  readonly events: RecordedEvent[] = []
  readonly came = new Map<string, Micros>()
  readonly started = new Map<string, Micros>()
  readonly #seconds: ReadonlyMap<string, number>
  readonly #agenda = new Agenda<Item>()
  #free: number

  constructor(requests: readonly Request[], { slots, maxOvertakes, apart }: Load) {
    this.#free = slots
    this.#seconds = new Map(requests.map(({ jobId, seconds }) => [jobId, seconds]))
    this.queue.setPolicy({ ...byModel, maxOvertakes })
    const begin = this.queue.now
    for (const [n, request] of requests.entries())
      this.#agenda.add(begin + n * apart * MICROS_PER_SECOND, { request })
  }

  /** Goes on until so many more have started; false: nothing is left. */
  goOn(starts: number): boolean {
    const enough = this.started.size + starts
    while (this.started.size < enough) {
      const next = this.#agenda.next()
      if (next === undefined) return false
      this.queue.at(Math.max(next.at, this.queue.now))
      this.#do(next.item)
    }
    return true
  }

  /** How long they waited that waited at all, in microseconds. */
  get waits(): readonly number[] {
    const waits = [...this.started].map(([jobId, at]) => at - (this.came.get(jobId) ?? at))
    return waits.filter((wait) => wait > MICROS_PER_SECOND)
  }

  get moment(): Moment {
    return { ledger: this.queue.ledger, now: this.queue.now, free: this.#free }
  }

  #do(item: Item): void {
    if ('request' in item) {
      const { jobId, models } = item.request
      this.came.set(jobId, this.queue.now)
      this.#take(
        this.queue.sendAll([{ type: 'enqueue', specs: [plainSpec(jobId, models)] }], this.#free).events,
      )
    } else {
      this.#free++
      this.#take(this.queue.sendAll([{ type: 'complete', ...item }], this.#free).events)
    }
  }

  #take(events: readonly RecordedEvent[]): void {
    for (const event of events) {
      this.events.push(event)
      if (event.type !== 'started') continue
      const { jobId, seq: token, at } = event
      this.#free--
      this.started.set(jobId, at)
      this.#agenda.add(at + (this.#seconds.get(jobId) ?? 0) * MICROS_PER_SECOND, { jobId, token })
    }
  }
}
