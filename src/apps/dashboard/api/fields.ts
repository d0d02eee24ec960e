/** What several documents have. Times are as in the core: microseconds since 1970, by the database's clock. */
import * as z from 'zod'

export const micros = z.int().describe('microseconds since 1970')
export const seq = z.int().min(0).describe('the number of an event')
export const jobId = z.string()
/** What people wrote: any JSON. */
export const anything = z.unknown()

export const refusalSchema = z.strictObject({
  error: z.strictObject({ code: z.string(), message: z.string() }),
})
