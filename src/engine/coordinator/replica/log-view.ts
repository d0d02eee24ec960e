import { first, firstValueFrom } from 'rxjs'
import { type Ledger, MICROS_PER_MS, type Micros, wentBack } from '../../core/index.ts'
import {
  type AppendRole,
  type LogRole,
  type LookPolicy,
  lookPolicyOf,
  type News,
  type SnapshotRole,
  type StoreTraits,
} from '../../store/index.ts'
import { retryWithin } from '../base/retry.ts'
import { after } from '../base/timer.ts'
import { DatabaseClock, LogClock } from './clocks.ts'
import { Replica } from './replica.ts'

export interface LogViewOptions {
  readonly store: Pick<StoreTraits, 'name' | 'frugal' | 'clock'> &
    Pick<LogRole, 'read'> &
    Pick<AppendRole, 'confirm'> &
    Pick<SnapshotRole, 'snapshot' | 'chunk'>
  readonly queue: string
  /** Is told whenever the database has said that there is nothing more to read. */
  readonly failures?: ReadFailures
}

/** Where failures to read the log are noted, as what has read it sees that. */
interface ReadFailures {
  wentWell(doing: 'read'): void
}

/** What one process knows of a queue's log: what it has folded, how far the log goes, and the time of the queue. */
export class LogView {
  readonly store: LogViewOptions['store']
  readonly queue: string
  /** How often this process looks at the database, and at what. */
  readonly looks: LookPolicy
  readonly replica = new Replica()
  readonly clock: DatabaseClock
  readonly head: Head
  readonly confirmed: Confirmed
  /** News of appends that are not folded yet. */
  readonly news = new ReceivedNews()
  readonly #time: LogClock

  constructor({ store, queue, failures }: LogViewOptions) {
    this.store = store
    this.queue = queue
    this.looks = lookPolicyOf(store)
    this.head = new Head(failures)
    this.confirmed = new Confirmed(store, queue, this.replica)
    this.clock = clockOf(store)
    this.#time = new LogClock(this.clock, () => this.replica.ledger.lastAt)
    this.replica.changes$.subscribe(() => this.#time.see())
  }

  get ledger(): Ledger {
    return this.replica.ledger
  }

  /** The version up to which this process has folded the log. */
  get version(): number {
    return this.replica.version
  }

  /** The version that the log has reached, as far as this process has heard. */
  get knownVersion(): number {
    return Math.max(this.head.version, this.replica.version)
  }

  /** The time of the queue. Whatever is counted from events uses it. */
  now(): Micros {
    return this.#time.now()
  }

  /** Calls back once, when so much of the queue's time has passed. Returns how to cancel that. */
  after(ms: number, callBack: () => void): () => void {
    return this.store.clock?.after(ms, callBack) ?? after(ms, callBack)
  }

  /** How much later than a time it should look: after it, and not all processes at once. A clock of its own is exact. */
  spreadMs(): number {
    return this.store.clock === undefined ? 1 + Math.random() * 5 : 0
  }

  /** True while the log is ahead of the database's clock. */
  get isAhead(): boolean {
    return this.#time.isAhead
  }
}

function clockOf({ clock }: Pick<StoreTraits, 'clock'>): DatabaseClock {
  if (clock === undefined) return new DatabaseClock()
  const ms = () => clock.now() / MICROS_PER_MS
  return new DatabaseClock(ms, ms)
}

/** How far the log goes, as far as a process knows. */
export class Head {
  #version = 0
  #archivedSeq = 0
  #reachedAt = performance.now()
  readonly #failures: ReadFailures | undefined

  constructor(failures?: ReadFailures) {
    this.#failures = failures
  }

  /** The last version that it has heard of, from any source. */
  get version(): number {
    return this.#version
  }

  /** When it last knew everything in the log, by `performance.now()`. */
  get reachedAt(): number {
    return this.#reachedAt
  }

  /** The last event that was archived, as far as a read has said. */
  get archivedSeq(): number {
    return this.#archivedSeq
  }

  /** A read says where the log begins. */
  begins(archivedSeq: number): void {
    this.#archivedSeq = archivedSeq
  }

  /** The log goes at least that far. Infinite or absent: nothing is known. */
  receive(version: number | undefined): void {
    if (version !== undefined && Number.isFinite(version)) this.#version = Math.max(this.#version, version)
  }

