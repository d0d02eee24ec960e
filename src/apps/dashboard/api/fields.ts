/** What several documents have. Times are as in the core: microseconds since 1970, by the database's clock. */
import * as z from 'zod'

export const micros = z.int().describe('microseconds since 1970')
export const seq = z.int().min(0).describe('the number of an event')
export const queueName = z.string().describe('the name of the queue')
export const jobId = z.string().describe('the id of a job')
export const model = z.string().describe('the name of a model')
/** What people wrote: any JSON. */
export const anything = z.unknown()

export const errorSchema = z.strictObject({
  code: z
    .string()
    .describe('for programs, such as `not_allowed` or `job_not_live`; a code keeps its meaning'),
  message: z.string().describe('for people: what is wrong, and what to do'),
})
export const refusalSchema = z.strictObject({ error: errorSchema.describe('why it was refused') })

/** Who acted through a process, as it was noted beside the log. */
export const operatorShape = {
  operator: z.string().describe('a person or role'),
  host: z.string().nullable().describe('their machine; null: not said'),
  command: z.string().nullable().describe('what was typed; null: not said'),
}
