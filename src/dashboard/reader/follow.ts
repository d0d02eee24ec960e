import { pause } from '../../coordinator/parts.ts'
import { InterlockError, type Micros, type RecordedEvent } from '../../core/index.ts'
import { type LogStore, PAGE } from '../../port/index.ts'
import { type Tail, tailFrom } from './tail.ts'

/** Called while a log is followed: in order, and one at a time. */
export interface OnFollowing {
  /** The tail has new events. */
  events(): void
  /** The database cannot be read. Called once, until it can be read again. */
  failure(error: unknown): void
  recovered(): void
  /** The log is another one, or the next events were archived: everything known is void. */
  reset(code: 'log_went_back' | 'archived'): void
}

export interface FollowOptions {
  readonly store: Pick<LogStore, 'open' | 'read' | 'listen'>
  readonly queue: string
  /** How often to read the log without a wake-up, in milliseconds. */
  readonly pollMs: number
  readonly on: OnFollowing
}

/** The pause between two tries while the database does not answer, in milliseconds: the first, and the longest. */
const REST = { first: 50, longest: 1_000 }

/** What is known about the end of a log. */
export interface Following {
  readonly tail: Tail | null
  /** The database's clock, as far as this process can tell. */
  now(): Micros
  /** Reads what is new. @throws what the store throws */
  look(): Promise<void>
  /** Reads whenever something happens, until the signal fires. Never throws. */
  run(signal: AbortSignal): Promise<void>
}

/**
 * Follows the end of a log by wake-ups, and by a look every `pollMs` in case one was lost. Each look also reads the last known
 * event again: after a restore, another event has its number. It passes on only events that follow the last one.
 */
export function followLog({ store, queue, pollMs, on }: FollowOptions): Following {
  let tail: Tail | null = null
  let clock = { now: 0, at: 0 }
  let isOpen = false
  let looking: Promise<void> | null = null

  const start = async () => {
    if (!isOpen) await store.open(queue, { make: false })
    isOpen = true
    const { version, now } = await store.read(queue, 0, 1)
    clock = { now, at: performance.now() }
    // One event more, for the next look to compare with.
    const from = Math.max(0, version - 1)
    const { events } = await store.read(queue, from, PAGE)
    tail = tailFrom(events[0]?.seq === from + 1 ? from : version)
    if (!tail.push(events)) throw gap(queue, tail.version)
  }

  const begin = async (code: 'log_went_back' | 'archived') => {
    tail = null
    on.reset(code)
    await start()
    on.events()
  }

  const readOn = async (): Promise<void> => {
    if (tail === null) {
      await start()
      return on.events()
    }
    for (;;) {
      const { version: known, lastAt } = tail
      const page = await store.read(queue, Math.max(0, known - 1), PAGE)
      clock = { now: page.now, at: performance.now() }
      const fault = changeOf(page, known, lastAt)
      if (fault !== null) return begin(fault)
      const fresh = page.events.filter(({ seq }: RecordedEvent) => seq > known)
      if (!tail.push(fresh)) throw gap(queue, known)
      if (fresh.length > 0) on.events()
      if (tail.version >= page.version) return
      if (fresh.length === 0) throw gap(queue, known)
    }
  }

  const look = (): Promise<void> => {
    looking ??= readOn().finally(() => {
      looking = null
    })
    return looking
  }

  return {
    get tail() {
      return tail
    },
    now: () => clock.now + Math.round((performance.now() - clock.at) * 1_000),
    look,
    run: async (signal) => {
      let failed = 0
      let stop: (() => Promise<void>) | null = null
      let wake = () => {}
      let isWoken = false
      const onWake = () => {
        isWoken = true
        wake()
      }
      signal.addEventListener('abort', onWake)
      while (!signal.aborted) {
        isWoken = false
        try {
          await look()
          stop ??= await store.listen(queue, onWake)
          if (failed > 0) on.recovered()
          failed = 0
        } catch (error) {
          if (failed++ === 0) on.failure(error)
          await pause(Math.min(REST.first * 2 ** failed, REST.longest), signal)
          continue
        }
        if (!isWoken && !signal.aborted) await rested(pollMs, (resolve) => (wake = resolve))
      }
      signal.removeEventListener('abort', onWake)
      await stop?.().catch(() => {})
    },
  }
}

/** Waits for the end of a pause, or for a wake-up. */
function rested(ms: number, onWake: (resolve: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    onWake(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}

interface Page {
  readonly events: readonly RecordedEvent[]
  readonly version: number
  readonly archivedSeq: number
}

/** Whether a page shows that this is another log, or that the next events are gone. */
function changeOf(
  { events, version, archivedSeq }: Page,
  known: number,
  lastAt: Micros | null,
): 'log_went_back' | 'archived' | null {
  if (version < known) return 'log_went_back'
  const [first] = events
  if (first === undefined) return archivedSeq > known ? 'archived' : null
  if (lastAt !== null && first.seq === known && first.at !== lastAt) return 'log_went_back'
  return null
}

const gap = (queue: string, version: number) =>
  new InterlockError(
    'corrupt_log',
    `event ${version + 1} is not in the log of queue ${queue}, though later ones are; run \`interlock verify\``,
    { seq: version + 1 },
  )