  /** The process has folded everything there was a moment ago. @param version what a read says; what was heard may be wrong */
  reach(version = this.#version): void {
    this.#version = version
    this.#reachedAt = performance.now()
    this.#failures?.wentWell('read')
  }
}

/** The most news that are kept. A process further behind reads the log. */
const MOST_NEWS = 32

/**
 * Appends that this process was told of and has not folded yet. They are hints, not the truth: they are folded only if they
 * continue exactly from the version it knows, and anything missing is read from the log.
 */
class ReceivedNews {
  readonly #byAfter = new Map<number, News>()

  /** @param known the version up to which the log is folded; older news are dropped */
  receive(news: News | undefined, known: number): void {
    if (news === undefined) return
    for (const [after, { version }] of this.#byAfter) if (version <= known) this.#byAfter.delete(after)
    const longest = Math.max(known, this.#byAfter.get(news.after)?.version ?? 0)
    if (news.version > longest && this.#byAfter.size < MOST_NEWS) this.#byAfter.set(news.after, news)
  }

  /** Takes the news that continue this version, if there are any. @throws InterlockError if they are not a list of events */
  after(version: number): News | undefined {
    const exact = this.#byAfter.get(version)
    if (exact !== undefined) {
      this.#byAfter.delete(version)
      return exact
    }
    const [after, news] =
      [...this.#byAfter].find(([start, each]) => start < version && each.version > version) ?? []
    if (after === undefined || news === undefined) return undefined
    this.#byAfter.delete(after)
    return restOf(news, version)
  }
}

/** The news beyond a version in the midst of them, such as that of an append of the reader's own. */
function restOf({ after, events, ...news }: News, known: number): News | undefined {
  const all = events()
  const last = all[known - after - 1]
  if (last?.seq !== known) return undefined
  return { ...news, after: known, at: last.at, events: () => all.slice(known - after) }
}

/**
 * Up to which version the log is known to be where commits have to be: with the standby, if they wait for one. Whatever this process tells of
 * the log as a fact, an answer to a command or a start, passes here. So nothing is acknowledged that a fail-over would lose, whichever way
 * this process has learnt of it: by its own append, by a message of another process, or by reading.
 */
class Confirmed {
  readonly #store: Pick<AppendRole, 'confirm'>
  readonly #queue: string
  readonly #replica: Replica
  /** Infinite in a store where whatever can be read is where it has to be. */
  #version: number
  #asking: Promise<void> | undefined

  constructor(store: Pick<AppendRole, 'confirm'>, queue: string, replica: Replica) {
    this.#store = store
    this.#queue = queue
    this.#replica = replica
    this.#version = store.confirm === undefined ? Number.POSITIVE_INFINITY : 0
  }

  has(version: number): boolean {
    return version <= this.#version
  }

  /** The store has said so: it has answered an append, or nothing that it shows waits for a standby. */
  reach(version: number): void {
    this.#version = Math.max(this.#version, version)
  }

  /**
   * Resolves when it is so. Those who ask while a question is under way share the next one.
   * @param version has been read, or heard of: then it waits until it has been folded, since by the event itself a server is found out that
   * lacks it
   * @throws InterlockError `log_went_back`; what the store throws: then it is unknown
   */
  async upTo(version: number): Promise<void> {
    while (!this.has(version)) {
      if (this.#replica.version < version) {
        await firstValueFrom(this.#replica.changes$.pipe(first(() => this.#replica.version >= version)))
        continue
      }
      this.#asking ??= this.#ask()
      await this.#asking
    }
  }

  /** Calls `then` when it is so: at once, if that is known. Asks until it is, or until the signal fires. */
  after(version: number, signal: AbortSignal, then: () => void): void {
    if (this.has(version)) return then()
    const limit = { forMs: Number.POSITIVE_INFINITY, signal }
    retryWithin(limit, () => this.upTo(version)).then(then, () => {})
  }

  async #ask(): Promise<void> {
    const { version, ledger } = this.#replica
    try {
      const isThere = await this.#store.confirm?.(this.#queue, { version, at: ledger.lastAt })
      if (isThere === false) throw wentBack(this.#queue, version, version)
      this.reach(version)
    } finally {
      this.#asking = undefined
    }
  }
}
