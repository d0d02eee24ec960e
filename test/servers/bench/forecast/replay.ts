import { CoreQueue, plainSpec } from '../../../../bench/core-queue.ts'
import type { Request } from '../../../../bench/schedule/trace.ts'
import {
  Agenda,
  type Keepers,
  type Ledger,
  loadingOf,
  MICROS_PER_SECOND,
  type Micros,
  type Policy,
  type RecordedEvent,
  type WorkerFact,
  withStart,
} from '../../../../src/engine/core/index.ts'

export interface Load {
  readonly processes: number
  /** Of each process. */
  readonly slots: number
  /** How many models each process keeps loaded; absent: none says so, and nothing takes time to load. */
  readonly keeps?: number
  readonly policy: Policy
  /** So many requests come at the same time. */
  readonly burst: number
}

/** What somebody can look at who asks when a job starts. */
export interface Moment {
  readonly ledger: Ledger
  readonly now: Micros
  readonly workers: readonly WorkerFact[]
}

type Item =
  | { readonly requests: readonly Request[] }
  | { readonly jobId: string; readonly token: number; readonly worker: string }

/** Requests that come, wait, and run as long as they did, and longer for what has to be loaded. Decisions of the core take no time. */
export class Replayed {
  readonly queue = new CoreQueue()
  readonly events: RecordedEvent[] = []
  readonly started = new Map<string, Micros>()
  readonly #seconds: ReadonlyMap<string, number>
  readonly #agenda = new Agenda<Item>()
  readonly #load: Load
  readonly #free = new Map<string, number>()

  /** @param load `apart`: after how many seconds the next requests come */
  constructor(requests: readonly Request[], load: Load & { readonly apart: number }) {
    this.#load = load
    this.#seconds = new Map(requests.map(({ jobId, seconds }) => [jobId, seconds]))
    this.#take(this.queue.setPolicy(load.policy))
    for (let n = 1; n <= load.processes; n++) this.#free.set(`w${n}`, load.slots)
    for (const worker of this.#free.keys()) this.#send({ type: 'claim' }, worker)
    const begin = this.queue.now
    for (let n = 0; n < requests.length; n += load.burst) {
      const at = begin + (n / load.burst) * load.apart * MICROS_PER_SECOND
      this.#agenda.add(at, { requests: requests.slice(n, n + load.burst) })
    }
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

  get moment(): Moment {
    const workers = [...this.#free].map(([workerId, freeSlots]) => ({
      ...{ workerId, freeSlots, state: 'live' as const, kinds: null, release: '1.0.0' },
    }))
    return { ledger: this.queue.ledger, now: this.queue.now, workers }
  }

  #do(item: Item): void {
    if ('requests' in item) {
      const specs = item.requests.map(({ jobId, models }) => plainSpec(jobId, models))
      this.#send({ type: 'enqueue', specs })
    } else {
      const { worker, ...attempt } = item
      this.#free.set(worker, (this.#free.get(worker) ?? 0) + 1)
      this.#send({ type: 'complete', ...attempt }, worker)
    }
  }

  /** Who sends it claims what it has room for; then all others do. */
  #send(body: Parameters<CoreQueue['send']>[0], by?: string): void {
    const workers = [...this.#free.keys()]
    const [first = 'w1', ...others] =
      by === undefined ? workers : [by, ...workers.filter((one) => one !== by)]
    this.#sendBy(first, body)
    for (const other of others)
      if (this.queue.ledger.offered.size > 0 && (this.#free.get(other) ?? 0) > 0)
        this.#sendBy(other, { type: 'claim' })
  }

  #sendBy(worker: string, body: Parameters<CoreQueue['send']>[0]): void {
    const { keepers } = this.queue.ledger
    const keeps = this.#load.keeps === undefined ? undefined : { keeps: this.#load.keeps }
    const claim = { max: this.#free.get(worker) ?? 0, kinds: null, ...keeps }
    this.#take(this.queue.send(body, claim, worker).events, keepers)
  }

  #take(events: readonly RecordedEvent[], before: Keepers = []): void {
    const { policy } = this.#load
    let keepers = before
    for (const event of events) {
      this.events.push(event)
      if (event.type !== 'started') continue
      const { jobId, seq: token, at, workerId: worker } = event
      this.#free.set(worker, (this.#free.get(worker) ?? 0) - 1)
      this.started.set(jobId, at)
      const seconds = (this.#seconds.get(jobId) ?? 0) + (loadingOf(keepers, policy, event)?.seconds ?? 0)
      this.#agenda.add(at + seconds * MICROS_PER_SECOND, { jobId, token, worker })
      keepers = withStart(keepers, policy, event)
    }
  }
}
