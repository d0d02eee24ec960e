import { InterlockError, isPassing } from '../../core/index.ts'
import type { StoreTraits } from '../../store/index.ts'
import { retryWhile, type TimeLimit } from '../base/retry.ts'

/**
 * A try that has had no answer for so long is taken for one that gets none, in milliseconds: the longest wait for a lock. It is also
 * the least patience without a failure.
 */
const SILENT_MS = 2_000
/** Calls that came one after the other are given up together, at most so many milliseconds late: there may be 100,000 of them. */
const TOGETHER_MS = 20

/** A call of this process that waits for the database. */
export interface Call {
  /** When it was made, by `performance.now()`. */
  readonly madeAt: number
  readonly giveUp: (error: unknown) => void
}

/** Writing the log, reading it, sending large data ahead, or committing a large call. Of a queue that is locked, the log can be read. */
type CallKind = 'append' | 'read' | 'stage' | 'submit'

/** Something the database was asked, and what to say if it goes on for too long. */
interface TriedCall {
  readonly began: number
  readonly why: () => InterlockError | undefined
}

interface PatienceOptions {
  readonly limit: TimeLimit
  readonly log: { readonly store: Pick<StoreTraits, 'name'> }
}

/**
 * How long the calls of a process wait while the database does not do what it is asked. The time of a call counts from when it was
 * made: those before it, which are tried again, must not use up more than their own time. A call is given up also while a try for
 * it is under way; what comes of that is then nobody's, as with any answer that was lost.
 *
 * No call is given up while the database works off what this process gave it before: a long line is no outage.
 */
export class Patience {
  readonly #limit: TimeLimit
  readonly #store: string
  readonly #calls = new Set<Call>()
  readonly #tries = new Set<TriedCall>()
  /** Why the last try of each kind failed, if it did. */
  readonly #failed = new Map<CallKind, InterlockError>()
  #timer: NodeJS.Timeout | undefined
  #at = Number.POSITIVE_INFINITY

  /** @param store its name, without credentials */
  constructor(limit: TimeLimit, store: string) {
    this.#limit = limit
    this.#store = store
  }

  /** Waits for some work as a call of its own. @throws what the work throws, or why it was given up */
  within<Out>(madeAt: number, work: (call: Call) => Promise<Out>): Promise<Out> {
    const { promise, reject } = Promise.withResolvers<never>()
    const call = { madeAt, giveUp: reject }
    this.begin(call)
    return Promise.race([work(call), promise]).finally(() => this.end(call))
  }

  begin(call: Call): void {
    this.#calls.add(call)
    this.#set(call.madeAt + this.#mostMs)
  }

  /** It has its answer. */
  end(call: Call): void {
    this.#calls.delete(call)
  }

  /** Milliseconds that are left to a call that was made then. */
  leftMs(madeAt: number): number {
    return Math.max(0, madeAt + this.#limit.forMs - performance.now())
  }

  /** False: it was given up, or has its answer. */
  isWaiting(call: Call | undefined): boolean {
    return call === undefined || this.#calls.has(call)
  }

  /** Tells of a call, after a try that failed, whether to try no more. If no program of this process waits, its time counts from now. */
  judge(): (call: Call | undefined) => boolean {
    const since = performance.now()
    return (call) => !this.isWaiting(call) || this.leftMs(call?.madeAt ?? since) === 0
  }

  /** Tries until it succeeds, fails for good, or the call is over. */
  retry<Out>(kind: CallKind, call: Call | undefined, work: () => Promise<Out>): Promise<Out> {
    const isOver = this.judge()
    const goesOn = (error: unknown) => isPassing(error) && !isOver(call)
    return retryWhile(goesOn, this.#limit.signal, () => this.during(kind, work))
  }

  /**
   * One try of something that calls wait for.
   * @param why it takes so long, if that is known before it fails
   */
  async during<Out>(
    kind: CallKind,
    work: () => Promise<Out>,
    why: TriedCall['why'] = () => undefined,
  ): Promise<Out> {
    const one = { began: performance.now(), why }
    this.#tries.add(one)
    try {
      const out = await work()
      if (kind === 'append') this.#failed.clear()
      this.#failed.delete(kind)
      return out
    } catch (error) {
      if (isPassing(error)) this.#failed.set(kind, error)
      throw error
    } finally {
      this.#tries.delete(one)
    }
  }

  get #mostMs(): number {
    return Math.max(this.#limit.forMs, SILENT_MS)
  }

  #set(at: number): void {
    if (at >= this.#at) return
    clearTimeout(this.#timer)
    this.#at = at
    this.#timer = setTimeout(() => this.#look(), Math.ceil(at - performance.now())).unref()
  }

  #look(): void {
    this.#at = Number.POSITIVE_INFINITY
    const now = performance.now()
    const reason = this.#reason(now)
    let next = Number.POSITIVE_INFINITY
    for (const call of this.#calls) {
      const at = call.madeAt + this.#mostMs
      if (at > now) next = Math.min(next, at)
      else if (reason === undefined) next = now
      else {
        this.#calls.delete(call)
        call.giveUp(reason)
      }
    }
    if (next === Number.POSITIVE_INFINITY) return
    this.#set(next > now ? Math.max(next, now + TOGETHER_MS) : this.#silentAt(now))
  }

  /** Why the database does not get on; undefined if it does. */
  #reason(now: number): InterlockError | undefined {
    const [failure] = this.#failed.values()
    if (failure !== undefined) return failure
    const [first] = this.#tries
    if (first === undefined || now - first.began < SILENT_MS) return undefined
    return first.why() ?? this.#unanswered(now - first.began)
  }

  /** When the oldest try will have had no answer for too long. */
  #silentAt(now: number): number {
    const [first] = this.#tries
    return Math.max(now + TOGETHER_MS, (first?.began ?? now) + SILENT_MS)
  }

  #unanswered(ms: number): InterlockError {
    return new InterlockError(
      'store_unavailable',
      `${this.#store}: no answer for ${Math.round(ms / 1_000)} s, and nobody knows whether what was sent takes effect; check that the server runs and is not overloaded`,
      { cause: 'unanswered' },
    )
  }
}

export const patienceOf = ({ limit, log }: PatienceOptions): Patience => new Patience(limit, log.store.name)
