import {
  emptyLedger,
  fold,
  type Ledger,
  LedgerReader,
  type RecordedEvent,
} from '../../../../engine/core/index.ts'
import { turn } from '../frame/turn.ts'
import { ask, getJson, ofQueue } from './api.ts'

/** After so many events a ledger is kept, so that the ledger at any number is quickly made. */
const MARK = 500
/** The most events in memory. The oldest are dropped first, in steps. */
const MOST = 200_000
const STEP = 20_000
const PAGE = 1_000
/** How many earlier events to load at once. Each piece begins with a snapshot, which costs the server more than a page. */
const PIECE = 20_000

interface LoadedPage {
  readonly events: readonly RecordedEvent[]
  readonly version: number
}

/** The loaded events of a queue, and the ledger at any number. */
export class PageReplica {
  readonly queue: string
  /** The number before the first loaded event. */
  #base = 0
  #events: RecordedEvent[] = []
  #head: Ledger = emptyLedger
  /** Ledgers by number. They share most of their content. */
  #marks = new Map<number, Ledger>()

  constructor(queue: string) {
    this.queue = queue
  }

  get base(): number {
    return this.#base
  }

  get version(): number {
    return this.#base + this.#events.length
  }

  get head(): Ledger {
    return this.#head
  }

  /** The loaded events, in order. */
  get events(): readonly RecordedEvent[] {
    return this.#events
  }

  /** Undefined: it is not loaded. */
  event(seq: number): RecordedEvent | undefined {
    return this.#events[seq - this.#base - 1]
  }

  /** Loads the newest ledger that the server has, and drops everything else. @throws ApiError */
  async load(): Promise<void> {
    const { ledger } = await snapshot(this.queue, null)
    this.#base = ledger.version
    this.#events = []
    this.#head = ledger
    this.#marks = new Map([[ledger.version, ledger]])
  }

  /**
   * Adds new events, and skips those that it has already.
   * @returns false if events before them are missing
   */
  push(events: readonly RecordedEvent[]): boolean {
    const fresh = events.filter(({ seq }) => seq > this.version)
    const [first] = fresh
    if (first === undefined) return true
    if (first.seq !== this.version + 1) return false
    for (let at = 0; at < fresh.length; ) {
      const room = MARK - (this.version % MARK)
      const some = fresh.slice(at, at + room)
      this.#head = fold(this.#head, some).ledger
      for (const event of some) this.#events.push(event)
      if (this.version % MARK === 0) this.#marks.set(this.version, this.#head)
      at += some.length
    }
    if (this.#events.length > MOST + STEP) this.#forget()
    return true
  }

  /** Reads what is missing up to the head. @throws ApiError */
  async catchUp(): Promise<void> {
    for (;;) {
      const page = await logPage(this.queue, this.version)
      if (page.events.length === 0 || !this.push(page.events) || this.version >= page.version) return
    }
  }

  /**
   * Loads earlier events, down to a number, but at most one piece.
   * @returns false if there are no earlier events
   * @throws ApiError
   */
  async loadBefore(to: number): Promise<boolean> {
    const base = this.#base
    if (base === 0) return false
    const wanted = Math.min(base - 1, Math.max(0, to, base - PIECE))
    const { ledger, events } = await stretch(this.queue, Math.floor(wanted / PAGE) * PAGE, base)
    if (ledger.version >= base) return false
    const marks = new Map([[ledger.version, ledger]])
    let at = ledger
    for (let i = 0; i + MARK <= events.length; i += MARK) {
      at = fold(at, events.slice(i, i + MARK)).ledger
      marks.set(at.version, at)
      await turn()
    }
    // Meanwhile another log may have been loaded, or the oldest events dropped.
    if (this.#base !== base) return true
    this.#events = [...events, ...this.#events]
    this.#base = ledger.version
    for (const [version, mark] of marks) this.#marks.set(version, mark)
    return true
  }

  /** The ledger at a number. Undefined if that is not loaded. */
  at(seq: number): Ledger | undefined {
    if (seq === this.version) return this.#head
    if (seq < this.#base || seq > this.version) return undefined
    let mark = seq
    while (!this.#marks.has(mark)) mark = Math.max(this.#base, Math.ceil(mark / MARK) * MARK - MARK)
    const from = this.#marks.get(mark)
    if (from === undefined) return undefined
    return fold(from, this.#events.slice(from.version - this.#base, seq - this.#base)).ledger
  }

  /** The ledger at any number, from the server if it is not loaded. @throws ApiError */
  async reach(seq: number): Promise<Ledger> {
    const here = this.at(seq)
    if (here !== undefined) return here
    const { ledger, events } = await stretch(this.queue, seq, seq)
    return fold(ledger, events).ledger
  }

  #forget(): void {
    const gone = STEP
    const base = this.#base + gone
    const from = this.at(base)
    if (from === undefined) return
    this.#events = this.#events.slice(gone)
    this.#base = base
    for (const mark of this.#marks.keys()) if (mark < base) this.#marks.delete(mark)
    this.#marks.set(base, from)
  }
}

const logPage = (queue: string, after: number, limit = PAGE) =>
  getJson<LoadedPage>(`${ofQueue(queue, 'log')}?after=${after}&limit=${limit}`)

/** A ledger at or before a number, and the events from there to another number. */
async function stretch(queue: string, at: number, upTo: number) {
  const { ledger } = await snapshot(queue, at)
  const events: RecordedEvent[] = []
  for (let after = ledger.version; after < upTo; ) {
    const page = await logPage(queue, after, Math.min(PAGE, upTo - after))
    if (page.events.length === 0) break
    for (const event of page.events) events.push(event)
    after += page.events.length
  }
  return { ledger, events }
}

/** @param at null: at the head */
async function snapshot(queue: string, at: number | null): Promise<{ readonly ledger: Ledger }> {
  const response = await ask(`${ofQueue(queue, 'snapshot')}${at === null ? '' : `?at=${at}`}`)
  const reader = new LedgerReader(Number(response.headers.get('interlock-version')))
  for (const line of (await response.text()).split('\n')) {
    reader.push(JSON.parse(line))
    await turn()
  }
  const finish = reader.finish()
  for (;;) {
    const { done, value } = finish.next()
    if (done) return { ledger: value }
    await turn()
  }
}
