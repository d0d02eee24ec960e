import { bounds } from '../core/index.ts'
import type { calls } from './coordinator-calls.ts'
import { hasOnly, isPlainName, isWhole } from './plain.ts'

type GivenArguments = readonly unknown[]

/**
 * Whether the arguments of a call are plainly what its schemas accept, in a tenth of the time: for the calls that every job
 * makes. The schemas (coordinator-calls.ts) check all other arguments. test/events/plain-call.test.ts keeps the two consistent.
 */
export const plainCalls: { readonly [Name in keyof typeof calls]?: (given: GivenArguments) => boolean } = {
  attempt: ([lease]) => isLease(lease),
  dataOf: ([lease]) => isLease(lease),
  claim: ([claim, options]) => isClaim(claim) && (options === undefined || isOfClaim(options)),
  complete: ([lease, options]) =>
    isLease(lease) &&
    (options === undefined ||
      (hasOnly(options, ofComplete) && (options['claim'] === undefined || isClaim(options['claim'])))),
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
