/** Usual input, checked by its fields: a schema takes ten times as long, and looks at all other input. */
import { bounds, type JobType, jobTypes } from '../core/index.ts'
import type { calls } from './coordinator-calls.ts'
import type { JobInput } from './job-spec.ts'
import { jsonBounds, plainJson } from './json.ts'

/**
 * What the schema (job-spec.ts) returns for a job with nothing unusual about it, in a tenth of the time; undefined for all others,
 * which the schema has to check. The schema is the law: test/fast/events/plain-job.test.ts keeps the two consistent.
 */
export function plainJob(input: unknown): JobInput | undefined {
  if (!hasOnly(input, fields)) return undefined
  const { jobId, jobType, kind, models, priority, runAt, attempts, timeoutMs, expireMs, fairKey } = input
  const { payload, traceparent, tracestate } = input
  const names = plainNames(models)
  if (
    !isPlainName(jobId) ||
    names === undefined ||
    !isType(jobType) ||
    (kind !== undefined && !isPlainName(kind))
  )
    return undefined
  if (runAt !== undefined && runAt !== null) return undefined
  if (
    !isWholeOrNone(priority, -bounds.priority, bounds.priority) ||
    !isWholeOrNone(attempts, 1, bounds.attempts)
  )
    return undefined
  if (!isWholeOrNone(timeoutMs, 1, bounds.durationMs)) return undefined
  if (expireMs !== null && !isWholeOrNone(expireMs, 1, bounds.durationMs)) return undefined
  if (fairKey !== undefined && fairKey !== null && !isPlainName(fairKey)) return undefined
  if (!isHeader(traceparent) || !isHeader(tracestate)) return undefined
  const json = payload === undefined ? undefined : plainJson(payload, jsonBounds.payload)
  if (json === undefined && payload !== undefined) return undefined
  return {
    jobId,
    jobType,
    kind,
    models: names,
    priority,
    runAt,
    attempts,
    timeoutMs,
    expireMs,
    fairKey,
    payload: json,
    traceparent,
    tracestate,
  }
}

const known: readonly (keyof JobInput)[] = [
  ...(['jobId', 'jobType', 'kind', 'models', 'priority', 'runAt'] as const),
  ...(['attempts', 'timeoutMs', 'expireMs', 'fairKey', 'payload'] as const),
  ...(['traceparent', 'tracestate'] as const),
]
const fields: ReadonlySet<string> = new Set(known)

const types: ReadonlySet<unknown> = new Set([undefined, ...jobTypes])
const isType = (value: unknown): value is JobType | undefined => types.has(value)

const isWholeOrNone = (value: unknown, min: number, max: number): value is number | undefined =>
  value === undefined || isWhole(value, min, max)

const isHeader = (value: unknown): value is string | null | undefined =>
  value === undefined || value === null || typeof value === 'string'

function plainNames(value: unknown): string[] | undefined {
  if (!Array.isArray(value) || value.length > bounds.models) return undefined
  const names: string[] = []
  for (const name of value) {
    if (!isPlainName(name) || names.includes(name)) return undefined
    names.push(name)
  }
  return names
}

type GivenArguments = readonly unknown[]

/**
 * Whether the arguments of a call are plainly what its schemas accept, in a tenth of the time: for the calls that every job
 * makes. The schemas (coordinator-calls.ts) check all other arguments. test/fast/events/plain-call.test.ts keeps the two consistent.
 */
export const plainCalls: { readonly [Name in keyof typeof calls]?: (given: GivenArguments) => boolean } = {
  attempt: ([lease]) => isLease(lease),
  dataOf: ([lease]) => isLease(lease),
  claim: ([claim, options]) => isClaim(claim) && (options === undefined || isOfClaim(options)),
  complete: ([lease, options]) =>
    isLease(lease) &&
    (options === undefined ||
      (hasOnly(options, ofComplete) && (options['claim'] === undefined || isClaim(options['claim'])))),
  enqueue: ([jobs, options]) => Array.isArray(jobs) && options === undefined,
  offering: ([kinds, freeSlots]) => (kinds === null || areNames(kinds)) && isWhole(freeSlots, 0, 1_000_000),
}

const ofLease: ReadonlySet<string> = new Set(['jobId', 'fencingToken', 'epoch', 'fence'])
const ofClaim: ReadonlySet<string> = new Set(['max', 'kinds', 'batches', 'serves', 'keeps'])
const ofClaiming: ReadonlySet<string> = new Set(['known'])
const ofComplete: ReadonlySet<string> = new Set(['result', 'claim'])

function isLease(value: unknown): boolean {
  if (!hasOnly(value, ofLease)) return false
  const { jobId, fencingToken, epoch } = value
  return (
    isPlainName(jobId) && isWhole(fencingToken, 1, Number.MAX_SAFE_INTEGER) && Number.isSafeInteger(epoch)
  )
}

function isOfClaim(value: unknown): boolean {
  return hasOnly(value, ofClaiming) && (value['known'] === undefined || typeof value['known'] === 'boolean')
}

function isClaim(value: unknown): boolean {
  if (!hasOnly(value, ofClaim)) return false
  const { max, kinds, batches, serves, keeps } = value
  if (!isWhole(max, 1, 1_000_000) || (batches !== undefined && !areBatches(batches))) return false
  if (keeps !== undefined && !isWhole(keeps, 1, bounds.keeps)) return false
  if (serves !== undefined && (!areNames(serves) || (serves as unknown[]).length > bounds.serves))
    return false
  return kinds === undefined || kinds === null || areNames(kinds)
}

const ofBatch: ReadonlySet<string> = new Set(['kind', 'size'])

function areBatches(value: unknown): boolean {
  if (!Array.isArray(value)) return false
  for (const one of value)
    if (!hasOnly(one, ofBatch) || !isPlainName(one['kind']) || !isWhole(one['size'], 1, bounds.batch))
      return false
  return true
}

function areNames(value: unknown): boolean {
  if (!Array.isArray(value)) return false
  for (const name of value) if (!isPlainName(name)) return false
  return true
}

/** An object with no other fields than these. */
function hasOnly(value: unknown, known: ReadonlySet<string>): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return false
  for (const key in value) if (!known.has(key)) return false
  return true
}

/** Letters, digits and signs of ASCII: every kind of name allows these. */
const ordinary = /^[ -~]+$/

const isPlainName = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= bounds.idLength && ordinary.test(value)

/** Excludes -0, which only a schema turns into 0. */
const isWhole = (value: unknown, min: number, max: number): value is number =>
  Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max && !Object.is(value, -0)
