import { InterlockError } from '../../../engine/core/index.ts'
import type { LogStore } from '../../../engine/store/index.ts'

/** Calls that wait for their turn. More are refused at once. */
const MOST_WAITING = 200

export interface Budget {
  /** Calls to the store at once. */
  readonly maxCalls: number
  /** How long a call may take, in milliseconds, including its wait. */
  readonly timeLimitMs: number
}

/** The calls that a dashboard reads with. */
const reading = [
  'open',
  'read',
  'rows',
  'snapshot',
  'chunk',
  'projectionPage',
  'workers',
  'data',
  'dead',
  'backlog',
] as const satisfies readonly (keyof LogStore)[]

/**
 * The store for a dashboard: only few calls at once, however many viewers ask, and none for long. A call that is given up keeps
 * its place until the store has ended it, since the database still works on it.
 */
export function budgeted(store: LogStore, { maxCalls, timeLimitMs }: Budget): LogStore {
  const waiting: (() => void)[] = []
  let running = 0

  const turn = async (): Promise<void> => {
    if (running < maxCalls) {
      running++
      return
    }
    if (waiting.length >= MOST_WAITING)
      throw new InterlockError('contention', 'the dashboard is busy; try again')
    await new Promise<void>((resolve) => waiting.push(resolve))
  }
  const end = () => {
    const next = waiting.shift()
    if (next === undefined) running--
    else next()
  }
  const within = async <T>(call: () => Promise<T>): Promise<T> => {
    const late = new InterlockError(
      'store_unavailable',
      `the database has not answered within ${timeLimitMs} ms; check that it runs, and what keeps it busy`,
    )
    let isOver = false
    const work = turn().then(async () => {
      try {
        if (isOver) throw late
        return await call()
      } finally {
        end()
      }
    })
    return await inTime(work, timeLimitMs, () => {
      isOver = true
      return late
    })
  }

  const bounded = Object.fromEntries(
    reading.map((name) => {
      const method = store[name] as (...given: unknown[]) => Promise<unknown>
      return [name, (...given: unknown[]) => within(() => method.apply(store, given))]
    }),
  )
  return Object.assign(Object.create(store) as LogStore, bounded)
}

function inTime<T>(work: Promise<T>, ms: number, late: () => unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(late()), ms)
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
