import { InterlockError, invalidInput, numberText } from '../../../engine/core/index.ts'
import { type EnqueueInput, parseJob } from '../../../engine/events/index.ts'
import { modelNameFault, unitsFrom } from '../flag-value.ts'

/** The values of one line by column name: texts from CSV, anything from JSON. */
export type LineFields = Readonly<Record<string, unknown>>

export const columns = [
  'job_id',
  'models',
  'modes',
  'seconds',
  'job_type',
  'kind',
  'priority',
  'attempts',
  'once',
  'dedupe',
  'after',
  'tag',
  'asks',
  'uses',
  'payload',
] as const
type WorkloadColumn = (typeof columns)[number]

/** Why a line is read: to put its job in line, or to run it here for the seconds in the file. */
export type Purpose = 'enqueue' | 'run'

export const requiredColumns: Readonly<Record<Purpose, readonly WorkloadColumn[]>> = {
  enqueue: ['job_id', 'models'],
  run: ['job_id', 'models', 'seconds'],
}

/** The job of one line. @throws InterlockError `invalid_input`, with the name of the column */
export function jobOfLine(fields: LineFields, line: number, purpose: Purpose): WorkloadJob {
  const unknown = Object.keys(fields).find((name) => !columns.includes(name as WorkloadColumn))
  if (unknown !== undefined)
    throw invalidInput(`unknown field ${unknown}; the fields are ${columns.join(', ')}`)
  const once = optional(fields['once'])
  // A file that is run to its end a second time would wait for jobs that never come.
  if (once !== undefined && purpose === 'run')
    throw invalidInput('once: is for `interlock enqueue`; `run` runs a file that has ended again')
  const dedupe = dedupeOf(fields['dedupe'])
  if (dedupe !== undefined && purpose === 'run')
    throw invalidInput('dedupe: is for `interlock enqueue`; `run` waits for each job of the file')
  const after = afterOf(fields['after'])
  if (after !== undefined && purpose === 'run')
    throw invalidInput('after: is for `interlock enqueue`; `run` runs each job of the file by itself')
  const uses = usesOf(fields['uses'])
  const given = modelsOf(fields['models'])
  const { spec, payload } = named(() =>
    parseJob({
      jobId: fields['job_id'],
      models: given,
      modes: modesOf(fields['modes']),
      jobType: optional(fields['job_type']),
      kind: optional(fields['kind']),
      priority: optional(numberOf(fields['priority'])),
      attempts: optional(numberOf(fields['attempts'])),
      once,
      dedupe,
      after,
      tag: optional(fields['tag']),
      asks: asksOf(fields['asks']),
      uses,
      payload: fields['payload'],
    }),
  )
  const { jobId, jobType, models, priority } = spec
  const attempts = optional(fields['attempts']) === undefined ? {} : { attempts: spec.attempts }
  const kind = optional(fields['kind']) === undefined ? {} : { kind: spec.kind }
  const taken = once === undefined ? {} : { once: once as NonNullable<EnqueueInput['once']> }
  const keyed = dedupe === undefined ? {} : { dedupe: dedupe as NonNullable<EnqueueInput['dedupe']> }
  const linked = after === undefined ? {} : { after: after as NonNullable<EnqueueInput['after']> }
  const found = spec.tag === undefined ? {} : { tag: spec.tag }
  const asking = spec.asks === undefined ? {} : { asks: spec.asks }
  const limited = spec.uses === undefined ? {} : { uses: spec.uses }
  const kept = payload === undefined ? {} : { payload }
  const modes = spec.whole === undefined ? {} : { modes: exclusiveOf(spec.whole) }
  return {
    input: {
      jobId,
      jobType,
      // As they were written: one that comes twice is told of.
      models: purpose === 'enqueue' ? (given as readonly string[]) : models,
      priority,
      ...modes,
      ...kind,
      ...attempts,
      ...taken,
      ...keyed,
      ...linked,
      ...found,
      ...asking,
      ...limited,
      ...kept,
    },
    seconds: purpose === 'run' ? secondsOf(fields['seconds']) : 0,
    line,
  }
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
  const names = value.split(';').map((name) => name.trim())
  return exclusiveOf(names.filter((name) => name !== ''))
}

const exclusiveOf = (models: readonly string[]) =>
  Object.fromEntries(models.map((model) => [model, 'exclusive' as const]))

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
