import { listDead } from '../../engine/coordinator/dead-letters.ts'
import {
  type Diagnosis,
  endingText,
  explainJob,
  type JobCode,
  type JobRow,
  type JobSpec,
  jobOf,
  MICROS_PER_MS,
  type Micros,
  outcomes,
  projectionOf,
} from '../../engine/core/index.ts'
import { checkCall } from '../../engine/events/index.ts'
import type { DeadJob } from '../../engine/store/index.ts'
import { isoTime, isoTimeOrNull } from '../format/index.ts'
import { type Opened, opened } from '../history/access.ts'
import { activeFirst, diagnosedIn } from '../history/documents.ts'
import type { Access } from '../history/index.ts'
import { type EndedJob, type EndedJobs, endedIn } from './ended.ts'
import { type Look, lookAt } from './look.ts'

/**
 * `waiting` and `active` jobs are live. A `dead` one ended without success, and nobody has tried it again or dropped it. `completed`,
 * `failed`, `cancelled` and `expired` ones came and ended within the newest 50,000 events of the log.
 */
export const foundStates = ['waiting', 'active', 'dead', ...outcomes] as const
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
  /** In line, dead or ended since before this time. */
  readonly before?: Date | undefined
  /** In line, dead or ended since this time or later. */
  readonly after?: Date | undefined
}

/** A job that was found: times as ISO texts. */
export interface FoundDocument
  extends Pick<JobSpec, 'jobId' | 'kind' | 'models' | 'fairKey' | 'priority' | 'attempts'> {
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
  /** The first of them: those that run, then the line, then dead ones and ended ones, the newest first. */
  readonly jobs: readonly FoundDocument[]
  /** Jobs that have ended are found if they came after this time; null: you asked for none, or the log is empty. */
  readonly endedSince: string | null
}

/**
 * Finds jobs by state, kind, model, fair key and age, and says what is with each. Does not join the queue. Jobs that have ended are
 * found if they came and ended within the newest 50,000 events; `explain` knows an older one by its id.
 * @param filter with `limit`: how many jobs are listed, a whole number from 1 to 1,000; 20 unless given
 * @throws InterlockError `invalid_input`; `corrupt_log`, `unknown_event`; `store_unavailable`
 * @example const { total, jobs: late } = await jobs({ store }, { model: 'flux-dev', before: new Date(Date.now() - 600_000) })
 */
export async function jobs(
  given: Access,
  filter: JobFilter & { readonly limit?: number | undefined } = {},
): Promise<JobsDocument> {
  const access = opened(given)
  checkCall('jobs', filter)
  const found = await findJobs(access, filter)
  return jobsDocument(access.queue, found, await diagnoseFirst(access, found, filter.limit ?? 20))
}

/** What is with the first of them. */
export const diagnoseFirst = (
  access: Opened,
  { look, found }: FoundJobs,
  limit: number,
): Promise<readonly DiagnosedFound[]> => Promise.all(found.slice(0, limit).map(diagnoseIn(access, look)))

/** A job that a filter names, as it was at one moment. */
export interface FoundJob {
  readonly spec: JobSpec
  /** Since when it is in line, dead or ended. */
  readonly since: Micros
  /** A live job. */
  readonly row?: JobRow
  /** A dead one. */
  readonly letter?: DeadJob
  /** One that has ended, as the log says. */
  readonly ended?: EndedJob
}

export interface FoundJobs {
  readonly look: Look
  readonly found: readonly FoundJob[]
  /** Since when jobs came that have ended and were looked for; null: none were, or the log is empty. */
  readonly endedSince: Micros | null
}

/** All jobs that the filter names. */
export async function findJobs(access: Opened, filter: JobFilter): Promise<FoundJobs> {
  const { states = ['waiting', 'active'] } = filter
  const look = await lookAt(access)
  const live = liveJobs(look).filter(({ row }) => row !== undefined && states.includes(row.state))
  const dead = states.includes('dead') ? await deadJobs(access, filter) : []
  const { ended, since } = outcomes.some((each) => states.includes(each)) ? await endedIn(access) : noneEnded
  const past = ended
    .filter(({ outcome }) => states.includes(outcome))
    .map((job) => ({ spec: job.spec, since: job.end.at, ended: job }))
  const found = [...live, ...dead, ...past].filter((job) => isNamed(job, filter))
  return { look, found, endedSince: since }
}

const noneEnded: EndedJobs = { ended: [], since: null }

function isNamed({ spec, since }: FoundJob, { kind, model, fairKey, before, after }: JobFilter): boolean {
  return (
    (kind === undefined || spec.kind === kind) &&
    (model === undefined || spec.models.includes(model)) &&
    (fairKey === undefined || spec.fairKey === fairKey) &&
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

export const stateOf = ({ row, ended }: FoundJob): FoundState => row?.state ?? ended?.outcome ?? 'dead'

export const jobsDocument = (
  queue: string,
  { found, endedSince }: FoundJobs,
  diagnosed: readonly DiagnosedFound[],
): JobsDocument => ({
  queue,
  total: found.length,
  jobs: diagnosed.map(foundDocument),
  endedSince: isoTimeOrNull(endedSince),
})

function foundDocument(found: DiagnosedFound): FoundDocument {
  const { spec, since, row, letter, ended, diagnosis } = found
  const { jobId, kind, models, fairKey, priority, attempts } = spec
  return {
    jobId,
    kind,
    models,
    fairKey,
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
