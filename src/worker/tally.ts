import type { WorkerMetrics } from './api.ts'

/** The metrics that only count up, and `stuck`, which comes down again. */
export type Tally = { -readonly [Name in Exclude<keyof WorkerMetrics, 'running' | 'free'>]: number }

export function emptyTally(): Tally {
  return {
    started: 0,
    completed: 0,
    failed: 0,
    retried: 0,
    postponed: 0,
    cancelled: 0,
    detached: 0,
    lost: 0,
    stuck: 0,
    takenIn: 0,
  }
}
