import {
  type Diagnosis,
  endingText,
  explainJob,
  invalidInput,
  type JobCode,
  type JobRow,
  type JobSpec,
  type ListedSpec,
  specEntries,
} from '../../engine/core/index.ts'
import { checkCall } from '../../engine/events/index.ts'
import { isoTime, isoTimeOrNull } from '../format/index.ts'
import { type Opened, opened } from '../history/access.ts'
import { diagnosedIn } from '../history/documents.ts'
import type { Access } from '../history/index.ts'
import type { EndedJob } from './ended.ts'
import {
  type FoundJob,
  type FoundJobs,
  type FoundState,
  findJobs,
  type JobFilter,
  stateOf,
} from './find-jobs.ts'
import type { Look } from './look.ts'
import { goingOn, keepForNext } from './walk.ts'

/** A job that was found: times as ISO texts. */
export interface FoundDocument extends ListedSpec {
  /** `waiting`, `active` or `dead`, or what you asked for: `submitted`, `completed`, `failed`, `cancelled`, `expired`. */
  readonly state: FoundState
  /** How many attempts were started. */
  readonly attempt: number
  /** The process that runs it; null: none does. */
  readonly workerId: string | null
  /** Since when it is in line, dead or ended. */
  readonly since: string
  /** What keeps it (docs/inside/conflict-rules.md#state-and-code-of-a-job), or how it ended; null: nothing keeps it. */
  readonly code: JobCode | null
  /** The same in one sentence. */
  readonly reason: string | null
  /** The job in the way; null: none is. */
  readonly blockedBy: string | null
  /** When time alone ends that; null: something has to happen, or nobody knows when. */
  readonly until: string | null
}

/** What `jobs` gives: the document that `interlock jobs --json` prints. */
export interface JobsDocument {
  /** Which queue. */
  readonly queue: string
  /** How many jobs the filter names. */
  readonly total: number
  /** The first of them: those that run, then the line, submitted ones, then dead ones and ended ones, the newest first. */
  readonly jobs: readonly FoundDocument[]
  /** Jobs that have ended are found if they came since then (the newest 50,000 events); null: you asked for none, or the log is empty. */
  readonly endedSince: string | null
  /** Where the next page begins: give it as `from` (`--from`). Null: this is the last one. */
  readonly next: string | null
}

/**
 * Finds jobs by state, kind, model, fair key, tag, payload and age, and says what is with each. Does not join the queue. Jobs that have ended are
 * found if they came and ended within the newest 50,000 events; `explain` knows an older one by its id.
 * @param filter with `limit`: how many jobs are listed, a whole number from 1 to 1,000; 20 unless given; and `from`: the `next` of the page
 * before. A page goes on behind the last job of that page, also if that has gone; a job that was moved meanwhile may come twice
 * @throws InterlockError `invalid_input`; `corrupt_log`, `unknown_event`; `store_unavailable`
 * @example const { total, jobs: late } = await jobs({ store }, { model: 'flux-dev', until: new Date(Date.now() - 600_000) })
 */
export async function jobs(
  given: Access,
  filter: JobFilter & { readonly limit?: number | undefined; readonly from?: string | undefined } = {},
): Promise<JobsDocument> {
  const access = opened(given)
  checkCall('jobs', filter)
  const last = placeIn(filter.from)
  const found = pageBehind(last, await findJobs(last === undefined ? access : goingOn(access), filter))
  const page = jobsDocument(access.queue, found, await diagnoseFirst(access, found, filter.limit ?? 20))
  if (page.next !== null && access.ledger === undefined) keepForNext(access, found.look.ledger)
  return page
}

/** Where a job stands in the list: its group, its place there, its id. Two jobs never have the same. */
export type ListPlace = readonly [group: number, ...place: number[], jobId: string]

function standingOf({ spec: { jobId }, row, submitted, letter, ended }: FoundJob): ListPlace {
  if (row !== undefined) {
    const { place_level: level, place_order: order, place_tie: tie } = row
    return [row.state === 'active' ? 0 : 1, level, order, tie, jobId]
  }
  if (submitted !== undefined) return [2, submitted.id, jobId]
  return letter !== undefined ? [3, -letter.seq, jobId] : [4, -(ended?.end.seq ?? 0), jobId]
}

