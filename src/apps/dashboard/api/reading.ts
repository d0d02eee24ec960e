import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import {
  explainJob,
  InterlockError,
  isInterlockError,
  type Ledger,
  MICROS_PER_SECOND,
  type Micros,
  type QueueFacts,
} from '../../../engine/core/index.ts'
import { parseJobId } from '../../../engine/events/index.ts'
import { type DeadJob, PAGE } from '../../../engine/store/index.ts'
import { momentOf, type TypedMoment } from '../../../tools/format/moment.ts'
import { operatorsOf } from '../../../tools/history/operators.ts'
import { evidenceText, learnedLimits, limitCommand } from '../../../tools/insight/limits.ts'
import { hasError } from '../../../tools/operate/find-jobs.ts'
import { type Allowed, seesPeople } from '../guard/grant.ts'
import { json } from '../guard/headers.ts'
import { Refused, refusalOf } from '../guard/refused.ts'
import type { WrittenLedger } from '../reader/ledgers.ts'
import type { QueueReader } from '../reader/queue-reader.ts'
import { deadDocument } from './job-documents.ts'
import type { JobLogDocument } from './log-documents.ts'
import {
  type HeadDocument,
  type LimitsDocument,
  scheduleDocuments,
  workerDocuments,
} from './queue-documents.ts'

/** Dead letters in one answer, if no lower limit is asked for. */
export const MOST_DEAD = 500
/** How many pages of them one answer looks through for those of an error or a time. */
const MOST_LOOKS = 10
/** Running jobs whose progress one answer gives. */
const MOST_PROGRESS = 100

/** A request that was checked and may be answered. */
export interface ApiQuery {
  readonly query: URLSearchParams
  readonly allowed: Allowed
  /** Which encodings the browser takes; null: it does not say. */
  readonly accepts: string | null
}

/** A queue in short. */
export async function headOf(reader: QueueReader): Promise<HeadDocument> {
  const { queue, store } = reader
  const { events, version, epoch, now, archivedSeq } = await store.read(queue, 0, 1)
  // Archived events that were kept can be read like all others.
  return { queue, version, epoch, now, first: events.length > 0 ? 1 : archivedSeq + 1 }
}

/** If one queue cannot be read, the others are still shown. */
export async function headOrWhy(reader: QueueReader) {
  try {
    return await headOf(reader)
  } catch (error) {
    const { code, message } = refusalOf(error) ?? { code: 'failed', message: 'it could not be read' }
    return { queue: reader.queue, error: { code, message } }
  }
}

/** A page of the log: events as in the core. */
export async function logPage(reader: QueueReader, { query }: ApiQuery): Promise<Response> {
  const after = numberIn(query, 'after', 0, 0, Number.MAX_SAFE_INTEGER)
  const limit = numberIn(query, 'limit', PAGE, 1, PAGE)
  const { events, version, epoch, now, archivedSeq } = await reader.page(after, limit)
  return json({ queue: reader.queue, version, epoch, now, archivedSeq, events })
}

const gzipped = promisify(gzip)
/** Each is packed once for all viewers: 17 MB, for 100,000 waiting jobs, become one or two. */
const packed = new WeakMap<WrittenLedger, Promise<Uint8Array<ArrayBuffer>>>()

function packedOf(ledger: WrittenLedger): Promise<Uint8Array<ArrayBuffer>> {
  const known = packed.get(ledger)
  if (known !== undefined) return known
  const made = gzipped(ledger.lines, { level: 3 }).then((bytes) => new Uint8Array(bytes))
  packed.set(ledger, made)
  return made
}

