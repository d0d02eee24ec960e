import {
  InterlockError,
  invalidInput,
  type JobField,
  type JobRule,
  jobEntries,
  jobFields,
  numberText,
  sqlName,
} from '../../../engine/core/index.ts'
import { type EnqueueInput, parseJob } from '../../../engine/events/index.ts'
import { modelNameFault, unitsFrom } from '../flag-value.ts'

/** The values of one line by column name: texts from CSV, anything from JSON. */
export type LineFields = Readonly<Record<string, unknown>>

const first = ['job_id', 'models', 'modes', 'seconds'] as const
/** By its column. */
const fieldOf = new Map(
  jobEntries.flatMap(([name, { flags }]) => (flags === undefined ? [] : [[sqlName(name), name] as const])),
)

export const columns: readonly string[] = [...new Set([...first, ...fieldOf.keys()])]

/** Why a line is read: to put its job in line, or to run it here for the seconds in the file. */
export type Purpose = 'enqueue' | 'run'

export const requiredColumns: Readonly<Record<Purpose, readonly (typeof first)[number][]>> = {
  enqueue: ['job_id', 'models'],
  run: ['job_id', 'models', 'seconds'],
}

/** Why a file whose jobs are run here must not say it. */
const notRun = [
  // A file that is run to its end a second time would wait for jobs that never come.
  ['once', '`run` runs a file that has ended again'],
  ['dedupe', '`run` waits for each job of the file'],
  ['after', '`run` runs each job of the file by itself'],
] as const

/** The job of one line. @throws InterlockError `invalid_input`, with the name of the column */
export function jobOfLine(fields: LineFields, line: number, purpose: Purpose): WorkloadJob {
  const unknown = Object.keys(fields).find((name) => !columns.includes(name))
  if (unknown !== undefined)
    throw invalidInput(`unknown field ${unknown}; the fields are ${columns.join(', ')}`)
  const given = givenIn(fields)
  const wrong = notRun.find(([name]) => purpose === 'run' && given[name] !== undefined)
  if (wrong !== undefined) throw invalidInput(`${wrong[0]}: is for \`interlock enqueue\`; ${wrong[1]}`)
  const { jobId, jobType, models, priority } = named(() => parseJob(given)).spec
  // As they were written: one that comes twice is told of.
  const written = purpose === 'enqueue' ? (given.models ?? []) : models
  return {
    input: { ...given, jobId, jobType, models: written, priority },
    seconds: purpose === 'run' ? secondsOf(fields['seconds']) : 0,
    line,
  }
}

/** The fields that a line says, each as a program would give it. */
function givenIn(fields: LineFields): Partial<EnqueueInput> {
  const given = [...fieldOf].map(([column, name]) => {
    const field: JobField = jobFields[name]
    const read = readers[field.is] ?? (field.required ? asItIs : optional)
    return [name, read(fields[column])] as const
  })
  return Object.fromEntries(given.filter(([, value]) => value !== undefined))
}

/** In a file of JSON an object; in one of texts its JSON. @throws InterlockError `invalid_input` */
function dedupeOf(value: unknown): unknown {
  if (typeof value !== 'string' || value === '') return optional(value)
  try {
    return JSON.parse(value)
  } catch {
    throw invalidInput('dedupe: not JSON; write it such as {"key":"site-7","while":"waiting"}')
  }
}

/** `a;b` in a file of texts: models of which it takes all places; in one of JSON as in SQL. */
function modesOf(value: unknown): unknown {
  if (typeof value !== 'string') return optional(value)
  const names = value.split(';').flatMap((name) => name.trim() || [])
  return names.length === 0 ? undefined : Object.fromEntries(names.map((name) => [name, 'exclusive']))
}

/** `flux-dev=vram:20+slots:1` in a file of texts; in one of JSON an object. @throws InterlockError `invalid_input` */
function asksOf(value: unknown): unknown {
  if (typeof value !== 'string' || value === '') return optional(value)
  const at = value.lastIndexOf('=')
  const units = at < 1 ? undefined : unitsFrom(value.slice(at + 1))
  if (units === undefined) throw invalidInput('asks: must be model=name:n, such as flux-dev=vram:20')
  return { [value.slice(0, at)]: units }
}

