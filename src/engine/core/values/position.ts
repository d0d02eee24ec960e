import type { Position } from './event.ts'
import type { Micros } from './job.ts'
import type { Compare } from './tree-node.ts'

/** The key of a job: {@link hash} of its id orders the table, the id decides between equal hashes. */
export interface JobKey {
  readonly hash: number
  readonly jobId: string
}

/** The key of a model, a fair key or a kind. */
export interface ModelKey {
  readonly hash: number
  /** Which model. */
  readonly model: string
}

export interface ShareKey {
  readonly hash: number
  readonly key: string
}

/** What jobs of one class have in common, as a text. */
export interface ClassKey {
  readonly hash: number
  readonly classKey: string
}

export interface KindKey {
  readonly hash: number
  readonly kind: string
}

/** A job's position in every line it stands in, with its key. It never changes; a move makes a new one. */
export interface LinePosition extends Position, JobKey {}

/**
 * Line order: level, then order, then the sequence number that gave the position. Moves can lead two jobs to one position (the first
 * was active when the second came). Then the id decides, so that nobody is lost.
 */
export const byPosition: Compare<LinePosition> = (a, b) =>
  a.level - b.level || a.order - b.order || a.tie - b.tie || byId(a, b)

export function earlier(a: LinePosition | undefined, b: LinePosition | undefined): LinePosition | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return byPosition(a, b) < 0 ? a : b
}

export const byJobKey: Compare<JobKey> = (a, b) => a.hash - b.hash || byId(a, b)

const byId: Compare<JobKey> = (a, b) => (a.jobId === b.jobId ? 0 : a.jobId < b.jobId ? -1 : 1)

/** An active job that runs in a batch. */
export interface BatchMember {
  readonly batch: number
  readonly position: LinePosition
}

export const byBatch: Compare<BatchMember> = (a, b) => a.batch - b.batch || byPosition(a.position, b.position)

/** A job that has a key. */
export interface KeyHolder {
  readonly key: string
  /** Names the life of the job: no two jobs are queued at one time. */
  readonly queuedAt: Micros
  readonly jobId: string
  /** Until then it has the key, whatever becomes of it; null: as its state says. */
  readonly until: Micros | null
}

export const byKey: Compare<KeyHolder> = (a, b) =>
  a.key === b.key ? a.queuedAt - b.queuedAt : a.key < b.key ? -1 : 1

export const byKeyEnd: Compare<KeyHolder> = (a, b) => (a.until ?? 0) - (b.until ?? 0) || byKey(a, b)
/** The key of one life of a job: when it was queued, which no two lives of a queue have in common. */
export interface LifeKey extends JobKey {
  readonly life: Micros
}

export const byLife: Compare<LifeKey> = (a, b) => a.life - b.life || byJobKey(a, b)

/** A time at which something becomes true of a job. */
export interface Timer extends JobKey {
  readonly at: Micros
}

export const byTime: Compare<Timer> = (a, b) => a.at - b.at || byJobKey(a, b)

/** A time at which something becomes true of a model. */
export interface ModelTimer extends ModelKey {
  readonly at: Micros
}

export const byModelTime: Compare<ModelTimer> = (a, b) =>
  a.at - b.at || a.hash - b.hash || (a.model === b.model ? 0 : a.model < b.model ? -1 : 1)
