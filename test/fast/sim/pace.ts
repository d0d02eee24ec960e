import { InterlockError } from '../../../src/engine/core/index.ts'
import type { Act, Script } from './script.ts'
import type { Timeline } from './timeline.ts'

interface Taken {
  readonly ms: number
  readonly thenMs: number
  /** It is not carried out: `store_unavailable`. */
  readonly error?: InterlockError
}

type Slow = NonNullable<Script['network']['slow']>

/** The longest that a call waits for the lock of the queue, in milliseconds: `lock_timeout` in `job_queue_append`. */
const LOCK_MS = 2_000

/**
 * How fast the database is: its calls may take a multiple of what the network takes, for a while or all the time, and they may stand still.
 * Appends that are slow because of the disk hold the lock of the queue meanwhile, so each waits for those before it.
 */
export class Pace {
  readonly #timeline: Timeline
  readonly #delay: number
  readonly #always: Slow | undefined
  #for: { readonly slow: Slow; readonly began: number; readonly until: number }[] = []
  #stalledUntil = 0
  /** When the lock of the queue comes free. */
  #freeAt = 0

  constructor(timeline: Timeline, { delay, slow }: Script['network']) {
    this.#timeline = timeline
    this.#delay = delay
    this.#always = slow
  }

  slow(act: Act & { readonly do: 'slow' }): void {
    const { now } = this.#timeline
    this.#for.push({ slow: act, began: now, until: now + act.ms })
  }

  stall(ms: number): void {
    this.#stalledUntil = Math.max(this.#stalledUntil, this.#timeline.now + ms)
  }

  /** From sending an append to its answer, as things are now, without waiting for others; or what goes before one, if that is slower. */
  get appendMs(): number {
    return (
      2 * this.#delay + Math.max(...['append', 'publish', 'read', 'beat'].map((call) => this.#msOf(call).ms))
    )
  }

  /** A call arrives now: how long it takes until it is carried out, and from then on until its answer leaves. */
  take(call: string): Taken {
    const { now } = this.#timeline
    const { ms, holdsLock } = this.#msOf(call)
    const from = Math.max(now, this.#stalledUntil)
    if (!holdsLock) return { ms: from - now + ms, thenMs: 0 }
    const begins = Math.max(from, this.#freeAt)
    if (begins - from > LOCK_MS) return { ms: from - now + LOCK_MS, thenMs: 0, error: locked() }
    this.#freeAt = begins + ms
    return { ms: begins - now, thenMs: ms }
  }

  #msOf(call: string): { ms: number; holdsLock: boolean } {
    const { now } = this.#timeline
    this.#for = this.#for.filter(({ until }) => until > now)
    const all = this.#for.map(({ slow, began, until }) => ({
      slow,
      times: slow.times + ((slow.grows ?? 0) * (now - began)) / (until - began),
    }))
    if (this.#always !== undefined) all.push({ slow: this.#always, times: this.#always.times })
    const those = all.filter(({ slow: { calls } }) => calls === 'all' || calls === call)
    return {
      ms: Math.max(0, ...those.map(({ times }) => times * this.#delay)),
      holdsLock: call === 'append' && those.some(({ slow }) => slow.locks),
    }
  }
}

const locked = () =>
  new InterlockError('store_unavailable', 'append: the lock of the queue did not come free', {
    sqlstate: '55P03',
  })
