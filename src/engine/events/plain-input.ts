/** Usual input, checked by its fields: a schema takes ten times as long, and looks at all other input. */
import { bounds, type JobRule, jobEntries } from '../core/index.ts'
import { jsonBounds, plainJson } from './json.ts'

/**
 * What the schema (job-spec.ts) makes of a job with nothing unusual about it, in a tenth of the time; undefined for all others,
 * which the schema has to check. The schema is the law: test/fast/events/plain-job.test.ts keeps the two consistent.
 */
export function plainJob<JobInput>(input: unknown): JobInput | undefined {
  if (!isPlainObject(input)) return undefined
  for (const name in input) {
    const isPlain = plainly.get(name)
    if (isPlain === undefined || !isPlain(input[name])) return undefined
  }
  const { jobId, models, payload } = input
  const names = plainNames(models)
  if (jobId === undefined || names === undefined) return undefined
  const json = payload === undefined ? undefined : plainJson(payload, jsonBounds.payload)
  if (json === undefined && payload !== undefined) return undefined
  return { ...input, models: names, payload: json } as JobInput
}

type Guard = (value: unknown) => boolean

/** Absent: such a field, if it says something, is not plain. */
function guardOf(rule: JobRule): Guard | undefined {
  switch (rule.is) {
    case 'name':
      return isPlainName
    case 'word':
      return (value) => rule.words.some((word) => word === value)
    case 'whole':
      return (value) => isWhole(value, rule.min, rule.max)
    case 'header':
      return (value) => typeof value === 'string'
    // Looked at as a whole.
    case 'models':
    case 'json':
      return () => true
    default:
      return undefined
  }
}

const plainly: ReadonlyMap<string, Guard> = new Map(
  jobEntries.map(([name, field]) => {
    const guard = guardOf(field)
    return [
      name,
      (value) => value === undefined || (value === null && field.orNull) || guard?.(value) === true,
    ]
  }),
)

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
export const plainCalls: Readonly<Record<string, (given: GivenArguments) => boolean>> = {
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

const isPlainObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype

/** An object with no other fields than these. */
function hasOnly(value: unknown, known: ReadonlySet<string>): value is Readonly<Record<string, unknown>> {
  if (!isPlainObject(value)) return false
  for (const key in value) if (!known.has(key)) return false
  return true
}

/** Letters, digits and signs of ASCII: every kind of name allows these. */
const ordinary = /^[ -~]+$/

function isPlainName(value: unknown): value is string {
  return typeof value === 'string' && value.length <= bounds.idLength && ordinary.test(value)
}

/** Excludes -0, which only a schema turns into 0. */
function isWhole(value: unknown, min: number, max: number): value is number {
  return (
    Number.isSafeInteger(value) &&
    (value as number) >= min &&
    (value as number) <= max &&
    !Object.is(value, -0)
  )
}
