import { listDead } from '../../engine/coordinator/dead-letters.ts'
import {
  type FindWords,
  findEntries,
  isInterlockError,
  type JobRow,
  type JobSpec,
  type Json,
  jobOf,
  type Ledger,
  MICROS_PER_MS,
  type Micros,
  outcomes,
  projectionOf,
} from '../../engine/core/index.ts'
import { parseSubmission } from '../../engine/events/index.ts'
import type { DeadJob } from '../../engine/store/index.ts'
import type { Opened } from '../history/access.ts'
import { activeFirst } from '../history/documents.ts'
import { checkOrder } from '../history/log-point.ts'
import { type EndedJob, type EndedJobs, endedIn } from './ended.ts'
import { type Look, lookAt } from './look.ts'

/**
 * `waiting` and `active` jobs are live. A `submitted` one was committed in a transaction of its submitter and is not in line yet. A `dead` one ended without success, and nobody has tried it again or dropped it. `completed`,
 * `failed`, `cancelled` and `expired` ones came and ended within the newest 50,000 events of the log.
 */
export const foundStates = ['waiting', 'active', 'submitted', 'dead', ...outcomes] as const
export type FoundState = (typeof foundStates)[number]
/** Which jobs are meant unless a filter says it. */
export const usualStates: readonly FoundState[] = ['waiting', 'active']

/**
 * Which jobs are meant. What you leave out does not matter: by `kind`, by one of the models that they need (`model`), by whose they are
 * (`fairKey`), or by the tag that they were enqueued with.
 */
export interface JobFilter extends FindWords {
  /** Jobs in these states; `waiting` and `active` unless given. */
  readonly states?: readonly FoundState[] | undefined
  /**
   * Fields of the payload and what they equal: `{ 'user.id': 17, urgent: true }`. Payloads are read of those jobs alone that the rest of the
   * filter names.
   */
  readonly payload?: Readonly<Record<string, string | number | boolean | null>> | undefined
  /**
   * A part of the error of the last attempt that failed, `TimeoutError: timed out`, or of why a dead job ended, `lease_expired`; capital and
   * small letters are the same, and so are `_` and a space.
   */
  readonly error?: string | undefined
  /** In line, active, dead or ended since this time or later. */
  readonly since?: Date | undefined
  /** In line, active, dead or ended since before this time; not before `since`. */
  readonly until?: Date | undefined
}

/** A value of a payload as it is typed: JSON where it can be (`17`, `"17"`), and else a text. */
export function payloadValue(typed: string): string | number | boolean | null {
  try {
    const value: unknown = JSON.parse(typed)
    return typeof value === 'object' && value !== null ? typed : (value as string | number | boolean | null)
  } catch {
    return typed
  }
}

/** A job that a filter names, as it was at one moment. */
export interface FoundJob {
  readonly spec: JobSpec
  /** Since when it is in line, active, dead or ended. */
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
  /** The states that were looked for. */
  readonly states: readonly FoundState[]
  /** Those of this page and behind it; absent: all of them. */
  readonly rest?: readonly FoundJob[]
  /** Since when jobs came that have ended and were looked for; null: none were, or the log is empty. */
  readonly endedSince: Micros | null
}

/** All jobs that the filter names. @throws InterlockError `invalid_input` if its `until` is before its `since` */
export async function findJobs(access: Opened, filter: JobFilter): Promise<FoundJobs> {
  const { states = usualStates, since: begin, until } = filter
  checkOrder(begin, until)
  const look = await lookAt(access)
  const live = liveJobs(look).filter(({ row }) => row !== undefined && states.includes(row.state))
  const submitted = states.includes('submitted') ? await submittedJobs(access) : []
  const dead = states.includes('dead') ? await deadJobs(access, filter) : []
  const { ended, since } = outcomes.some((each) => states.includes(each)) ? await endedIn(access) : noneEnded
  const past = ended
    .filter(({ outcome }) => states.includes(outcome))
    .map((job) => ({ spec: job.spec, since: job.end.at, ended: job }))
  const named = [...live, ...submitted, ...dead, ...past].filter((job) => isNamed(job, filter))
  return { look, states, found: await withData(access, named, filter), endedSince: since }
}

