import type * as z from 'zod'
import { InterlockError, type Json } from '../../core/index.ts'
import { jobTrace } from '../../events/index.ts'
import type { AppendAnswer, JobData } from '../index.ts'

/**
 * The answer of a function, checked. Its shape can be wrong only if the functions in the database are of another release, or were
 * edited.
 *
 * @throws InterlockError `corrupt_log`; those of decodeEvent pass through
 */
export function parseAnswer<Out>(schema: z.ZodType<Out>, value: unknown, name: string): Out {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  throw new InterlockError(
    'corrupt_log',
    `${name} gave an unexpected answer at ${issue?.path.join('.') || 'its top'}: ${issue?.message ?? ''}; run \`npx interlock-queue migrate\` to bring its functions to this release`,
    { function: name },
  )
}

/** Undefined: any role may have sent it, and it is no JSON. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const known: ReadonlySet<string> = new Set(['ok', 'version', 'now', 'data'])
const fields = ['payload', 'result', 'error', 'checkpoint', 'progress', 'trace', 'row'] as const

/**
 * The usual answer to an append, read by its fields: zod takes as long for it as the process takes to decide. Undefined: the schema
 * has to look at it (`appendAnswer`), which gives the same for all that is read here.
 */
export function plainAppended(value: unknown): AppendAnswer | undefined {
  if (!isObject(value) || value['ok'] !== true) return undefined
  for (const key in value) if (!known.has(key)) return undefined
  const { version, now, data } = value
  if (!Number.isSafeInteger(version) || !Number.isSafeInteger(now)) return undefined
  const answer = { ok: true, version: version as number, now: now as number } as const
  if (data === undefined) return answer
  if (!Array.isArray(data)) return undefined
  const kept: JobData[] = []
  for (const item of data) {
    if (!isObject(item) || typeof item['job_id'] !== 'string') return undefined
    // The schema refuses an item without one of them.
    if (fields.some((field) => item[field] === undefined)) return undefined
    kept.push(dataOf(item['job_id'], item))
  }
  return { ...answer, data: kept }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** It was checked when it was written, or is a row of the user's. */
const dataOf = (jobId: string, item: Readonly<Record<string, unknown>>): JobData => ({
  jobId,
  payload: item['payload'] as Json,
  result: item['result'] as Json,
  error: item['error'] as Json,
  checkpoint: item['checkpoint'] as Json,
  progress: item['progress'] as Json,
  trace: item['trace'] === null ? null : jobTrace(item['trace'] as Json),
  row: item['row'] as JobData['row'],
})
