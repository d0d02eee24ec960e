import { parseSpec } from '../../codec/index.ts'
import { InterlockError } from '../../core/index.ts'
import { MOST_SECONDS, type WorkloadJob } from './job.ts'

/** The values of one line by column name: texts from CSV, anything from JSON. */
export type Fields = Readonly<Record<string, unknown>>

export const columns = ['job_id', 'models', 'seconds', 'job_type', 'priority'] as const
export const requiredColumns = columns.slice(0, 3)

/** The job of one line. @throws InterlockError `invalid_input`, with the name of the column */
export function jobOfLine(fields: Fields, line: number): WorkloadJob {
  const unknown = Object.keys(fields).find((name) => !columns.includes(name as (typeof columns)[number]))
  if (unknown !== undefined) throw bad(`unknown field ${unknown}; the fields are ${columns.join(', ')}`)
  const input = {
    jobId: fields['job_id'],
    models: modelsOf(fields['models']),
    jobType: optional(fields['job_type']),
    priority: optional(numberOf(fields['priority'])),
  }
  const { jobId, jobType, models, priority } = named(() => parseSpec(input))
  return { input: { jobId, jobType, models, priority }, seconds: secondsOf(fields['seconds']), line }
}

/** `a;b` or `["a","b"]`; nothing at all is an empty set. */
function modelsOf(value: unknown): unknown {
  if (typeof value !== 'string') return value
  return value.trim() === '' ? [] : value.split(';').map((name) => name.trim())
}

function secondsOf(value: unknown): number {
  const seconds = numberOf(value)
  if (typeof seconds === 'number' && seconds >= 0 && seconds <= MOST_SECONDS) return seconds
  throw bad(`seconds: must be a number from 0 to ${MOST_SECONDS.toLocaleString('en')}, such as 2.5`)
}

/** A number as people write it; anything else stays what it is, for the schema to refuse. */
export function numberOf(value: unknown): unknown {
  return typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value.trim()) ? Number(value) : value
}

const optional = (value: unknown): unknown => (value === '' || value === null ? undefined : value)

/** Says `job_id` where the schema says `job.jobId`: the words of the file. */
function named<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (!(error instanceof InterlockError)) throw error
    const message = error.message.replace(/^job\./, '').replace(/^jobId/, 'job_id')
    throw bad(message.replace(/^jobType/, 'job_type'))
  }
}

const bad = (message: string): InterlockError => new InterlockError('invalid_input', message)
