import { amountsText, asksText } from '../state/units.ts'
import { hash } from '../values/hash.ts'
import { type JobSpec, specEntries } from '../values/job.ts'

const compared = specEntries.filter(([, field]) => field.compared !== undefined)
const alwaysThere = compared.flatMap(([name, field]) => (field.optional || name === 'models' ? [] : [name]))
const others = compared.filter(([, field]) => field.optional)

/** Amounts in whatever order they are named. */
function partOf(spec: JobSpec, name: keyof JobSpec): unknown {
  if (name === 'asks') return spec.asks && asksText(spec.asks)
  return name === 'uses' ? spec.uses && amountsText(spec.uses) : spec[name]
}

/**
 * What two jobs under one id are compared by, beside the payload. Ids live in one queue; `once` says how long an id is taken, and `dedupe`
 * which others it stands for, and not what the job is. A field that a spec may be without goes in only where it is there.
 */
function bodyText(spec: JobSpec): string {
  const own = others.flatMap(([name, field]) => {
    const value = partOf(spec, name)
    if (value === undefined) return []
    return [field.compared === 'bare' ? value : { [name]: value }]
  })
  return JSON.stringify([alwaysThere.map((name) => spec[name]), spec.models, ...own])
}

/**
 * Whether nothing differs between the two, the order of models and the payload included. Of a job that waits for the last of its key, time
 * and payload are those of others.
 */
export function isSameSpec(a: JobSpec, b: JobSpec): boolean {
  const isOfLast = a.dedupe?.debounce !== undefined && b.dedupe?.debounce !== undefined
  const timed = isOfLast ? { ...b, runAt: a.runAt } : b
  return bodyText(a) === bodyText(timed) && (isOfLast || isSamePayload(a, b))
}

/**
 * A caller without a payload leaves it as it is. Data that was kept in another way (the row of `jobs`, an old event) cannot be
 * compared here.
 */
export function isSamePayload(
  known: Pick<JobSpec, 'payloadHash' | 'hasData'>,
  { payloadHash }: Pick<JobSpec, 'payloadHash'>,
): boolean {
  if (payloadHash === undefined || known.payloadHash === payloadHash) return true
  return known.payloadHash === undefined && known.hasData === true
}

/**
 * The hash of all that {@link isSameSpec} compares but the payload, which has its own. Stores keep it for as long as `once` says, so
 * it stays the same from release to release.
 */
export const bodyOf = (spec: JobSpec): number => hash(bodyText(spec))
