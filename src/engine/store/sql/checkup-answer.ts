import * as z from 'zod'
import { type AnswerField, checkupFields, type FieldValue, outsideLineFields } from '../index.ts'

/** An answer whose fields are described there; SQL writes their names with underscores. What older functions leave out is null. */
const answerOf = <Field extends AnswerField>(field: Field) =>
  z.preprocess(camelCased, schemaOf(field)) as z.ZodType<FieldValue<Field>>

function schemaOf(field: AnswerField): z.ZodType {
  if (field === 'text') return z.string()
  if (field === 'integer') return z.number().int()
  if (field === 'boolean') return z.boolean()
  if (isList(field)) return z.array(schemaOf(field[0]))
  if (isWords(field)) return z.enum(field.oneOf)
  if (isOrNull(field)) return schemaOf(field.orNull).nullable().default(null)
  return z.object(Object.fromEntries(Object.entries(field).map(([name, own]) => [name, schemaOf(own)])))
}

const isList = (field: object): field is readonly [AnswerField] => Array.isArray(field)
const isWords = (field: object): field is { readonly oneOf: readonly string[] } => 'oneOf' in field
const isOrNull = (field: object): field is { readonly orNull: AnswerField } => 'orNull' in field

function camelCased(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelCased)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, own]) => [
      key.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      camelCased(own),
    ]),
  )
}

/** What `job_queue_checkup` answers. */
export const checkupAnswer = answerOf(checkupFields)

/** What `job_queue_backlog` answers. */
export const backlogAnswer = answerOf(outsideLineFields)
