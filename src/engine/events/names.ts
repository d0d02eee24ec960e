import * as z from 'zod'
import { bounds, type JobRule, jobFields, jobTypes, numberText, type Units } from '../core/index.ts'
import { areUnits } from './event-guards.ts'
import { optionsSchema, parseInput } from './invalid.ts'

// Control characters would forge log lines and terminal output; jsonb refuses NUL (22P05) and lone surrogates (22P02).
const control = /\p{Cc}/u

/** A name of a job, model, kind or queue: 1 to 200 UTF-16 units, well-formed, no control characters. */
export function nameSchema(noun: string, example: string) {
  const remedy = `give the ${noun} a name such as ${JSON.stringify(example)}`
  return z
    .string({ error: `must be a text; ${remedy}` })
    .min(1, `must not be empty; ${remedy}`)
    .max(bounds.idLength, `must have at most ${bounds.idLength} characters; shorten it or use a hash of it`)
    .refine((text) => !control.test(text), 'must not contain control characters; remove or replace them')
    .refine((text) => text.isWellFormed(), 'contains half of a surrogate pair; cut texts at whole characters')
}

const ofField = ({ noun, example }: JobRule & { readonly is: 'name' }) => nameSchema(noun, example)

export const jobIdSchema = ofField(jobFields.jobId)
export const modelSchema = nameSchema('model', 'flux-dev')
export const resourceSchema = nameSchema('resource', 'openai-tpm')
export const placeSchema = nameSchema('place', 'host1:0')
/** Names of places, or patterns: `*` is any text. */
export const servesSchema = z
  .array(nameSchema('place', 'host1:*'), {
    error: 'must be a list of places or patterns, such as ["host1:*"]',
  })
  .max(bounds.serves, `must have at most ${bounds.serves} places; name them by patterns, such as "host1:*"`)
/** How many models a process keeps loaded. */
export const keepsSchema = z
  .int(`must be a whole number from 1 to ${numberText(bounds.keeps)}`)
  .min(1, `must be a whole number from 1 to ${numberText(bounds.keeps)}`)
  .max(bounds.keeps, `must be a whole number from 1 to ${numberText(bounds.keeps)}`)
export const kindSchema = ofField(jobFields.kind)
export const keySchema = nameSchema('key', 'reindex-17')
export const queueSchema = nameSchema('queue', 'default')

const unitsError = `must be whole numbers from 1 to ${numberText(bounds.units)} by names of units, ${bounds.unitNames} at most, e.g. { "vram": 24 }`
export const unitsSchema = z.custom<Units>(areUnits, { error: unitsError })

const asksError = 'must say of one model what it takes of its place, e.g. { "flux-dev": { "vram": 20 } }'
export const asksSchema = z
  .custom<object>((value) => typeof value === 'object' && value !== null && !Array.isArray(value), {
    error: asksError,
  })
  .refine((asks) => Object.keys(asks).length === 1, asksError)
  .transform((asks, context) => {
    const [[model, units] = ['', undefined]] = Object.entries(asks)
    if (areUnits(units)) return { [model]: { ...units } }
    context.addIssue({ code: 'custom', path: [model], message: unitsError })
    return z.NEVER
  })

export const wordSchema = <Word extends string>(words: readonly Word[]) =>
  z.enum(words, { error: `must be ${words.map((word) => JSON.stringify(word)).join(' or ')}` })
export const jobTypeSchema = wordSchema(jobTypes)

/** At most 100 models, in the order given. A name that comes twice counts once. */
export const modelsSchema = z
  .array(modelSchema, { error: 'must be a list of model names; for one model write ["flux-dev"]' })
  .max(10_000, `must have at most ${bounds.models} models; split the job or name a group as one model`)
  .transform((models) => [...new Set(models)])
  .refine(
    (models) => models.length <= bounds.models,
    `must have at most ${bounds.models} models; split the job or name a group as one model`,
  )

/** @throws InterlockError `invalid_input` */
export const parseJobId = (value: unknown): string => parseInput(jobIdSchema, value, 'jobId')

/** Without duplicates, in the order given. @throws InterlockError `invalid_input` */
export const parseModels = (value: unknown): readonly string[] => parseInput(modelsSchema, value, 'models')

/** @throws InterlockError `invalid_input` */
export const parseQueue = (value: unknown): string => parseInput(queueSchema, value, 'queue')

export const seqSchema = z
  .int({
    error:
      'must be a sequence number of the log: a whole number from 0, such as the seq of the last event seen',
  })
  .min(0, 'must not be below 0; 0 begins with the first event')

/** A point in the log to go on after. @throws InterlockError `invalid_input` */
export const parseSeq = (value: unknown): number => parseInput(seqSchema, value, 'after')

const schemaError = 'must have 1 to 40 small letters, digits and _, and begin with no digit'

/** A schema of PostgreSQL that an installation has for itself. The name needs no quotes, and those that are made of it stay short enough. */
export const installationSchema = z
  .string({ error: schemaError })
  .refine((name) => name !== 'public' && name !== 'interlock', {
    error: 'must not be public or interlock: what is in these is the default; leave it out for that',
  })
  .refine((name) => !name.startsWith('pg_') && name !== 'information_schema', {
    error: "must not be a schema that PostgreSQL has for itself; take another name, such as 'queue'",
  })
  .regex(/^[a-z_][a-z0-9_]{0,39}$/, schemaError)

/** @throws InterlockError `invalid_input` */
export const parseInstallation = (schema: unknown): string => parseInput(installationSchema, schema, 'schema')

/** Who acts through a process. Long texts are cut where they are kept. */
export const operatorSchema = () => {
  const text = z.string({ error: 'must be a text' })
  const orNull = z.string({ error: 'must be a text, or null' }).nullable()
  return optionsSchema({ operator: text.min(1, 'must not be empty'), host: orNull, command: orNull })
}