/** In one read. Each payload may have a megabyte. */
const MOST_PAYLOADS = 100

/** Those whose payload has these fields, and whose last error has this text. */
async function withData(
  { store, queue, signal }: Opened,
  named: readonly FoundJob[],
  { payload: fields = {}, error }: JobFilter,
): Promise<readonly FoundJob[]> {
  const wanted = Object.entries(fields)
  const isMeant = (found: unknown, code?: string) => error === undefined || hasError(error, found, code)
  // A dead letter has its error: no payload is read for it.
  const jobs = named.filter(({ letter }) => letter === undefined || isMeant(letter.error, letter.code))
  const isKnown = error === undefined || jobs.every(({ letter }) => letter !== undefined)
  if (wanted.length === 0 && isKnown) return jobs
  const found: FoundJob[] = []
  for (let at = 0; at < jobs.length; at += MOST_PAYLOADS) {
    signal.throwIfAborted()
    const page = jobs.slice(at, at + MOST_PAYLOADS)
    const kept = await store.data(
      queue,
      page.map(({ spec }) => spec.jobId),
    )
    const data = new Map(kept.map((each) => [each.jobId, each]))
    const payloadOf = ({ spec, submitted }: FoundJob) =>
      submitted === undefined ? data.get(spec.jobId)?.payload : submitted.payload
    const isWanted = (job: FoundJob) =>
      (job.letter !== undefined || isMeant(data.get(job.spec.jobId)?.error)) &&
      wanted.every(([field, value]) => fieldOf(payloadOf(job), field) === value)
    found.push(...page.filter(isWanted))
  }
  return found
}

/**
 * Whether an error has this text, in `code: name: message`: `timed out` is in `timed_out`, too.
 * @param found `{ name, message }`, or whatever was given instead
 */
export function hasError(text: string, found: unknown, code = ''): boolean {
  const { name = '', message = '' } = Object(found) as { readonly name?: unknown; readonly message?: unknown }
  return plain(`${code}: ${name}: ${message}`).includes(plain(text))
}

const plain = (text: string): string => text.toLowerCase().replaceAll('_', ' ')

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

function isNamed({ spec, since: came }: FoundJob, filter: JobFilter): boolean {
  const { since, until } = filter
  return (
    findEntries.every(({ field, name }) => has(spec, field, filter[name])) &&
    (since === undefined || came >= since.getTime() * MICROS_PER_MS) &&
    (until === undefined || came < until.getTime() * MICROS_PER_MS)
  )
}

function has(spec: Readonly<Record<string, unknown>>, field: string, word: string | undefined): boolean {
  const value = spec[field]
  return word === undefined || (Array.isArray(value) ? value.includes(word) : value === word)
}

/** The next page of a walk finds the same ledger, if nothing has happened since. */
const lists = new WeakMap<Ledger, readonly FoundJob[]>()

function liveJobs({ ledger }: Look): readonly FoundJob[] {
  const known = lists.get(ledger)
  if (known !== undefined) return known
  const list = projectionOf(ledger)
    .jobs.toSorted(activeFirst)
    .flatMap((row) => {
      const spec = jobOf(ledger, row.job_id)?.spec
      return spec === undefined ? [] : [{ spec, row, since: row.started_at ?? row.queued_at }]
    })
  lists.set(ledger, list)
  return list
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

async function deadJobs({ store, queue }: Opened, { model, since }: JobFilter): Promise<readonly FoundJob[]> {
  const found: FoundJob[] = []
  for (let before = Number.MAX_SAFE_INTEGER; ; ) {
    const page = await listDead({ store, queue }, { model, since, before, limit: PAGE })
    for (const letter of page) found.push({ spec: letter.spec, since: letter.at, letter })
    if (page.length < PAGE) return found
    before = page.at(-1)?.seq ?? 0
  }
}

export const stateOf = ({ row, submitted, ended }: FoundJob): FoundState =>
  row?.state ?? (submitted === undefined ? (ended?.outcome ?? 'dead') : 'submitted')
