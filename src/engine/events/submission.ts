import { FOR_EVER, type JobSpec, type Json, MICROS_PER_MS, type TraceContext } from '../core/index.ts'
import type { ParsedJob } from './job-spec.ts'

type JobInSql = { readonly job_id: string; readonly [field: string]: Json }

/**
 * A job as SQL has it while it is submitted: what `parseSubmission` makes this job of.
 * @param context of the call, for a job without one
 */
export function submissionOf(job: ParsedJob, context?: TraceContext): JobInSql {
  const { spec, payload, trace = context } = job
  const { runAt, expireMs, fairKey, once, tag, asks, uses } = spec
  return {
    job_id: spec.jobId,
    models: [...spec.models],
    job_type: spec.jobType,
    kind: spec.kind,
    priority: spec.priority,
    attempts: spec.attempts,
    timeout_ms: spec.timeoutMs,
    ...(runAt === null ? undefined : { run_at: new Date(runAt / MICROS_PER_MS).toISOString() }),
    ...(expireMs === null ? undefined : { expire_ms: expireMs }),
    ...(fairKey === null ? undefined : { fair_key: fairKey }),
    ...(once === undefined ? undefined : { once: once === FOR_EVER ? 'for ever' : spanOf(once) }),
    ...dedupeOf(job),
    ...afterOf(job),
    ...modesOf(spec),
    ...(tag === undefined ? undefined : { tag }),
    ...(asks === undefined ? undefined : { asks }),
    ...(uses === undefined ? undefined : { uses }),
    ...(payload === undefined ? undefined : { payload }),
    ...(trace === undefined ? undefined : trace),
  }
}

/** All times of a job are whole seconds. */
const spanOf = (ms: number): string => `${ms / 1_000}s`

function dedupeOf({ spec: { dedupe }, dedupeKey }: ParsedJob) {
  if (dedupe === undefined || dedupeKey === undefined) return undefined
  const { while: lasts, debounce } = dedupe
  return {
    dedupe: {
      key: dedupeKey,
      while: typeof lasts === 'string' ? lasts : { within: spanOf(lasts) },
      ...(debounce === undefined
        ? undefined
        : { debounce: { delay: spanOf(debounce.delay), max_delay: spanOf(debounce.maxDelay) } }),
    },
  }
}

function afterOf({ after }: ParsedJob) {
  if (after === undefined) return undefined
  return {
    after: after.map(({ job, goesOn }) => (goesOn === true ? { job, if_failed: 'continue' } : job)),
  }
}

const modesOf = ({ whole }: JobSpec) =>
  whole === undefined
    ? undefined
    : { modes: Object.fromEntries(whole.map((model) => [model, 'exclusive'] as const)) }
