import type { LiveCode } from './diagnosis.ts'
import { explainLive } from './explain.ts'
import type { QueueFacts } from './facts.ts'
import type { NoRange, StartRange } from './forecast/forecast.ts'
import { MICROS_PER_SECOND } from './job.ts'
import { jobOf, type Ledger } from './ledger.ts'
import { isSite } from './site.ts'
import { unservedReason } from './wait-reason.ts'

/** Where a live job stands, for the one whose job it is. About other jobs it says only how many there are. */
export interface JobPlace extends StartsIn {
  readonly jobId: string
  readonly queue: string
  readonly state: 'waiting' | 'active'
  /** How many jobs stand ahead of it in the line of the whole queue; null: it stands in no line. */
  readonly position: number | null
  /** The line of each model: how many stand ahead (null: it stands in no line), and how many run of how many. */
  readonly models: readonly {
    readonly model: string
    readonly ahead: number | null
    readonly running: number
    readonly capacity: number
  }[]
  /** Why it waits, or what is wrong with it; null: it runs. */
  readonly code: LiveCode | null
  /** The same as a sentence that names no other job. */
  readonly reason: string
}

/** When a waiting job starts, in seconds from now. */
export interface StartsIn {
  /** About how long, from how long such jobs took lately; null: nobody knows, or it runs. */
  readonly startsInSeconds: number | null
  /** The range that holds for eight jobs of ten; null: fewer than two jobs have completed. */
  readonly startsFromSeconds: number | null
  readonly startsToSeconds: number | null
}

/** Without the ids, keys and people that an operator's explanation names. */
const reasons: Readonly<Record<LiveCode, string>> = {
  draining: 'the queue is draining; nothing starts until it is resumed',
  waits_for_parents: 'jobs that it comes after have not ended',
  not_due: 'the job is not due yet',
  fits_no_place: 'no place of its model has as much as it asks',
  model_paused: 'a model it needs is paused',
  use_over_limit: 'it asks for more of a resource than the policy ever allows',
  rate_limited: 'a model it needs has reached its rate, or a resource that it uses its limit',
  fair_share_limit: 'as many of its jobs are running as its share allows',
  model_in_use: 'a model it needs is in use',
  behind_in_line: 'it waits in line for a model',
  serialized: 'another job goes first (one job at a time)',
  at_capacity: 'as many jobs go first as the policy allows at once',
  no_worker: 'no live worker has a free slot for its kind',
  offered: 'it may start; no worker has taken it yet',
  late: 'it runs, and its process has missed its heartbeats',
  lost: 'the process that ran it is gone; the job is given back',
  overdue: 'its time is over; no process has recorded it yet',
}

/** @param range when it starts; null: it runs. @returns undefined if the job is not live */
export function placeOfJob(
  facts: QueueFacts & { readonly ledger: Ledger },
  { queue, jobId, range }: PlaceQuestion,
): JobPlace | undefined {
  const found = explainLive(facts, jobId)
  if (found === undefined) return undefined
  const { state, position, code } = found
  const models = found.models.map(({ model, ahead, holders, capacity }) => ({
    model,
    ahead: position === null ? null : ahead,
    running: holders.length,
    capacity,
  }))
  const heldOn = jobOf(facts.ledger, jobId)?.heldOn ?? ''
  const reason =
    code === null
      ? 'it runs'
      : code === 'no_worker' && isSite(heldOn)
        ? unservedReason(heldOn)
        : reasons[code]
  return { jobId, queue, state, position, models, code, reason, ...startsIn(range, code) }
}

export interface PlaceQuestion {
  readonly queue: string
  readonly jobId: string
  readonly range: StartRange | NoRange | null
}

/** One that may start needs no measured times to tell. */
export function startsIn(range: StartRange | NoRange | null, code: LiveCode | null): StartsIn {
  const atOnce = range === 'nothing_completed' && code === 'offered'
  const { likely, from, to } = atOnce
    ? { likely: 0, from: 0, to: 0 }
    : range === null || typeof range === 'string'
      ? { likely: null, from: null, to: null }
      : range
  return {
    startsInSeconds: roundedBy(Math.ceil, likely),
    startsFromSeconds: roundedBy(Math.floor, from),
    startsToSeconds: roundedBy(Math.ceil, to),
  }
}

const roundedBy = (round: (value: number) => number, micros: number | null): number | null =>
  micros === null ? null : round(micros / MICROS_PER_SECOND)
