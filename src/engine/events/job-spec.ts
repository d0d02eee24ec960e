import * as z from 'zod'
import {
  bounds,
  type CommandBody,
  type DataChange,
  type Dedupe,
  FOR_EVER,
  hash,
  InterlockError,
  invalidInput,
  type JobField,
  type JobLinks,
  type JobRule,
  type JobSpec,
  type JobType,
  type Json,
  jobEntries,
  jobFields,
  MICROS_PER_MS,
  type Micros,
  numberText,
  type ParentChoice,
  specDefaults,
  specFields,
  type TraceContext,
  type Uses,
} from '../core/index.ts'
import { dedupeSchema, msOf } from './dedupe.ts'
import { hasFields, parseInput, unknownFields } from './invalid.ts'
import { jsonBounds, jsonSchema, mostBytesOf, sizeOf } from './json.ts'
import { lazily } from './lazily.ts'
import {
  asksSchema,
  jobIdSchema,
  modelSchema,
  modelsSchema,
  nameSchema,
  resourceSchema,
  wordSchema,
} from './names.ts'
import { payloadHash } from './payload-hash.ts'
import { plainJob } from './plain-input.ts'
import { traceContext } from './trace.ts'

/** A whole number from `min` to `max`; the message names the range. */
export function wholeNumber(min: number, max: number, unit = '') {
  const error = `must be a whole number from ${numberText(min)} to ${numberText(max)}${unit}`
  // Adding 0 turns -0, which no database returns, into 0.
  return z
    .number({ error })
    .int({ error })
    .min(min, { error })
    .max(max, { error })
    .transform((value) => value + 0)
}

const timeError =
  'must be a Date, or a text with a time zone such as "2026-11-24T15:00:00Z", between 1970 and 2255'

/** Microseconds, from a Date or an ISO text with a zone: without a zone it would be another time on another machine. */
export const timeSchema = z
  .union([z.date(), z.iso.datetime({ offset: true, error: timeError })], { error: timeError })
  .transform((time) => new Date(time).getTime() * MICROS_PER_MS)
  .refine((us) => Number.isSafeInteger(us) && us >= 0, timeError)

const onceError = 'must be a time such as "24h" (whole s, m, h or d, 365d at most), or "for ever"'
/** Milliseconds, from a text such as `24h`; {@link FOR_EVER}. */
const onceSchema = z
  .string({ error: onceError })
  .regex(/^(for ever|[1-9]\d{0,8}[smhd])$/, { error: onceError })
  .transform((text) => (text === 'for ever' ? FOR_EVER : msOf(text)))
  .refine((ms) => ms <= bounds.durationMs, onceError)

const afterError = 'must be the id of a job, or { job, ifFailed: "fail" or "continue" }'
const ifFailedSchema = z.enum(['fail', 'continue'], { error: 'must be "fail" or "continue"' })
const parentSchema = z
  .union([jobIdSchema, z.strictObject({ job: jobIdSchema, ifFailed: ifFailedSchema.optional() })], {
    error: afterError,
  })
  .transform((choice): ParentChoice => {
    if (typeof choice === 'string') return { job: choice }
    return choice.ifFailed === 'continue' ? { job: choice.job, goesOn: true } : { job: choice.job }
  })
const mostParents = `must name at most ${numberText(bounds.parents)} jobs; put a job between that waits for a part of them`
const parentsSchema = z
  .array(parentSchema, { error: 'must be a list of jobs: ids, or { job, ifFailed }' })
  .max(bounds.parents, mostParents)
  .refine((all) => new Set(all.map(({ job }) => job)).size === all.length, 'must name each job once')

const modesError =
  'must say of models whether the job has them "shared" or "exclusive", e.g. { "flux-dev": "exclusive" }'
const modesSchema = z.record(modelSchema, z.enum(['shared', 'exclusive'], { error: modesError }), {
  error: modesError,
})

/** What an attempt has used. @throws InterlockError `invalid_input` also for a resource that its job does not name */
export function parseUsed(used: unknown, reserved: Uses = {}): Uses {
  const parsed = parseInput(usesSchema(0), used, 'uses')
  const other = Object.keys(parsed).find((resource) => !Object.hasOwn(reserved, resource))
  if (other === undefined) return parsed
  throw invalidInput(
    `uses.${other}: the job does not say that it uses this resource; name it in \`uses\` when you enqueue the job`,
    `uses.${other}`,
  )
}

