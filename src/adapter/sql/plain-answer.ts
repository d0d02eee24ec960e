import { jobTrace } from '../../codec/index.ts'
import type { Json } from '../../core/index.ts'
import type { AppendAnswer, JobData } from '../../port/index.ts'

const known: ReadonlySet<string> = new Set(['ok', 'version', 'now', 'data'])

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
    kept.push(dataOf(item['job_id'], item))
  }
  return { ...answer, data: kept }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** It was checked when it was written, or is a row of the user's. */
const dataOf = (jobId: string, item: Readonly<Record<string, unknown>>): JobData => ({
  jobId,
  payload: jsonOf(item['payload']),
  result: jsonOf(item['result']),
  error: jsonOf(item['error']),
  checkpoint: jsonOf(item['checkpoint']),
  progress: jsonOf(item['progress']),
  trace: item['trace'] == null ? null : jobTrace(jsonOf(item['trace'])),
  row: jsonOf(item['row']) as JobData['row'],
})

const jsonOf = (value: unknown): Json => (value ?? null) as Json