/** The ledger at a number or before it, as lines. The head says which number it is. */
export async function snapshotAt(reader: QueueReader, { query, accepts }: ApiQuery): Promise<Response> {
  const at = query.has('at') ? numberIn(query, 'at', 0, 0, Number.MAX_SAFE_INTEGER) : null
  const ledger = await reader.snapshot(at)
  const headers = {
    'content-type': 'application/jsonl; charset=utf-8',
    'interlock-version': String(ledger.version),
    vary: 'accept-encoding',
  }
  if (!/\bgzip\b/.test(accepts ?? '')) return new Response(ledger.lines, { headers })
  return new Response(await packedOf(ledger), { headers: { ...headers, 'content-encoding': 'gzip' } })
}

export async function workersNow(reader: QueueReader): Promise<Response> {
  return json({
    queue: reader.queue,
    workers: workerDocuments(reader.workers ?? (await reader.lookForWorkers())),
  })
}

const HOUR: Micros = 3_600 * MICROS_PER_SECOND

/** Where attempts failed lately. */
export async function failuresNow(reader: QueueReader, { query }: ApiQuery): Promise<Response> {
  await reader.head()
  const since = numberIn(query, 'since', reader.now() - HOUR, 0, Number.MAX_SAFE_INTEGER)
  const { failures, from, to } = await reader.failuresSince(since)
  return json({ queue: reader.queue, from, to, ...failures })
}

export async function schedulesNow(reader: QueueReader): Promise<Response> {
  return json({ queue: reader.queue, schedules: scheduleDocuments(await reader.ledger()) })
}

/** What answers of providers speak for. Nothing is set by it. */
export async function limitsNow(reader: QueueReader): Promise<Response> {
  const { version, policy } = await reader.ledger()
  const learned = await learnedLimits(reader, version, policy)
  const limits = learned.map((limit) => ({
    model: limit.model,
    resource: limit.resource,
    limit: limit.limit,
    perSeconds: limit.perSeconds,
    evidence: evidenceText(limit),
    command: limitCommand(limit),
  }))
  return json({ queue: reader.queue, limits } satisfies LimitsDocument)
}

/** What is with a job, live or not. */
export async function jobNow(reader: QueueReader, jobId: string, { allowed }: ApiQuery): Promise<Response> {
  const { queue } = reader
  const { facts, explanation } = await explanationOf(reader, parseJobId(jobId), seesPeople(allowed))
  if (explanation === undefined)
    throw new InterlockError('job_not_live', `queue ${queue} has never heard of job ${jobId}; compare the id`)
  return json({ queue, version: facts.ledger.version, now: facts.now, explanation })
}

/** What the log says of a job, however long ago: its index knows where. */
export async function jobLog({ queue, store }: QueueReader, given: string): Promise<Response> {
  const jobId = parseJobId(given)
  const { events, archivedSeq } = await store.ofJob(queue, jobId)
  return json({ ...({ queue, jobId, archivedSeq } satisfies JobLogDocument), events })
}

/** @param withPeople it may name who did what */
export async function explanationOf(reader: QueueReader, jobId: string, withPeople = false) {
  const record = await reader.store.ofJob(reader.queue, jobId)
  // Not older than the record.
  await reader.look()
  const facts = await factsOf(reader)
  const who = withPeople ? { operators: await operatorsOf(reader, facts.ledger) } : {}
  return { facts, explanation: explainJob({ ...facts, ...who }, jobId, record) }
}

/** The queue as its reader knows it. */
export async function factsOf(reader: QueueReader): Promise<QueueFacts & { readonly ledger: Ledger }> {
  const ledger = await reader.ledger()
  const workers = reader.workers ?? (await reader.lookForWorkers())
  return { ledger, now: reader.now(), workers }
}

export async function jobData(reader: QueueReader, jobId: string, { allowed }: ApiQuery): Promise<Response> {
  checkSeesData(allowed)
  const [data] = await reader.store.data(reader.queue, [parseJobId(jobId)])
  const nothing = {
    payload: null,
    result: null,
    error: null,
    checkpoint: null,
    progress: null,
    row: null,
    trace: null,
  }
  return json({ jobId, ...nothing, ...data })
}