/** Amounts by resources. Not `z.record`, which drops a `__proto__`. @param min what may be said of each */
export function usesSchema(min: 0 | 1) {
  const amount = wholeNumber(min, bounds.use)
  const error = "must be an object of amounts by resources, such as { 'openai-tpm': 1800 }"
  return z
    .custom<Readonly<Record<string, unknown>>>(hasFields, { error })
    .refine((uses) => Object.keys(uses).length <= bounds.uses, `must name at most ${bounds.uses} resources`)
    .transform((uses, context): Uses => {
      for (const [resource, own] of Object.entries(uses)) {
        const issue =
          resourceSchema.safeParse(resource).error?.issues[0] ?? amount.safeParse(own).error?.issues[0]
        if (issue !== undefined)
          context.addIssue({ code: 'custom', path: [resource], message: issue.message })
      }
      return uses as Uses
    })
}

/** What each kind of field is made into. */
interface Made {
  readonly name: string
  readonly word: JobType
  readonly whole: number
  readonly models: readonly string[]
  readonly modes: z.output<typeof modesSchema>
  readonly asks: NonNullable<JobSpec['asks']>
  readonly uses: Uses
  readonly time: Micros
  readonly once: number
  readonly dedupe: Dedupe
  readonly after: readonly ParentChoice[]
  readonly json: Json
  readonly header: string
}
type Fields = typeof jobFields
type Needed = {
  [Name in keyof Fields]: Fields[Name] extends { readonly required: true } ? Name : never
}[keyof Fields]
/** What the schema makes of an input. */
export type JobInput = { readonly [Name in Needed]: Made[Fields[Name]['is']] } & {
  readonly [Name in Exclude<keyof Fields, Needed>]?:
    | Made[Fields[Name]['is']]
    | (Fields[Name] extends { readonly orNull: true } ? null : never)
    | undefined
}

function ruleSchema(rule: JobRule): z.ZodType {
  switch (rule.is) {
    case 'name':
      return nameSchema(rule.noun, rule.example)
    case 'word':
      return wordSchema(rule.words)
    case 'whole':
      return wholeNumber(rule.min, rule.max, rule.unit)
    case 'json':
      return jsonSchema(jsonBounds.payload)
    default:
      return schemas[rule.is]
  }
}
const schemas = {
  models: modelsSchema,
  modes: modesSchema,
  asks: asksSchema,
  uses: usesSchema(1),
  time: timeSchema,
  once: onceSchema,
  dedupe: dedupeSchema,
  after: parentsSchema,
  // Passed on as it came: whether it is one, is asked where it is kept.
  header: z.string('must be a text'),
}

function fieldSchema(field: JobField): z.ZodType {
  const schema = ruleSchema(field)
  if (field.required) return schema
  return field.orNull ? schema.nullish() : schema.optional()
}

/** The schemas of some fields. */
export const shapeOf = (
  isMeant: (field: JobField, name: string) => boolean,
): Readonly<Record<string, z.ZodType>> =>
  Object.fromEntries(
    jobEntries.flatMap(([name, field]) => (isMeant(field, name) ? [[name, fieldSchema(field)]] : [])),
  )

const requirements: readonly string[] = ['modes', 'asks', 'uses']
const requirementsSchema = z.strictObject(
  shapeOf((_, name) => requirements.includes(name)),
  {
    error: unknownFields(requirements),
  },
) as unknown as z.ZodType<Pick<JobInput, 'modes' | 'asks' | 'uses'>>

/** What a row says of its job in one object. @throws InterlockError `invalid_input`, naming the root */
export const parseRequirements = (given: unknown, root: string): Pick<JobInput, 'modes' | 'asks' | 'uses'> =>
  parseInput(requirementsSchema, given, root)

