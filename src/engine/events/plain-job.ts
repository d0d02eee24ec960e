import {
  bounds,
  type Dedupe,
  type JobSpec,
  type JobType,
  type Json,
  jobTypes,
  type ParentChoice,
  type Uses,
} from '../core/index.ts'
import { jsonBounds, plainJson } from './json.ts'
import { hasOnly, isWhole as isNumber, isPlainName } from './plain.ts'

/** What the schema of a job makes of an input. */
export interface JobInput {
  readonly jobId: string
  readonly jobType?: JobType | undefined
  readonly kind?: string | undefined
  readonly models: string[]
  readonly modes?: Readonly<Record<string, 'shared' | 'exclusive'>> | null | undefined
  readonly priority?: number | undefined
  readonly runAt?: number | null | undefined
  readonly attempts?: number | undefined
  readonly timeoutMs?: number | undefined
  readonly expireMs?: number | null | undefined
  readonly fairKey?: string | null | undefined
  /** In milliseconds. */
  readonly once?: number | null | undefined
  readonly dedupe?: Dedupe | null | undefined
  readonly after?: readonly ParentChoice[] | null | undefined
  readonly tag?: string | null | undefined
  readonly asks?: JobSpec['asks'] | null
  readonly uses?: Uses | null | undefined
  readonly payload?: Json | undefined
  readonly traceparent?: string | null | undefined
  readonly tracestate?: string | null | undefined
}

/**
 * What the schema (job-spec.ts) returns for a job with nothing unusual about it, in a tenth of the time; undefined for all others,
 * which the schema has to check. The schema is the law: test/events/plain-job.test.ts keeps the two consistent.
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
  if (!isWhole(priority, -bounds.priority, bounds.priority) || !isWhole(attempts, 1, bounds.attempts))
    return undefined
  if (!isWhole(timeoutMs, 1, bounds.durationMs)) return undefined
  if (expireMs !== null && !isWhole(expireMs, 1, bounds.durationMs)) return undefined
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

const isWhole = (value: unknown, min: number, max: number): value is number | undefined =>
  value === undefined || isNumber(value, min, max)

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
