import {
  FOR_EVER,
  type Json,
  MICROS_PER_MS,
  type ParentChoice,
  specEntries,
  sqlName,
  type TraceContext,
} from '../core/index.ts'
import type { ParsedJob } from './job-spec.ts'

type JobInSql = { readonly job_id: string; readonly [field: string]: Json }

/** A field of the spec in SQL: under which name, and what it is there, if not the same. */
interface InSql {
  readonly as: string
  readonly make?: (job: ParsedJob) => Json | undefined
}
const nothing = (): undefined => undefined
const inSql: ReadonlyMap<string, InSql> = new Map<string, InSql>([
  ...specEntries.map(([name]): [string, InSql] => [name, { as: sqlName(name) }]),
  [
    'runAt',
    { as: 'run_at', make: ({ spec: { runAt } }) => new Date((runAt ?? 0) / MICROS_PER_MS).toISOString() },
  ],
  ['once', { as: 'once', make: ({ spec: { once = 0 } }) => (once === FOR_EVER ? 'for ever' : spanOf(once)) }],
  ['dedupe', { as: 'dedupe', make: dedupeOf }],
  ['after', { as: 'after', make: ({ after = [] }) => after.map(parentOf) }],
  [
    'whole',
    {
      as: 'modes',
      make: ({ spec: { whole = [] } }) => Object.fromEntries(whole.map((model) => [model, 'exclusive'])),
    },
  ],
  // Those of its payload.
  ['hasData', { as: 'payload', make: nothing }],
  ['payloadHash', { as: 'payload', make: nothing }],
])

/**
 * A job as SQL has it while it is submitted: what `parseSubmission` makes this job of.
 * @param context of the call, for a job without one
 */
export function submissionOf(job: ParsedJob, context?: TraceContext): JobInSql {
  const { spec, payload, trace = context } = job
  const fields: Record<string, Json> & { job_id: string } = { job_id: spec.jobId }
  const given = spec as unknown as Readonly<Record<string, Json>>
  for (const name in given) {
    const field = inSql.get(name)
    const value = given[name]
    if (field === undefined || value === undefined || value === null) continue
    const made = field.make === undefined ? value : field.make(job)
    if (made !== undefined) fields[field.as] = made
  }
  if (payload !== undefined) fields['payload'] = payload
  return trace === undefined ? fields : { ...fields, ...trace }
}

/** All times of a job are whole seconds. */
const spanOf = (ms: number): string => `${ms / 1_000}s`

function dedupeOf({ spec: { dedupe }, dedupeKey }: ParsedJob): Json | undefined {
  if (dedupe === undefined || dedupeKey === undefined) return undefined
  const { while: lasts, debounce } = dedupe
  return {
    key: dedupeKey,
    while: typeof lasts === 'string' ? lasts : { within: spanOf(lasts) },
    ...(debounce === undefined
      ? undefined
      : { debounce: { delay: spanOf(debounce.delay), max_delay: spanOf(debounce.maxDelay) } }),
  }
}

const parentOf = ({ job, goesOn }: ParentChoice): Json =>
  goesOn === true ? { job, if_failed: 'continue' } : job
