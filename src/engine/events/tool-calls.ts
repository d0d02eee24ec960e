import * as z from 'zod'
import { bounds, findEntries, type JobRule, jobFields, numberText, outcomes } from '../core/index.ts'
import { pointSchema } from './access.ts'
import { contractSchema } from './define-queue.ts'
import { flagSchema, functionSchema, havingSchema, optionsSchema, parseArguments } from './invalid.ts'
import { wholeNumber } from './job-spec.ts'
import { lazily } from './lazily.ts'
import { jobIdSchema, modelSchema, nameSchema, operatorSchema, seqSchema } from './names.ts'

const date = () =>
  z
    .custom<Date>((value) => value instanceof Date && !Number.isNaN(value.getTime()), {
      error: 'must be a Date',
    })
    .optional()
const flag = () => flagSchema.optional()
const text = (error: string, most = 4_096) => z.string({ error }).min(1, error).max(most, error)
const ids = () => z.array(jobIdSchema, { error: 'must be a list of job ids' }).optional()
const live = () => wholeNumber(1, 1_000_000).optional()
const nameError = 'must be 1 to 50 letters, digits and _ . @ -'
const by = () => ({
  name: z
    .string({ error: nameError })
    .regex(/^[\w.@-]{1,50}$/, nameError)
    .optional(),
  operator: operatorSchema().optional(),
})
const fileName = () => text('must be the name of a file')
const anchorError = 'must be as chain gave it, <number>:<hash>'
const adopting = () => {
  const error = 'must be a list of "pending" and "running"'
  const states = z.array(z.enum(['pending', 'running'], { error }), { error }).optional()
  return { options: optionsSchema({ states, jobIds: ids(), limit: wholeNumber(1, 10_000).optional() }) }
}
/** As `interlock jobs` finds them: live, dead, and ended within the newest events. */
const foundStates = ['waiting', 'active', 'submitted', 'dead', ...outcomes] as const

/** Of a payload: a filter looks at each of them in every job. */
const MOST_FIELDS = 20

const wordOf = (rule: JobRule) =>
  (rule.is === 'name' ? nameSchema(rule.noun, rule.example) : modelSchema).optional()

const fieldsOfFilter = () => {
  const error = `must be a list of ${foundStates.map((state) => JSON.stringify(state)).join(', ')}`
  const value = z.union([z.string(), z.number(), z.boolean(), z.null()], {
    error: 'must be a text, a number, true, false or null, which the field equals',
  })
  const payload = z.record(z.string().min(1).max(1_000), value, {
    error: "must be an object of the payload's fields, such as { 'user.id': 17 }",
  })
  const fields = payload.refine(
    (all) => Object.keys(all).length <= MOST_FIELDS,
    `may name ${MOST_FIELDS} fields at most`,
  )
  return {
    states: z.array(z.enum(foundStates, { error }), { error }).optional(),
    ...Object.fromEntries(findEntries.map(({ field, name }) => [name, wordOf(jobFields[field])])),
    payload: fields.optional(),
    error: text('must be a part of an error, 1 to 4,096 characters').optional(),
    since: date(),
    until: date(),
  }
}

const finding = () => ({
  filter: optionsSchema({
    ...fieldsOfFilter(),
    limit: wholeNumber(1, 1_000).optional(),
    from: text('must be the `next` of the page before', 2_000).optional(),
  }),
})

const changeError =
  "must be { do: 'cancel' }, { do: 'move', priority } or { do: 'move', before }, { do: 'retry' } or { do: 'delete' }"
/** What is done to many jobs. */
const changeSchema = () =>
  z.union(
    [
      optionsSchema({ do: z.literal('cancel'), force: flag() }),
      optionsSchema({ do: z.literal('move'), priority: wholeNumber(-bounds.priority, bounds.priority) }),
      optionsSchema({ do: z.literal('move'), before: jobIdSchema }),
      optionsSchema({ do: z.enum(['retry', 'delete']) }),
    ],
    { error: changeError },
  )

const MOST_CHANGED = 100_000
const commandIdError = 'must be 1 to 100 letters, digits and _ . : -'
const changing = () => {
  const error = `must be what previewChange gave, with at most ${numberText(MOST_CHANGED)} jobs`
  const job = z.strictObject({ jobId: jobIdSchema, state: z.enum(foundStates), mark: text(error) }, { error })
  return {
    preview: z.strictObject(
      {
        queue: z.string({ error }),
        change: changeSchema(),
        version: seqSchema,
        jobs: z.array(job, { error }).max(MOST_CHANGED, error),
      },
      { error },
    ),
    options: optionsSchema({
      ...by(),
      commandId: z
        .string({ error: commandIdError })
        .regex(/^[\w.:-]{1,100}$/, commandIdError)
        .optional(),
    }),
  }
}
/** As much of a flow as its diagram shows. */
const drawn = () => {
  const error = 'must be what flow gave'
  const job = z.looseObject({ jobId: jobIdSchema, state: z.string({ error }).nullable() }, { error })
  const ifFailed = z.enum(['fail', 'continue'], { error })
  const link = z.looseObject({ before: jobIdSchema, after: jobIdSchema, ifFailed }, { error })
  return z.strictObject(
    {
      queue: z.string({ error }).optional(),
      jobId: jobIdSchema.optional(),
      jobs: z.array(job, { error }),
      links: z.array(link, { error }),
      isWhole: flag(),
    },
    { error },
  )
}
const period = { since: pointSchema.optional(), until: pointSchema.optional() }
const stretch = () => ({
  options: optionsSchema({ after: seqSchema.optional(), upTo: seqSchema.optional() }),
})
const ofFiles = () => z.string({ error: 'must be what messages call the files' }).optional()

