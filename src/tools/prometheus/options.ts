import * as z from 'zod'
import {
  havingSchema,
  optionsSchema,
  parseArguments,
  parseInput,
  wholeNumber,
} from '../../engine/events/index.ts'

const formatSchema = z.enum(['text', 'openmetrics'], { error: 'must be "text" or "openmetrics"' }).optional()

/** @throws InterlockError `invalid_input` */
export const checkFormat = (format: unknown): unknown => parseInput(formatSchema, format, 'format')

const requestSchema = z.custom<Request>(
  (value) => typeof (value as Request | null)?.headers?.get === 'function',
  { error: 'must be a Request of the Fetch API' },
)

/** @throws InterlockError `invalid_input` */
export const checkRequest = (request: unknown): unknown => parseInput(requestSchema, request, 'request')

const serving = {
  metrics: havingSchema('metrics: createMetrics({ coordinator })', ['fetch']),
  options: optionsSchema({
    port: wholeNumber(0, 65_535),
    host: z
      .string({ error: 'must be an address of this machine' })
      .min(1, 'must not be empty')
      .max(255, 'is too long')
      .optional(),
    token: z
      .string({ error: 'must be a text' })
      .regex(/^\S{1,4096}$/, 'must be 1 to 4,096 characters, without spaces')
      .optional(),
  }),
}

/** The arguments of `serveMetrics`. @throws InterlockError `invalid_input`, naming the path */
export const checkServing = (...given: readonly unknown[]): void => parseArguments(serving, given)