/** The law of what a job may be. */
export const jobSchema = (
  z.strictObject(
    shapeOf(() => true),
    { error: unknownFields(Object.keys(jobFields)) },
  ) as unknown as z.ZodType<JobInput>
)
  .refine(({ runAt, dedupe }) => runAt == null || dedupe?.debounce === undefined, {
    error: 'follows from dedupe.debounce; leave one of the two out',
    path: ['runAt'],
  })
  .refine(({ models, modes }) => Object.keys(modes ?? {}).every((model) => models.includes(model)), {
    error: 'must name models of the job',
    path: ['modes'],
  })
  .refine(({ models, asks }) => asks == null || models.includes(Object.keys(asks)[0] ?? ''), {
    error: 'names a model that the job does not need; name it in models too',
    path: ['asks'],
  })
  .refine(({ modes, asks }) => asks == null || modes?.[Object.keys(asks)[0] ?? ''] !== 'exclusive', {
    error: 'is of a model that the job has as exclusive, and takes all of; leave out one of the two',
    path: ['asks'],
  })
  .refine(({ uses, models }) => models.length > 0 || Object.keys(uses ?? {}).length === 0, {
    error: 'are those of a job with models; name one, or leave them out',
    path: ['uses'],
  })

/** Defaults that depend on how a job comes in: jobs through the gate have one attempt, since nobody would run a second. */
export interface SpecDefaults {
  readonly attempts: number
}

interface Taken {
  /** The field of the spec that it goes into. */
  readonly as: string
  /** Absent: as it is. */
  readonly make?: (input: JobInput) => unknown
}
const taken: ReadonlyMap<string, Taken> = new Map<string, Taken>([
  ...jobEntries.flatMap(([as]): [string, Taken][] => (Object.hasOwn(specFields, as) ? [[as, { as }]] : [])),
  ['modes', { as: 'whole', make: wholeOf }],
  ['after', { as: 'after', make: (input) => (isAfter(input) ? hashOf(input.after) : undefined) }],
  ['uses', { as: 'uses', make: ({ uses }) => (Object.keys(uses ?? {}).length === 0 ? undefined : uses) }],
])
/** What is there in any spec. */
const usualSpec = { jobId: '', jobType: 'normal', kind: 'normal', models: [], ...specDefaults }

/** Looks only at what is given: most fields are not. */
function withDefaults(input: JobInput, { attempts }: SpecDefaults): JobSpec {
  const given: Readonly<Record<string, unknown>> = input
  const spec: Record<string, unknown> = { ...usualSpec, attempts }
  spec['kind'] = input.jobType ?? 'normal'
  for (const field in given) {
    const into = taken.get(field)
    if (into === undefined) continue
    const value = into.make === undefined ? given[field] : into.make(input)
    if (value !== undefined && value !== null) spec[into.as] = value
  }
  return spec as unknown as JobSpec
}

/** Which of its models it takes as a whole, in the order of these. */
function wholeOf({ models, modes }: JobInput): JobSpec['whole'] {
  if (modes == null) return undefined
  const whole = models.filter((model) => Object.hasOwn(modes, model) && modes[model] === 'exclusive')
  return whole.length === 0 ? undefined : whole
}

const isAfter = (input: JobInput): input is JobInput & { readonly after: readonly ParentChoice[] } =>
  input.after != null && input.after.length > 0

/** In whatever order they are named. */
const hashOf = (after: readonly ParentChoice[]): number =>
  hash(JSON.stringify(after.map(({ job, goesOn = false }) => `${goesOn} ${job}`).toSorted()))

/** Microseconds, from a Date or an ISO text with a zone. @throws InterlockError `invalid_input`, naming the root */
export const parseTime = (value: unknown, root: string): Micros => parseInput(timeSchema, value, root)

/** A time, where null means that there is none. @throws InterlockError `invalid_input`, naming the root */
export const parseTimeOrNull = (value: unknown, root: string): Micros | null =>
  value === null ? null : parseTime(value, root)

/** The spec for an input. @throws InterlockError `invalid_input` */
export function parseSpec(input: unknown, defaults: SpecDefaults = specDefaults, root = 'job'): JobSpec {
  return withDefaults(parseInput(jobSchema, input, root), defaults)
}