/** The policy is parsed on its own, over the one in force. */
const rules = () =>
  optionsSchema({
    name: z.string({ error: 'must be a text' }).max(1_000, 'must have at most 1,000 characters').optional(),
    policy: z.unknown().optional(),
    slots: wholeNumber(1, 1_000_000).nullish(),
  })

const micros = () => wholeNumber(0, Number.MAX_SAFE_INTEGER, ', microseconds since 1970')
/**
 * What a program may pass to the functions of the rooms behind the access, argument by argument, as coordinator-calls.ts has it for those of a
 * coordinator. Missing options are an empty object by then.
 */
const roomCalls = {
  archive: lazily(() => ({ options: optionsSchema({ before: pointSchema, keep: flag() }) })),
  archiveTo: lazily(() => ({
    options: optionsSchema({ before: pointSchema, to: fileName() }),
    path: ofFiles(),
  })),
  openArchive: lazily(() => {
    const error = 'must be a list of file names, at least one'
    return { names: z.array(fileName(), { error }).min(1, error), path: ofFiles() }
  }),
  chain: lazily(() => ({ options: optionsSchema({ start: flag() }) })),
  followEvents: lazily(() => ({ options: optionsSchema({ after: seqSchema.optional() }) })),
  historyOf: lazily(() => ({ text: jobIdSchema, live: ids() })),
  ledgerAt: lazily(() => ({ upTo: seqSchema })),
  readPages: lazily(stretch),
  replay: lazily(() => ({ options: optionsSchema({ at: pointSchema.optional(), limit: live() }) })),
  replayJob: lazily(() => ({ text: jobIdSchema, options: optionsSchema({ at: pointSchema.optional() }) })),
  verify: lazily(() => ({
    options: optionsSchema({
      alsoSee: functionSchema.optional(),
      anchor: z
        .string({ error: anchorError })
        .regex(/^\d{1,16}:[0-9a-f]{64}$/, anchorError)
        .optional(),
    }),
  })),
  auditLog: lazily(() => ({ options: optionsSchema(period) })),
  stats: lazily(() => ({ options: optionsSchema({ ...period, slices: wholeNumber(1, 10_000).optional() }) })),
  whatIf: lazily(() => ({
    options: optionsSchema({
      ...period,
      tries: z.array(rules(), { error: 'must be a list of rules to try' }).max(1_000).optional(),
    }),
  })),
  examine: lazily(() => ({
    options: optionsSchema({
      waitingMs: wholeNumber(1, 60_000_000_000, ' (milliseconds)').optional(),
      url: text('must be the address of the server, such as postgres://localhost/app').optional(),
      openedMs: z.number({ error: 'must be milliseconds' }).min(0, 'must not be below 0').optional(),
    }),
  })),
  adopt: lazily(adopting),
  by: lazily(() => ({ options: optionsSchema(by()) })),
  explain: lazily(() => ({ jobId: jobIdSchema, options: optionsSchema({ data: flag() }) })),
  flow: lazily(() => ({ jobId: jobIdSchema })),
  flowMermaid: lazily(() => ({ flow: drawn() })),
  jobs: lazily(finding),
  previewChange: lazily(() => ({ change: changeSchema(), filter: optionsSchema(fieldsOfFilter()) })),
  changeJobs: lazily(changing),
  queue: lazily(() => ({ options: optionsSchema({ limit: live() }) })),
  splitWaits: lazily(() => ({ period: optionsSchema({ from: micros(), to: micros() }) })),
  testQueue: lazily(() => ({
    options: optionsSchema({
      policy: z.unknown().optional(),
      now: date(),
      patienceMs: wholeNumber(1, 3_600_000, ' (milliseconds)').optional(),
      logger: havingSchema('a logger with info, warn and error', ['info', 'warn', 'error']).optional(),
      contract: contractSchema,
    }),
  })),
  advance: lazily(() => ({
    by: z.custom<number | Date>(
      (value) =>
        value instanceof Date ? !Number.isNaN(value.getTime()) : typeof value === 'number' && value >= 0,
      { error: 'must be a number of milliseconds, 0 or more, or the Date to go to' },
    ),
  })),
  recover: lazily(() => ({
    options: optionsSchema({ ...by(), completed: ids(), requeue: ids(), fail: ids() }),
  })),
} as const satisfies Readonly<Record<string, () => Readonly<Record<string, z.ZodType>>>>

/** The arguments of a function of a room, behind the access. @throws InterlockError `invalid_input`, naming the path */
export const checkCall = (name: keyof typeof roomCalls, ...given: readonly unknown[]): void =>
  parseArguments(roomCalls[name](), given, 'options')