/** `openai-tpm=1800;openai-rpm=1` in a file of texts; in one of JSON an object. @throws InterlockError `invalid_input` */
function usesOf(value: unknown): unknown {
  if (typeof value !== 'string' || value === '') return optional(value)
  const entries = value.split(';').map((one) => {
    const at = one.lastIndexOf('=')
    if (at < 1) throw invalidInput('uses: must be such as openai-tpm=1800, several separated by semicolons')
    return [one.slice(0, at).trim(), numberOf(one.slice(at + 1))] as const
  })
  return Object.fromEntries(entries)
}

/** `a;b?` in a file of texts (`?`: it goes on whatever becomes of b); in one of JSON a list, as in SQL. */
function afterOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(parentOf)
  if (typeof value !== 'string') return optional(value)
  const ids = value
    .split(';')
    .map((id) => id.trim())
    .filter((id) => id !== '')
  if (ids.length === 0) return undefined
  return ids.map((id) => (id.endsWith('?') ? { job: id.slice(0, -1), ifFailed: 'continue' } : id))
}

function parentOf(parent: unknown): unknown {
  if (typeof parent !== 'object' || parent === null || !('if_failed' in parent)) return parent
  const { if_failed: ifFailed, ...rest } = parent
  return { ...rest, ifFailed }
}

/** The JSON value of a text. @throws InterlockError `invalid_input` */
export function payloadOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw invalidInput('payload: not JSON; write it such as {"prompt":"a fox"}')
  }
}

/** `a;b` or `["a","b"]`; an empty field is an empty set. @throws InterlockError `invalid_input` for `a,b` and `none` */
function modelsOf(value: unknown): unknown {
  if (typeof value !== 'string') return value
  const names = value.trim() === '' ? [] : value.split(';').map((name) => name.trim())
  for (const name of names) {
    const each = (parts: readonly string[]) => `divide models by semicolons: "${parts.join(';')}"`
    const fault = modelNameFault(name, each, 'leave models empty for a job without')
    if (fault !== undefined) throw invalidInput(`models: ${name}: ${fault}`)
  }
  return names
}

function secondsOf(value: unknown): number {
  const seconds = numberOf(value)
  if (typeof seconds === 'number' && seconds >= 0 && seconds <= MOST_SECONDS) return seconds
  throw invalidInput(`seconds: must be a number from 0 to ${numberText(MOST_SECONDS)}, such as 2.5`)
}

/** How the value of a column is read; absent: an empty one is none. */
const readers: { readonly [Kind in JobRule['is']]?: (value: unknown) => unknown } = {
  models: modelsOf,
  modes: modesOf,
  whole: (value) => optional(numberOf(value)),
  dedupe: dedupeOf,
  after: afterOf,
  asks: asksOf,
  uses: usesOf,
  json: asItIs,
}
function asItIs(value: unknown): unknown {
  return value
}

/** A number as people write it. Anything else stays unchanged, and the schema refuses it. */
export function numberOf(value: unknown): unknown {
  return typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value.trim()) ? Number(value) : value
}

const optional = (value: unknown): unknown => (value === '' || value === null ? undefined : value)

/** Turns the schema's `job.jobId` into the file's `job_id`. */
function named<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (!(error instanceof InterlockError)) throw error
    const message = error.message.replace(/^job\./, '').replace(/^jobId/, 'job_id')
    throw invalidInput(message.replace(/^jobType/, 'job_type'))
  }
}

/** One line of a workload file: a job, and for how long it keeps its models. */
export interface WorkloadJob {
  readonly input: EnqueueInput & { readonly jobId: string; readonly models: readonly string[] }
  readonly seconds: number
  /** Where it stands in the file, from 1. */
  readonly line: number
}

export interface Workload {
  readonly file: string
  readonly jobs: readonly WorkloadJob[]
  /** What is wrong with the lines that were left out; empty unless that was asked for. */
  readonly skipped: readonly string[]
}

/** More than this per job is more likely a mistake in the unit than a job. */
const MOST_SECONDS = 7 * 24 * 3_600
