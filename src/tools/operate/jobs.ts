import { listDead } from '../../engine/coordinator/dead-letters.ts'
import {
  type Diagnosis,
  endingText,
  explainJob,
  invalidInput,
  isInterlockError,
  type JobCode,
  type JobRow,
  type JobSpec,
  type Json,
  jobOf,
  MICROS_PER_MS,
  type Micros,
  outcomes,
  projectionOf,
} from '../../engine/core/index.ts'
import { checkCall, parseSubmission } from '../../engine/events/index.ts'
import type { DeadJob } from '../../engine/store/index.ts'
import { isoTime, isoTimeOrNull } from '../format/index.ts'
import { type Opened, opened } from '../history/access.ts'
import { activeFirst, diagnosedIn } from '../history/documents.ts'
import type { Access } from '../history/index.ts'
import { type EndedJob, type EndedJobs, endedIn } from './ended.ts'
import { type Look, lookAt } from './look.ts'

/**
 * `waiting` and `active` jobs are live. A `submitted` one was committed in a transaction of its submitter and is not in line yet. A `dead` one ended without success, and nobody has tried it again or dropped it. `completed`,
 * `failed`, `cancelled` and `expired` ones came and ended within the newest 50,000 events of the log.
 */
export const foundStates = ['waiting', 'active', 'submitted', 'dead', ...outcomes] as const
export type FoundState = (typeof foundStates)[number]

/** Which jobs are meant. What you leave out does not matter. */
export interface JobFilter {
  /** Jobs in these states; `waiting` and `active` unless given. */
  readonly states?: readonly FoundState[] | undefined
  readonly kind?: string | undefined
  /** One of the models that the job needs. */
  readonly model?: string | undefined
  /** Whose it is, as `policy.fairShare` counts: a customer, say. */
  readonly fairKey?: string | undefined
  /** The tag that it was enqueued with. */
  readonly tag?: string | undefined
  /**
   * Fields of the payload and what they equal: `{ 'user.id': 17, urgent: true }`. Payloads are read of those jobs alone that the rest of the
   * filter names.
   */
  readonly payload?: Readonly<Record<string, string | number | boolean | null>> | undefined
  /** In line, dead or ended since before this time. */
  readonly before?: Date | undefined
  /** In line, dead or ended since this time or later. */
  readonly after?: Date | undefined
}

/** A job that was found: times as ISO texts. */
export interface FoundDocument
  extends Pick<JobSpec, 'jobId' | 'kind' | 'models' | 'fairKey' | 'priority' | 'attempts'> {
  /** Null: it was enqueued without one. */
  readonly tag: string | null
  /** Those of its models of which it takes all places; null: none. */
  readonly whole: readonly string[] | null
  readonly state: FoundState
  /** How many attempts were started. */
  readonly attempt: number
  /** The process that runs it; null: none does. */
  readonly workerId: string | null
  /** Since when it is in line, dead or ended. */
  readonly since: string
  /** What keeps it, as `queue` and `explain` say it; how it ended, if it has. Null: nothing keeps it. */
  readonly code: JobCode | null
  readonly reason: string | null
  readonly blockedBy: string | null
  readonly until: string | null
}

/** What `jobs` gives: the document that `interlock jobs --json` prints. */
export interface JobsDocument {
  readonly queue: string
  /** How many jobs the filter names. */
  readonly total: number
  /** The first of them: those that run, then the line, submitted ones, then dead ones and ended ones, the newest first. */
  readonly jobs: readonly FoundDocument[]
  /** Jobs that have ended are found if they came after this time; null: you asked for none, or the log is empty. */
  readonly endedSince: string | null
  /** Where the next page begins: give it as `from`. Null: this is the last one. */
  readonly next: string | null
}

/**
 * Finds jobs by state, kind, model, fair key, tag, payload and age, and says what is with each. Does not join the queue. Jobs that have ended are
 * found if they came and ended within the newest 50,000 events; `explain` knows an older one by its id.
 * @param filter with `limit`: how many jobs are listed, a whole number from 1 to 1,000; 20 unless given; and `from`: the `next` of the page
 * before. A page goes on behind the last job of that page, also if that has gone; a job that was moved meanwhile may come twice
 * @throws InterlockError `invalid_input`; `corrupt_log`, `unknown_event`; `store_unavailable`
 * @example const { total, jobs: late } = await jobs({ store }, { model: 'flux-dev', before: new Date(Date.now() - 600_000) })
 */