/** What handlers reported as progress. These are their own words, so only those who may see data get them. */
export async function progressOf(reader: QueueReader, { query, allowed }: ApiQuery): Promise<Response> {
  checkSeesData(allowed)
  const jobIds = query.getAll('jobs').slice(0, MOST_PROGRESS).map(parseJobId)
  const found = jobIds.length === 0 ? [] : await reader.store.data(reader.queue, jobIds)
  return json({ jobs: found.map(({ jobId, progress }) => ({ jobId, progress })) })
}

/** Dead letters by model and time, and by their error; the newest first. */
export async function deadLetters(reader: QueueReader, { query, allowed }: ApiQuery): Promise<Response> {
  const limit = numberIn(query, 'limit', 100, 1, MOST_DEAD)
  const [model, error] = [query.get('model'), query.get('error')]
  if (error !== null) checkSeesData(allowed)
  const jobIds = query.getAll('jobs')
  const since = await timeIn(reader, query, 'since')
  const until = (await timeIn(reader, query, 'until')) ?? Number.POSITIVE_INFINITY
  const found: DeadJob[] = []
  let before = query.has('before') ? numberIn(query, 'before', 0, 0, Number.MAX_SAFE_INTEGER) : null
  for (let looks = 0; looks < MOST_LOOKS; looks++) {
    const page = await reader.store.dead(reader.queue, {
      limit,
      ...(model === null ? {} : { model }),
      ...(jobIds.length === 0 ? {} : { jobIds: jobIds.map(parseJobId) }),
      ...(since === null ? {} : { since }),
      ...(before === null ? {} : { before }),
    })
    const fits = ({ at, ...letter }: DeadJob) =>
      at <= until && (error === null || hasError(error, letter.error, letter.code))
    found.push(...page.filter(fits))
    before = page.length < limit ? null : (page.at(-1)?.seq ?? null)
    if (before === null || found.length >= limit) break
  }
  if (found.length > limit) before = found[limit - 1]?.seq ?? null
  return json({
    queue: reader.queue,
    jobs: found.slice(0, limit).map((job) => deadDocument(job, allowed.data)),
    before,
  })
}

/** A time in microseconds since 1970, or as on the command line; null: it is not asked for. */
async function timeIn(reader: QueueReader, query: URLSearchParams, name: string): Promise<Micros | null> {
  const text = query.get(name)
  if (text === null) return null
  return /^\d{1,16}$/.test(text) ? Number(text) : (await momentIn(reader, name, text)).from
}

function checkSeesData({ data }: Allowed): void {
  if (!data) throw new Refused(403, 'not_allowed', 'you may not see payloads, results and errors')
}

/** A whole number in the query. @throws Refused */
export function numberIn(
  query: URLSearchParams,
  name: string,
  usual: number,
  min: number,
  max: number,
): number {
  const text = query.get(name)
  if (text === null) return usual
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  throw new Refused(400, 'bad_request', `${name}: must be a whole number from ${min} to ${max}`)
}

const times = 'a time such as 10m (s, m, h, d, w), 14:03+01:00 or 2026-11-24T15:00:00Z'

/** A time as on the command line. @throws InterlockError `invalid_input` */
export async function momentIn(reader: QueueReader, name: string, text: unknown): Promise<TypedMoment> {
  await reader.head()
  return momentOf(name, String(text), reader.now(), times)
}

/** The event that a stream goes on from, with its time in this log. Unknown if it cannot be read now. */
export async function sinceOf(reader: QueueReader, from: number) {
  if (from === 0) return { seq: 0, at: null }
  const [known] = reader.tail?.after(from - 1, 1) ?? []
  if (known?.seq === from) return { seq: from, at: known.at }
  try {
    const { events } = await reader.page(from - 1, 1)
    return { seq: from, at: events[0]?.seq === from ? events[0].at : null }
  } catch (error) {
    if (!isInterlockError(error)) throw error
    return { seq: from, at: null }
  }
}
