import { asksText } from '../state/units.ts'
import { hash } from '../values/hash.ts'
import type { JobSpec } from '../values/job.ts'
import { isSameRule } from '../values/policy.ts'

/**
 * What two jobs under one id are compared by. Ids live in one queue; `once` says how long an id is taken, and `dedupe` which others it
 * stands for, and not what the job is.
 */
const bodyFields = [
  'jobType',
  'kind',
  'priority',
  'runAt',
  'attempts',
  'timeoutMs',
  'expireMs',
  'fairKey',
] as const satisfies readonly (keyof JobSpec)[]

/**
 * Whether nothing differs between the two, the order of models and the payload included. Of a job that waits for the last of its key, time
 * and payload are those of others.
 */
export function isSameSpec(a: JobSpec, b: JobSpec): boolean {
  const isOfLast = a.dedupe?.debounce !== undefined && b.dedupe?.debounce !== undefined
  return (
    bodyFields.every((field) => a[field] === b[field] || (isOfLast && field === 'runAt')) &&
    a.tag === b.tag &&
    a.whole?.join('\n') === b.whole?.join('\n') &&
    isSameRule(a.asks, b.asks) &&
    a.models.length === b.models.length &&
    a.models.every((model, i) => model === b.models[i]) &&
    a.after === b.after &&
    usesText(a) === usesText(b) &&
    (isOfLast || isSamePayload(a, b))
  )
}

/** In whatever order they are named. */
const usesText = ({ uses }: JobSpec): string | undefined =>
  uses && JSON.stringify(Object.entries(uses).sort(([a], [b]) => (a < b ? -1 : 1)))

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
 * it stays the same from release to release: a field that is added later goes in only where it is not as usual.
 */
export const bodyOf = (spec: JobSpec): number =>
  hash(
    JSON.stringify([
      bodyFields.map((field) => spec[field]),
      spec.models,
      ...(spec.after === undefined ? [] : [spec.after]),
      ...(spec.tag === undefined ? [] : [spec.tag]),
      ...(spec.whole === undefined ? [] : [{ whole: spec.whole }]),
      ...(spec.asks === undefined ? [] : [asksText(spec.asks)]),
      ...(spec.uses === undefined ? [] : [usesText(spec)]),
    ]),
  )
