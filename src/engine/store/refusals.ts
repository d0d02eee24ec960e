import type { ErrorCode } from '../core/index.ts'

/** Why the database itself refuses a job that is submitted to it, by SQLSTATE, and what to do then. */
export const refusals: Readonly<Record<string, { readonly code: ErrorCode; readonly remedy: string }>> = {
  JQ005: { code: 'job_exists', remedy: 'wait until the other job has ended, cancel it, or use another id' },
  JQ006: { code: 'flow_cycle', remedy: 'leave out one of these links' },
  JQ007: { code: 'unknown_model', remedy: 'correct the name, or declare it in the policy' },
  JQ008: { code: 'models_required', remedy: 'name its models, or set emptySet' },
}
