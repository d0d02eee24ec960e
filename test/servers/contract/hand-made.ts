import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type {
  DataChange,
  Event,
  JobRow,
  Micros,
  RecordedEvent,
  StagedData,
  StateRow,
} from '../../../src/engine/core/index.ts'
import type { AppendAnswer, AppendRequest, LogStore } from '../../../src/engine/store/index.ts'
import { idleState } from '../../../src/engine/store/memory/database.ts'

/** What a hand-made append contains; what you leave out gets a plain default. */
export interface HandMade {
  readonly queue: string
  readonly version: number
  readonly expectedAt?: Micros
  /** The time of the first event; the others follow a microsecond apart. */
  readonly at: Micros
  readonly events: readonly Event[]
  readonly commandId?: string
  readonly commandHash?: number
  readonly jobs?: readonly JobRow[]
  readonly gone?: readonly string[]
  readonly state?: Partial<StateRow>
  readonly data?: readonly DataChange[]
  readonly wanted?: readonly string[]
  readonly staged?: readonly StagedData[]
}

let commands = 0

/** An id that no other command in this process has had. */
export const freshCommandId = (): string => `command-${process.pid}-${++commands}`

/** An append made without the core: the numbers are right, everything else is as given. */
export function handMade(made: HandMade): AppendRequest {
  const { queue, version, at, commandId = freshCommandId(), commandHash = 7 } = made
  const events: readonly RecordedEvent[] = made.events.map((event, index) => ({
    ...event,
    seq: version + 1 + index,
    at: at + index,
    commandId,
    commandHash,
  }))
  const state = { ...idleState(at), policy: null, version: version + events.length, ...made.state }
  return {
    queue,
    expectedVersion: version,
    ...(made.expectedAt === undefined ? undefined : { expectedAt: made.expectedAt }),
    events,
    ...(made.wanted === undefined ? undefined : { wanted: made.wanted }),
    changes: {
      state,
      jobs: made.jobs ?? [],
      gone: made.gone ?? [],
      ...(made.data === undefined ? undefined : { data: made.data }),
      ...(made.staged === undefined ? undefined : { staged: made.staged }),
    },
  }
}

export function queuedEvent(jobId: string): Event {
  const spec = { jobId, jobType: 'normal', kind: 'normal', models: ['m'], priority: 0, runAt: null } as const
  return {
    type: 'queued',
    jobId,
    spec: { ...spec, attempts: 3, timeoutMs: 3_600_000, expireMs: null, fairKey: null },
  }
}

export const startedEvent = (jobId: string, workerId: string): Event => ({
  type: 'started',
  jobId,
  workerId,
  attempt: 1,
  models: ['m'],
})

export const leaseExpiredEvent = (jobId: string, workerId: string): Event => ({
  type: 'lease_expired',
  jobId,
  token: 1,
  workerId,
  final: false,
})

export function waitingRow(jobId: string, at: Micros): JobRow {
  return {
    job_id: jobId,
    state: 'waiting',
    job_type: 'normal',
    kind: 'normal',
    models: ['m'],
    priority: 0,
    place_level: 0,
    place_order: at,
    place_tie: 1,
    queued_at: at,
    due_at: null,
    expires_at: null,
    attempt: 0,
    attempts: 3,
    postponed: 0,
    timeout_ms: 3_600_000,
    worker_id: null,
    fencing_token: null,
    started_at: null,
    asks: null,
    places: null,
    whole: null,
    cancel_requested: false,
    blocked_by_job_id: null,
    blocked_on: null,
    conflict_reason: null,
  }
}

export const activeRow = (jobId: string, at: Micros, workerId: string): JobRow => ({
  ...waitingRow(jobId, at),
  state: 'active',
  attempt: 1,
  worker_id: workerId,
  fencing_token: 1,
  started_at: at,
})

/** Where the queue stands, and a time for the next event: the database's, but later than the last event. */
export async function standOf(store: LogStore, queue: string): Promise<{ version: number; at: Micros }> {
  const { version } = await store.read(queue, 0, 1)
  const { events, now } = await store.read(queue, Math.max(version - 1, 0), 1)
  return { version, at: Math.max(now, (events[0]?.at ?? 0) + 1) }
}

/** How often to time an append again that took more than a second to reach the store, as large ones may on a busy machine. */
const MOST_TIMES = 20

/** Appends at the present version and time. */
export async function appendNow(
  store: LogStore,
  queue: string,
  events: readonly Event[],
  more: Partial<HandMade> = {},
): Promise<AppendAnswer> {
  for (let times = 1; ; times++) {
    const answer = await store.append(handMade({ queue, ...(await standOf(store, queue)), events, ...more }))
    if (answer.ok || answer.reason !== 'clock' || times === MOST_TIMES) return answer
  }
}

/** Far more than a busy machine needs: only a failure waits this long. */
const PATIENCE_MS = 30_000

/** Waits for something that only time brings, such as the end of a lease: with a deadline, not a fixed sleep. */
export async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not within ${PATIENCE_MS / 1_000} s: ${what}`)
    await sleep(10)
  }
}

/** Archives everything that has happened. @returns up to where */
export async function cutLog(store: LogStore, queue: string, keep: boolean): Promise<number> {
  const { version, at } = await standOf(store, queue)
  await store.putSnapshot(queue, { seq: version, state: {} })
  await store.project(queue, 10_000)
  assert.equal((await store.archive(queue, version, keep)).archivedSeq, version)
  // Of a log that is gone nobody learns the last time: the next one is that of the clock alone.
  await until('the clock moves on', async () => (await store.read(queue, 0, 1)).now > at)
  return version
}

export const failedEvent = (jobId: string, final: boolean): Event => ({
  type: 'failed',
  jobId,
  token: 1,
  code: 'handler_error',
  final,
})
