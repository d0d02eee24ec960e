import { reasonTexts } from '../needs/reasons.ts'
import { unservedReason } from '../needs/told.ts'
import { jobOf, type Ledger } from '../state/ledger.ts'
import { MICROS_PER_SECOND } from '../values/job.ts'
import { checkIds, checks } from './checks.ts'
import type { JobCode, JobFault, LiveCode } from './diagnosis.ts'
import { type Explanation, explainLive } from './explain.ts'
import type { QueueFacts } from './facts.ts'
import { FEWEST_COMPARED, type StartRange } from './forecast/conformal.ts'
import type { NoRange } from './forecast/forecast.ts'

/** Where a job stands, for the one whose job it is. About other jobs it says only how many there are. */
export interface JobPosition extends StartsIn {
  readonly jobId: string
  readonly queue: string
  /** `submitted`, `refused`: it is not in line, as `explain` says it. */
  readonly state: 'waiting' | 'active' | 'submitted' | 'refused'
  /** How many jobs stand ahead of it in the line of the whole queue; null: it stands in no line. */
  readonly ahead: number | null
  /** The same as `ahead`, by its former name. */
  readonly position: number | null
  /** The line of each model: how many stand ahead (null: it stands in no line), and how many run of how many. */
  readonly models: readonly {
    readonly model: string
    readonly ahead: number | null
    readonly running: number
    readonly capacity: number
  }[]
  /** Why it waits, or what is wrong with it; of a refused one, the code of the refusal; null: it runs. */
  readonly code: JobCode | null
  /** The same as a sentence that names no other job. */
  readonly reason: string
}

/** When a waiting job starts, in seconds from now. */
export interface StartsIn {
  /** About how long, from how long such jobs took lately; null: nobody can say, or it runs. */
  readonly startsInSeconds: number | null
  /** The beginning of the range in which eight of ten jobs start (docs/reference/dashboard.md#when-a-job-may-start), as wide as the last starts of this queue ask for; null: as `startsInSeconds`. */
  readonly startsFromSeconds: number | null
  /** The end of that range. */
  readonly startsToSeconds: number | null
  /** Why nobody can say; null: there is an estimate, or it runs. */
  readonly startsReason: string | null
}

const whyNot: Readonly<Record<NoRange, string>> = {
  no_live_worker: 'no live process runs its kind',
  nothing_completed: 'no job of its kind has completed lately',
  no_time_brings_it: 'something keeps it that time alone does not end',
  not_compared: `fewer than ${FEWEST_COMPARED} jobs that waited have started since the first ones completed`,
  wrong_lately: 'estimates for this queue were far off lately',
}
/** What a job does not need that may start at once. */
const ofTimes: ReadonlySet<NoRange> = new Set(['nothing_completed', 'not_compared', 'wrong_lately'])

const faultTexts: Readonly<Record<JobFault, string>> = {
  late: 'it runs, and its process has missed its heartbeats',
  lost: 'the process that ran it is gone; the job is given back',
  overdue: 'its time is over; no process has recorded it yet',
}

/** Without the ids, keys and people that an operator's explanation names. */
export const ownerText = (code: LiveCode): string =>
  code === 'late' || code === 'lost' || code === 'overdue' ? faultTexts[code] : reasonTexts[code].owner

/** @param range when it starts; null: it runs. @returns undefined if the job is not live */
export function positionOfJob(
  facts: QueueFacts & { readonly ledger: Ledger },
  { queue, jobId, range }: PositionQuestion,
): JobPosition | undefined {
  const found = explainLive(facts, jobId)
  if (found === undefined) return undefined
  const { state, ahead, code } = found
  const models = found.models.map(({ model, ahead: there, holders, capacity }) => ({
    model,
    ahead: ahead === null ? null : there,
    running: holders.length,
    capacity,
  }))
  const held = jobOf(facts.ledger, jobId)?.held
  const isUnserved = code === 'no_worker' && held?.as === 'no_worker'
  const reason = code === null ? runs : isUnserved ? unservedReason(held.on) : ownerText(code)
  const stands = { state, ahead, position: ahead, models, code, reason }
  return { jobId, queue, ...stands, ...startsIn(range, isNext(facts, found)) }
}

/** Whether the ledger alone does not say where it stands: it is not live, or its process seems gone and may have committed its end. */
export const isDoubtful = (position: JobPosition | undefined): boolean =>
  position === undefined || (position.state === 'active' && position.code !== null)

/** @param explanation what the tables say beside the ledger @returns undefined: it has ended, or nobody knows of it */
export function positionExplained(
  queue: string,
  position: JobPosition | undefined,
  explanation: Explanation | undefined,
): JobPosition | undefined {
  if (explanation?.state === 'submitted' || explanation?.state === 'refused')
    return outside(queue, explanation.state, explanation)
  return position !== undefined && explanation?.code === null
    ? { ...position, code: null, reason: runs }
    : position
}

const runs = 'it runs'

function outside(queue: string, state: 'submitted' | 'refused', { jobId, code }: Explanation): JobPosition {
  const reason = `it was submitted, and ${outsideText(state, code)}`
  const nowhere = { ahead: null, position: null, models: [], ...unknownStart }
  return { jobId, queue, state, code, reason, ...nowhere, startsReason: 'it is not in line' }
}

function outsideText(state: 'submitted' | 'refused', code: JobCode | null): string {
  if (code === 'undecided') return 'nobody has decided it yet'
  if (code === 'arrived') return 'no worker has taken it in yet'
  if (code === 'job_exists' && state === 'submitted')
    return 'comes into line when another job with its id has ended'
  const known = checkIds.find((id) => id === code)
  const why = known === undefined ? '' : `: ${checks[known].what}`
  return state === 'refused' ? `was refused${why}` : `does not come into line${why}`
}

export interface PositionQuestion {
  readonly queue: string
  readonly jobId: string
  readonly range: StartRange | NoRange | null
}

/** It may start, and no more jobs stand ahead of it than there are free slots: who takes jobs comes to it. */
export function isNext(
  { workers }: Pick<QueueFacts, 'workers'>,
  { code, ahead }: { readonly code: JobCode | null; readonly ahead: number | null },
): boolean {
  if (code !== 'offered' || workers === null || ahead === null) return code === 'offered'
  const free = workers.reduce((sum, { state, freeSlots }) => sum + (state === 'live' ? freeSlots : 0), 0)
  return ahead < free
}

/** The next one needs no measured times to tell. */
export function startsIn(range: StartRange | NoRange | null, isNext: boolean): StartsIn {
  if (typeof range === 'string' && ofTimes.has(range) && isNext) return atOnce
  if (range === null || typeof range === 'string')
    return { ...unknownStart, startsReason: range === null ? null : whyNot[range] }
  return {
    startsInSeconds: Math.ceil(range.likely / MICROS_PER_SECOND),
    startsFromSeconds: Math.floor(range.from / MICROS_PER_SECOND),
    startsToSeconds: Math.ceil(range.to / MICROS_PER_SECOND),
    startsReason: null,
  }
}

const atOnce = { startsInSeconds: 0, startsFromSeconds: 0, startsToSeconds: 0, startsReason: null }
const unknownStart = { startsInSeconds: null, startsFromSeconds: null, startsToSeconds: null }
