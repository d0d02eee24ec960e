import { batch, computed, type ReadonlySignal, signal } from '@preact/signals'
import { emptyLedger, type Ledger, type Micros } from '../../../core/index.ts'
import type { WorkerDocument } from '../../parts.ts'
import { ApiError, getJson, ofQueue } from './api.ts'
import { Replica } from './replica.ts'
import { type Said, sharedStream } from './stream.ts'

/** Why the page does not show the present. */
export interface Notice {
  readonly code: string
  readonly message: string
}

/** A queue and its events as they come. Signals change at most once per frame, however many events come. */
export interface Live {
  readonly queue: string
  readonly replica: Replica
  /** The number of the last event that is shown. */
  readonly version: ReadonlySignal<number>
  readonly ledger: ReadonlySignal<Ledger>
  readonly workers: ReadonlySignal<readonly WorkerDocument[]>
  readonly notice: ReadonlySignal<Notice | null>
  readonly isLoaded: ReadonlySignal<boolean>
  /** Paused: the page takes new events, but does not show them. */
  readonly isPaused: { value: boolean }
  /** The database's clock, as far as this page can tell. */
  now(): Micros
  /** Rises when the log is another one: what was known is void. */
  readonly generation: ReadonlySignal<number>
  /** The number before the first event in memory. Earlier events can be loaded. */
  readonly base: ReadonlySignal<number>
  /** The number before the first event that can be read at all. */
  readonly first: ReadonlySignal<number>
  /** Loads earlier events, down to a number, a piece at a time. @throws ApiError */
  readBack(to: number): Promise<void>
  stop(): void
}

/** The most earlier events to load: they stay in memory. */
const MOST_BACK = 200_000

export function liveQueue(queue: string): Live {
  const replica = new Replica(queue)
  const version = signal(0)
  const ledger = signal<Ledger>(emptyLedger)
  const workers = signal<readonly WorkerDocument[]>([])
  const notice = signal<Notice | null>(null)
  const isLoaded = signal(false)
  const isPaused = signal(false)
  const generation = signal(0)
  const base = signal(0)
  const first = signal(0)
  let reading: Promise<void> = Promise.resolve()
  let clock = { now: 0, at: 0 }
  let frame = 0
  let leave = () => {}
  let isStopped = false
  let isMending = false

  const show = () => {
    frame = 0
    if (isPaused.value) return
    batch(() => {
      version.value = replica.version
      ledger.value = replica.head
      base.value = replica.base
    })
  }
  // A hidden tab gets no animation frames, and needs none.
  const showSoon = () => {
    if (frame === 0) frame = requestAnimationFrame(show)
  }
  const unsubscribe = isPaused.subscribe((paused) => {
    if (!paused && isLoaded.peek()) showSoon()
  })
  const fail = (error: unknown) => {
    const { code, message } = error instanceof ApiError ? error : { code: 'failed', message: String(error) }
    notice.value = { code, message }
  }
  /** Reads what is missing, after a stream was cut or if the tab came late. */
  const mend = async () => {
    if (isMending) return
    isMending = true
    try {
      await replica.catchUp()
      showSoon()
    } catch (error) {
      fail(error)
    } finally {
      isMending = false
    }
  }
  const take = (said: Said) => {
    switch (said.event) {
      case 'log':
        if (replica.push(said.data)) showSoon()
        else void mend()
        return
      case 'workers':
        workers.value = said.data
        return
      case 'time': {
        clock = { now: said.data.now, at: performance.now() }
        const { since, version: head } = said.data
        if (isOtherLog(replica, since)) return void load()
        notice.value = null
        if (head > replica.version + 5_000) void mend()
        return
      }
      case 'failure':
      case 'away':
        notice.value = said.data
        return
      case 'recovered':
        notice.value = null
        return
      case 'reset':
        return void load()
      case 'bye':
        return
    }
  }
  const load = async (): Promise<void> => {
    leave()
    for (let failed = 0; !isStopped; failed++) {
      try {
        const head = await getJson<{ readonly first: number }>(ofQueue(queue))
        await replica.load()
        first.value = head.first - 1
        break
      } catch (error) {
        fail(error)
        if (error instanceof ApiError && (error.status === 401 || error.status === 404)) return
        await new Promise((resolve) => setTimeout(resolve, Math.min(300 * 2 ** failed, 3_000)))
      }
    }
    if (isStopped) return
    batch(() => {
      generation.value++
      notice.value = null
      isLoaded.value = true
    })
    show()
    // The stream sends them only when they change.
    getJson<{ readonly workers: readonly WorkerDocument[] }>(ofQueue(queue, 'workers')).then(
      ({ workers: now }) => (workers.value = now),
      () => {},
    )
    leave = sharedStream({ queue, known: () => replica.version, onSaid: take })
  }
  /** One after the other, since two calls at once would load the same pages. */
  const readBack = (to: number): Promise<void> => {
    const next = reading
      .catch(() => {})
      .then(async () => {
        const began = generation.peek()
        const least = Math.max(to, first.peek(), replica.version - MOST_BACK)
        while (!isStopped && generation.peek() === began && replica.base > least) {
          if (!(await replica.loadBefore(least))) return
          base.value = replica.base
        }
      })
    reading = next
    return next
  }
  void load()
  return {
    ...{ queue, replica, version, ledger, workers, isLoaded, isPaused, generation, base, first, readBack },
    notice: computed(() => notice.value),
    now: () => (clock.now === 0 ? Date.now() * 1_000 : clock.now + (performance.now() - clock.at) * 1_000),
    stop: () => {
      isStopped = true
      cancelAnimationFrame(frame)
      unsubscribe()
      leave()
    },
  }
}

/** Times rise strictly, so an event in the place of a known one has another time. */
function isOtherLog(replica: Replica, since: { readonly seq: number; readonly at: Micros | null }): boolean {
  const known = replica.event(since.seq)
  return known !== undefined && since.at !== null && known.at !== since.at
}
