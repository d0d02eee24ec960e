import { type MemoryDatabase, memoryDatabase } from '../../../src/engine/store/memory/index.ts'
import { WALL_START_MS } from './globals.ts'
import type { Act } from './script.ts'
import type { Timeline } from './timeline.ts'

/** The database of a run, as it fails over from one server to another. */
export interface SimDatabase extends MemoryDatabase {
  /** How far its clock is ahead of the true time, in milliseconds. */
  ahead: number
  /** Until then no server serves. */
  awayUntil: number
  /** A negative control: it does not know that another server has taken over, and so that nobody could renew a lease. */
  readonly isForgetful: boolean
}

export function simDatabase(timeline: Timeline, isForgetful: boolean): SimDatabase {
  const now = () => Math.round((WALL_START_MS + timeline.now + database.ahead) * 1_000)
  const database: SimDatabase = Object.assign(memoryDatabase(now), { ahead: 0, awayUntil: 0, isForgetful })
  return database
}

type FailOver = Act & { readonly do: 'fail_over' }

/**
 * The server dies, and after a while another takes over. It has every event (a log that goes back is a restore), but not the beats of
 * the last while, as an asynchronous standby would, and its clock is its own.
 */
export function failOver(database: SimDatabase, timeline: Timeline, { lag, ms, skew }: FailOver): void {
  const queue = database.queues.get('default')
  const beats = new Map([...(queue?.workers ?? [])].map(([id, { dead: _, ...known }]) => [id, known]))
  const takeOver = () => {
    for (const [id, known] of beats) Object.assign(queue?.workers.get(id) ?? {}, known)
    database.ahead += skew
    if (!database.isForgetful) database.since = database.now()
  }
  timeline.later(lag, undefined, () => {
    database.awayUntil = timeline.now + ms
    timeline.later(ms, undefined, takeOver)
  })
}