export async function jobs(
  given: Access,
  filter: JobFilter & { readonly limit?: number | undefined; readonly from?: string | undefined } = {},
): Promise<JobsDocument> {
  const access = opened(given)
  checkCall('jobs', filter)
  const last = placeIn(filter.from)
  const found = pageBehind(last, await findJobs(access, filter))
  return jobsDocument(access.queue, found, await diagnoseFirst(access, found, filter.limit ?? 20))
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

/** A job that a filter names, as it was at one moment. */
export interface FoundJob {
  readonly spec: JobSpec
  /** Since when it is in line, dead or ended. */
  readonly since: Micros
  /** A live job. */
  readonly row?: JobRow
  /** One that is submitted, and its payload. */
  readonly submitted?: { readonly id: number; readonly payload: unknown }
  /** A dead one. */
  readonly letter?: DeadJob
  /** One that has ended, as the log says. */
  readonly ended?: EndedJob
}

export interface FoundJobs {
  readonly look: Look
  readonly found: readonly FoundJob[]
  /** Those of this page and behind it; absent: all of them. */
  readonly rest?: readonly FoundJob[]
  /** Since when jobs came that have ended and were looked for; null: none were, or the log is empty. */
  readonly endedSince: Micros | null
}

/** All jobs that the filter names. */
export async function findJobs(access: Opened, filter: JobFilter): Promise<FoundJobs> {
  const { states = ['waiting', 'active'] } = filter
  const look = await lookAt(access)
  const live = liveJobs(look).filter(({ row }) => row !== undefined && states.includes(row.state))
  const submitted = states.includes('submitted') ? await submittedJobs(access) : []
  const dead = states.includes('dead') ? await deadJobs(access, filter) : []
  const { ended, since } = outcomes.some((each) => states.includes(each)) ? await endedIn(access) : noneEnded
  const past = ended
    .filter(({ outcome }) => states.includes(outcome))
    .map((job) => ({ spec: job.spec, since: job.end.at, ended: job }))
  const named = [...live, ...submitted, ...dead, ...past].filter((job) => isNamed(job, filter))
  return { look, found: await withPayload(access, named, filter.payload), endedSince: since }
}

/** In one read. Each payload may have a megabyte. */
const MOST_PAYLOADS = 100

/** Those whose payload has these fields. */
async function withPayload(
  { store, queue, signal }: Opened,
  jobs: readonly FoundJob[],
  fields: JobFilter['payload'] = {},
): Promise<readonly FoundJob[]> {
  const wanted = Object.entries(fields)
  if (wanted.length === 0) return jobs
  const found: FoundJob[] = []
  for (let at = 0; at < jobs.length; at += MOST_PAYLOADS) {
    signal.throwIfAborted()
    const page = jobs.slice(at, at + MOST_PAYLOADS)
    const kept = await store.data(
      queue,
      page.map(({ spec }) => spec.jobId),
    )
    const payloads = new Map(kept.map(({ jobId, payload }) => [jobId, payload]))
    const payloadOf = ({ spec, submitted }: FoundJob) =>
      submitted === undefined ? payloads.get(spec.jobId) : submitted.payload
    const has = (job: FoundJob) => wanted.every(([field, value]) => fieldOf(payloadOf(job), field) === value)
    found.push(...page.filter(has))
  }
  return found
}

/** The value at a path such as `user.id`; undefined if there is none. */
function fieldOf(payload: unknown, field: string): unknown {
  let at = payload
  for (const key of field.split('.')) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined
    at = (at as Readonly<Record<string, unknown>>)[key]
  }
  return at
}

const noneEnded: EndedJobs = { ended: [], since: null }

function isNamed(
  { spec, since }: FoundJob,
  { kind, model, fairKey, tag, before, after }: JobFilter,
): boolean {
  return (
    (kind === undefined || spec.kind === kind) &&
    (model === undefined || spec.models.includes(model)) &&
    (fairKey === undefined || spec.fairKey === fairKey) &&
    (tag === undefined || spec.tag === tag) &&
    (before === undefined || since < before.getTime() * MICROS_PER_MS) &&
    (after === undefined || since >= after.getTime() * MICROS_PER_MS)
  )
}

function liveJobs({ ledger }: Look): readonly FoundJob[] {
  return projectionOf(ledger)
    .jobs.toSorted(activeFirst)
    .flatMap((row) => {
      const spec = jobOf(ledger, row.job_id)?.spec
      return spec === undefined ? [] : [{ spec, row, since: row.queued_at }]
    })
}

/** One that this release cannot read is left out. */
async function submittedJobs({ store, queue, signal }: Opened): Promise<readonly FoundJob[]> {
  const found: FoundJob[] = []
  for (let after = 0; ; ) {
    signal.throwIfAborted()
    const page = await store.submissions(queue, after)
    for (const { id, job, at } of page) {
      const parsed = submissionOf(job)
      if (parsed) found.push({ spec: parsed.spec, since: at, submitted: { id, payload: parsed.payload } })
      after = id
    }
    if (page.length === 0) return found
  }
}

function submissionOf(job: Json): ReturnType<typeof parseSubmission> | undefined {
  try {
    return parseSubmission(job)
  } catch (error) {
    if (isInterlockError(error, 'invalid_input')) return undefined
    throw error
  }
}

const PAGE = 1_000

async function deadJobs({ store, queue }: Opened, { model, after }: JobFilter): Promise<readonly FoundJob[]> {
  const found: FoundJob[] = []
  for (let before = Number.MAX_SAFE_INTEGER; ; ) {
    const page = await listDead({ store, queue }, { model, since: after, before, limit: PAGE })
    for (const letter of page) found.push({ spec: letter.spec, since: letter.at, letter })
    if (page.length < PAGE) return found
    before = page.at(-1)?.seq ?? 0
  }
}

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

export const stateOf = ({ row, submitted, ended }: FoundJob): FoundState =>
  row?.state ?? (submitted === undefined ? (ended?.outcome ?? 'dead') : 'submitted')

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

function foundDocument(found: DiagnosedFound): FoundDocument {
  const { spec, since, row, letter, ended, diagnosis } = found
  const { jobId, kind, models, fairKey, priority, attempts } = spec
  return {
    jobId,
    kind,
    models,
    fairKey,
    tag: spec.tag ?? null,
    whole: spec.whole ?? null,
    attempts,
    state: stateOf(found),
    priority: row?.priority ?? priority,
    attempt: row?.attempt ?? letter?.attempts ?? ended?.attempt ?? 0,
    workerId: row?.worker_id ?? null,
    since: isoTime(since),
    code: diagnosis.code,
    reason: diagnosis.code === null ? null : diagnosis.reason,
    blockedBy: diagnosis.blockedBy,
    until: isoTimeOrNull(diagnosis.until),
  }
}
