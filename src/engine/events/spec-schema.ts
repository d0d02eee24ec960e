/** The schemas of a spec, for what is read from elsewhere, and for documents. */
import * as z from 'zod'
import { jobTypes, type SpecField, type SpecKinds, specEntries } from '../core/index.ts'

const text = z.string()
const whole = z.int()
const amounts = z.record(text, whole)

const kinds = {
  text,
  texts: z.array(text),
  jobType: z.enum(jobTypes),
  int: whole,
  count: whole,
  whole,
  true: z.literal(true),
  dedupe: z.strictObject({
    key: text.describe('a digest of the key'),
    while: z
      .union([z.enum(['waiting', 'live']), whole])
      .describe('for how long it has the key: while it waits or is live, or so many milliseconds'),
    debounce: z
      .strictObject({
        delay: whole.describe('how long it waits after each of them, in milliseconds'),
        maxDelay: whole.describe('how long it is put off at most, in milliseconds'),
      })
      .exactOptional()
      .describe('others with its key put it off'),
  }),
  asks: z.record(text, amounts),
  uses: amounts,
} satisfies Readonly<Record<keyof SpecKinds, z.ZodType>>

/** Some fields of a spec. @param none what stands in the place of one that a job is without */
export function specShape(
  isMeant: (field: SpecField) => boolean,
  none: (schema: z.ZodType) => z.ZodType = (schema) => schema.exactOptional(),
): Readonly<Record<string, z.ZodType>> {
  const schemaOf = ({ is, usual, optional, says }: SpecField) => {
    const schema = optional ? none(kinds[is]) : usual === null ? kinds[is].nullable() : kinds[is]
    return schema.describe(says)
  }
  return Object.fromEntries(
    specEntries.flatMap(([name, field]) => (isMeant(field) ? [[name, schemaOf(field)]] : [])),
  )
}