/** A job with what goes with its spec. */
export interface ParsedJob {
  readonly spec: JobSpec
  /** Undefined: none was given. */
  readonly payload: Json | undefined
  /** Undefined: none was given, or none that is valid. */
  readonly trace: TraceContext | undefined
  /** What it comes after; absent: no other job. */
  readonly after?: readonly ParentChoice[]
  /** The key that it was deduplicated by, of which the spec has only a digest; absent: none. */
  readonly dedupeKey?: string
}

/** One job with its payload. @throws InterlockError `invalid_input` */
export function parseJob(input: unknown, defaults: SpecDefaults = specDefaults, root = 'job'): ParsedJob {
  const parsed = plainJob<JobInput>(input) ?? parseInput(jobSchema, input, root)
  const { payload } = parsed
  const trace = traceContext(parsed.traceparent, parsed.tracestate)
  const spec = withDefaults(parsed, defaults)
  const links = isAfter(parsed) ? { after: parsed.after } : undefined
  if (links !== undefined && spec.dedupe?.debounce !== undefined)
    throw invalidInput(
      `${root}.after: a job that is debounced comes after no others; leave out one of the two`,
      `${root}.after`,
    )
  const also = { ...links, ...(spec.dedupe && keyIn(input)) }
  if (payload === undefined) return { spec, payload, trace, ...also }
  return {
    spec: { ...spec, hasData: true as const, payloadHash: payloadHash(payload) },
    payload,
    trace,
    ...also,
  }
}

/** Of an input that was parsed. */
const keyIn = (input: unknown): Pick<ParsedJob, 'dedupeKey'> => ({
  dedupeKey: String((input as { readonly dedupe: { readonly key: unknown } }).dedupe.key),
})

/** The body of the command that puts these jobs in line. */
export function enqueueBody(jobs: readonly ParsedJob[]): CommandBody & { readonly type: 'enqueue' } {
  const specs = jobs.map(({ spec }) => spec)
  const links = jobs.flatMap(({ spec: { jobId }, after }): readonly JobLinks[] =>
    after === undefined ? [] : [{ jobId, after }],
  )
  return links.length === 0 ? { type: 'enqueue', specs } : { type: 'enqueue', specs, links }
}

const MOST_JOBS = 10_000
const listSchema = lazily(() => {
  const error = 'must be a list of at most 10,000 jobs; send more in several calls'
  return z.array(z.unknown(), { error }).max(MOST_JOBS, error)
})

const isList = (inputs: unknown): inputs is readonly unknown[] =>
  Array.isArray(inputs) && inputs.length <= MOST_JOBS

/** The jobs of a batch of at most 10,000, in order. @throws InterlockError `invalid_input`, naming e.g. `jobs[3].models[0]` */
export function parseJobs(inputs: unknown, defaults: SpecDefaults = specDefaults): readonly ParsedJob[] {
  const list = isList(inputs) ? inputs : parseInput(listSchema(), inputs, 'jobs')
  // Not `map`, which leaves out what a list leaves out.
  const jobs = Array.from(list, (input, index) => parseJob(input, defaults, `jobs[${index}]`))
  checkSize(jobs)
  return jobs
}

function checkSize(jobs: readonly ParsedJob[]): void {
  if (sumOf(jobs, mostBytesOf) <= jsonBounds.call) return
  const bytes = sumOf(jobs, sizeOf)
  if (bytes <= jsonBounds.call) return
  throw new InterlockError(
    'invalid_input',
    `jobs: the payloads have ${numberText(bytes)} bytes, one call takes ${numberText(jsonBounds.call)}; send them in several calls`,
    { path: 'jobs', bytes },
  )
}

/** What is kept beside the log of jobs that are put in line. @param context of those that have none of their own */
export function keptOf(jobs: readonly ParsedJob[], context?: TraceContext): readonly DataChange[] {
  return jobs.flatMap(({ spec: { jobId }, payload, trace = context }): readonly DataChange[] => {
    if (trace === undefined) return payload === undefined ? [] : [{ jobId, payload }]
    return [payload === undefined ? { jobId, trace } : { jobId, payload, trace }]
  })
}

const sumOf = (jobs: readonly ParsedJob[], size: (payload: Json) => number): number =>
  jobs.reduce((sum, { payload }) => sum + (payload === undefined ? 0 : size(payload)), 0)
