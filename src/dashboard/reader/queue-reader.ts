import { messageOf } from '../../codec/index.ts'
import { isInterlockError, type Ledger, type Micros } from '../../core/index.ts'
import type { LogPage, LogStore, WorkerRow } from '../../port/index.ts'
import { followLog } from './follow.ts'
import { type Ledgers, ledgersOf, type Written, written } from './ledgers.ts'
import { pagesOf } from './pages.ts'
import type { Tail } from './tail.ts'

/** How often to read the processes while there are viewers, in milliseconds. */
const WORKERS_MS = 5_000
/** How long the reader goes on without viewers, so that a reloaded page has its data at once. */
const LINGER_MS = 10_000
/** What was read this recently is returned again. */
const FRESH_MS = 100

/** Why the data is old. */
export interface Failure {
  readonly code: string
  readonly message: string
}

/** A viewer of a queue: told that there is news, and then reads it. */
export interface Viewer {
  changed(what: 'events' | 'workers' | 'failure'): void
  reset(code: 'log_went_back' | 'archived'): void
}

/** One reader of a queue for all its viewers. */
export interface QueueReader {
  readonly queue: string
  readonly store: LogStore
  /** Null: all is well. */
  readonly failure: Failure | null
  /** The processes as last read; null: not read yet. */
  readonly workers: readonly WorkerRow[] | null
  /** The end of the log, at most a moment old. @throws what the store throws */
  head(): Promise<Tail>
  /** The end of the log now. @throws what the store throws */
  look(): Promise<Tail>
  /** The end of the log as far as it is known; null: not read yet, or it has to be read again. */
  readonly tail: Tail | null
  now(): Micros
  page(after: number, limit: number): Promise<LogPage>
  ledger(): Promise<Ledger>
  /** The ledger at a number, or less than a page before it; null: at the head. */
  snapshot(at: number | null): Promise<Written>
  lookForWorkers(): Promise<readonly WorkerRow[]>
  /** The reader runs while viewers are attached. @returns how to detach */
  attach(viewer: Viewer): () => void
  close(): Promise<void>
}

export interface ReaderOptions {
  readonly store: LogStore
  readonly queue: string
  readonly pollMs: number
}

export function queueReader({ store, queue, pollMs }: ReaderOptions): QueueReader {
  const viewers = new Set<Viewer>()
  const pages = pagesOf(store, queue)
  const ledgers: Ledgers = ledgersOf(store, queue, pages)
  let failure: Failure | null = null
  let workers: readonly WorkerRow[] | null = null
  let lookedAt = Number.NEGATIVE_INFINITY
  let head: { readonly version: number; readonly text: Promise<Written> } | null = null
  const tell = (what: 'events' | 'workers' | 'failure') => {
    for (const viewer of viewers) viewer.changed(what)
  }
  const following = followLog({
    store,
    queue,
    pollMs,
    on: {
      events: () => tell('events'),
      failure: (error) => {
        failure = failureOf(error)
        tell('failure')
      },
      recovered: () => {
        failure = null
        tell('failure')
      },
      reset: (code) => {
        pages.clear()
        ledgers.clear()
        head = null
        for (const viewer of viewers) viewer.reset(code)
      },
    },
  })
  const look = async (): Promise<Tail> => {
    await following.look()
    lookedAt = performance.now()
    // Meanwhile another log may have begun.
    return following.tail ?? look()
  }
  const recent = async (): Promise<Tail> => {
    const isFresh = failure === null && performance.now() - lookedAt < FRESH_MS
    return (isFresh ? following.tail : null) ?? (await look())
  }
  const lookForWorkers = async () => {
    workers = await store.workers(queue)
    return workers
  }
  const running = whileAttended(async (signal) => {
    const timer = setInterval(() => {
      if (failure === null)
        lookForWorkers().then(
          () => tell('workers'),
          () => {},
        )
    }, WORKERS_MS)
    await following.run(signal)
    clearInterval(timer)
    failure = null
  })
  return {
    queue,
    store,
    get failure() {
      return failure
    },
    get workers() {
      return workers
    },
    get tail() {
      return following.tail
    },
    head: recent,
    look,
    now: following.now,
    page: pages.read,
    ledger: async () => ledgers.head(await recent()),
    snapshot: async (at) => {
      const tail = await recent()
      if (at !== null && at < tail.version) return ledgers.near(at)
      if (head?.version !== tail.version)
        head = { version: tail.version, text: ledgers.head(tail).then(written) }
      return head.text
    },
    lookForWorkers,
    attach: (viewer) => {
      viewers.add(viewer)
      const leave = running.enter()
      return () => {
        viewers.delete(viewer)
        leave()
      }
    },
    close: running.close,
  }
}

/** Runs while there are viewers, and a while longer. */
function whileAttended(run: (signal: AbortSignal) => Promise<void>) {
  let present = 0
  let going: { readonly end: AbortController; readonly done: Promise<void> } | null = null
  let lingering: NodeJS.Timeout | undefined
  let isClosed = false
  const stop = async () => {
    clearTimeout(lingering)
    const last = going
    going = null
    last?.end.abort()
    await last?.done
  }
  return {
    enter: () => {
      present++
      clearTimeout(lingering)
      if (going === null && !isClosed) {
        const end = new AbortController()
        going = { end, done: run(end.signal) }
      }
      let isHere = true
      return () => {
        if (!isHere) return
        isHere = false
        if (--present > 0 || isClosed) return
        lingering = setTimeout(() => void stop(), LINGER_MS)
        lingering.unref()
      }
    },
    close: () => {
      isClosed = true
      return stop()
    },
  }
}

function failureOf(error: unknown): Failure {
  if (isInterlockError(error)) return { code: error.code, message: error.message }
  return { code: 'failed', message: messageOf(error) }
}
