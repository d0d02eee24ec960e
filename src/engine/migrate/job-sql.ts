/** What the functions of SQL say of the fields of a job, from their table. */
import { type JobField, jobEntries, type SpecField, specEntries, sqlName } from '../core/index.ts'

/** What `job_queue_request_fault` calls a value; `!`: it has to be there, `?`: it may be null. */
function ruleOf(field: JobField): string {
  if (field.is === 'whole') return `${field.min}..${field.max}`
  const words = { models: 'names', after: 'parents', json: 'any', word: 'text', time: 'text', header: 'text' }
  return Object.hasOwn(words, field.is) ? words[field.is as keyof typeof words] : field.is
}

/** By every name that a field has: a job may also be written as in TypeScript. An id has one of two names, so it is looked for apart. */
const fieldRules = () =>
  Object.fromEntries(
    jobEntries.flatMap(([name, field]: readonly [string, JobField]) => {
      const needed = field.required && sqlName(name) === name ? '!' : ''
      const rule = ruleOf(field) + needed + (field.orNull ? '?' : '')
      return [sqlName(name), name].map((each) => [each, rule])
    }),
  )

/** What it is in a row of `data` ($3) that does not have it. */
function partOf(key: string, { usual }: SpecField): string {
  if (typeof usual === 'number') return `coalesce($3 -> '${key}', '${usual}')`
  return typeof usual === 'object' && usual !== null ? `coalesce($3 ->> '${key}', $1)` : `$3 -> '${key}'`
}

/**
 * What two jobs are compared by (same-job.ts), of the row of an event: type ($1), models ($2) and data ($3). Digests of it are kept, so it stays
 * the same from release to release: a field with a `since` is there only where the row has it. What a job comes after is in other rows.
 */
function bodySql(): string {
  const compared = specEntries.filter(([name, field]) => field.compared !== undefined && name !== 'after')
  const always = compared.filter(([, { since }]) => since === undefined)
  const pairs = always.map(([name, field]) => {
    const value = field.in === 'job_type' ? '$1' : field.in === 'models' ? '$2' : partOf(sqlName(name), field)
    return `'${sqlName(name)}', ${value}`
  })
  const others = compared.flatMap(([name, { since }]) => {
    const key = sqlName(name)
    return since === undefined
      ? []
      : [`case when $3 ? '${key}' then jsonb_build_object('${key}', $3 -> '${key}') else '{}' end`]
  })
  return [`jsonb_build_object(${pairs.join(', ')})`, ...others].join('\n    || ')
}

/** The text of a file of functions with what the table says. */
export const withJobTable = (text: string): string =>
  text
    .replaceAll('{{job_fields}}', () => JSON.stringify(fieldRules()))
    .replaceAll('{{job_names}}', () => jobEntries.map(([name]) => sqlName(name)).join(', '))
    .replaceAll('{{job_body}}', bodySql)