function isBehind(standing: ListPlace, other: ListPlace): boolean {
  const at = standing.findIndex((part, i) => part !== other[i])
  const [own, last] = [standing[at], other[at]]
  return own !== undefined && last !== undefined && own > last
}

/** The jobs behind the page before; all of them if there is none. */
export const pageBehind = (last: ListPlace | undefined, found: FoundJobs): FoundJobs =>
  last === undefined
    ? found
    : { ...found, rest: found.found.filter((job) => isBehind(standingOf(job), last)) }

/** @param from the `next` of the page before @throws InterlockError `invalid_input` */
export function placeIn(from: string | undefined): ListPlace | undefined {
  if (from === undefined) return undefined
  try {
    const last: unknown = JSON.parse(Buffer.from(from, 'base64url').toString())
    if (Array.isArray(last) && last.length >= 3) return last as unknown as ListPlace
  } catch {
    // What it is, is said below.
  }
  throw invalidInput('from: must be the `next` of the page before, unchanged', 'from')
}

const nextOf = (last: FoundJob): string => Buffer.from(JSON.stringify(standingOf(last))).toString('base64url')

/** What is with the first of them. */
export const diagnoseFirst = (
  access: Opened,
  { look, found, rest = found }: FoundJobs,
  limit: number,
): Promise<readonly DiagnosedFound[]> => Promise.all(rest.slice(0, limit).map(diagnoseIn(access, look)))

/** A job that was found, and what is with it. */
export type DiagnosedFound =
  | (FoundJob & { readonly row: JobRow; readonly diagnosis: Diagnosis })
  | (FoundJob & {
      readonly row?: undefined
      readonly diagnosis: Omit<Diagnosis, 'code'> & { code: JobCode | null }
    })

/** What is with a job that was found, as everybody says it. */
const diagnoseIn =
  (access: Opened, look: Look) =>
  async (found: FoundJob): Promise<DiagnosedFound> => {
    const { row, ...dead } = found
    if (row !== undefined) return { ...found, ...diagnosedIn(look)(row) }
    if (found.ended !== undefined) return { ...dead, diagnosis: endOf(found.ended) }
    const { jobId } = found.spec
    const record = await access.store.ofJob(access.queue, jobId)
    const { code = null, reason = '', blockedBy = null } = explainJob(look, jobId, record) ?? {}
    return { ...dead, diagnosis: { code, reason, blockedBy, until: null } }
  }

const endOf = ({ outcome, end }: EndedJob) => ({
  code: outcome,
  reason: endingText(outcome, end),
  blockedBy: null,
  until: null,
})

export const jobsDocument = (
  queue: string,
  { found, rest = found, endedSince }: FoundJobs,
  diagnosed: readonly DiagnosedFound[],
): JobsDocument => {
  const last = diagnosed.at(-1)
  return {
    queue,
    total: found.length,
    jobs: diagnosed.map(foundDocument),
    endedSince: isoTimeOrNull(endedSince),
    next: last === undefined || rest.length <= diagnosed.length ? null : nextOf(last),
  }
}

const listed = (spec: JobSpec): ListedSpec =>
  Object.fromEntries(
    specEntries.flatMap(([name, field]) => (field.listed ? [[name, spec[name] ?? null]] : [])),
  ) as unknown as ListedSpec

function foundDocument(found: DiagnosedFound): FoundDocument {
  const { spec, since, row, letter, ended, diagnosis } = found
  return {
    ...listed(spec),
    state: stateOf(found),
    priority: row?.priority ?? spec.priority,
    attempt: row?.attempt ?? letter?.attempts ?? ended?.attempt ?? 0,
    workerId: row?.worker_id ?? null,
    since: isoTime(since),
    code: diagnosis.code,
    reason: diagnosis.code === null ? null : diagnosis.reason,
    blockedBy: diagnosis.blockedBy,
    until: isoTimeOrNull(diagnosis.until),
  }
}
