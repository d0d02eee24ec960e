import type { Position } from './event.ts'
import { MICROS_PER_SECOND, type Micros } from './job.ts'
import type { Policy } from './policy.ts'

/**
 * The position of a job that waits since `queuedAt`. A level of priority is worth `ageSeconds` of waiting, so a jump is limited and
 * nothing is ever sorted again; with `ageSeconds: null` a higher priority always goes first. Each job with the same fair key that
 * was waiting when it came (`fairRank`) puts it `spacingSeconds` back.
 */
export function positionFor(
  { ageSeconds, fairShare }: Policy,
  priority: number,
  queuedAt: Micros,
  tie: number,
  fairRank: number,
): Position {
  const seconds = fairRank * (fairShare?.spacingSeconds ?? 0) - priority * (ageSeconds ?? 0)
  // Within what a double holds exactly and the log accepts. Beyond it the sequence number alone decides.
  const order = within(Math.round(queuedAt + seconds * MICROS_PER_SECOND), Number.MAX_SAFE_INTEGER)
  // Not `-priority`: for 0 that is -0, which no database returns.
  return { level: ageSeconds === null ? 0 - priority : 0, order, tie }
}

/** Adding 0 makes 0 of -0. */
const within = (value: number, bound: number): number => Math.max(-bound, Math.min(value, bound)) + 0
