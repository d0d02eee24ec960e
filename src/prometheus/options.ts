import * as z from 'zod'
import { havingSchema, optionsSchema, parseArguments, parseInput, wholeNumber } from '../codec/index.ts'
import type { Coordinator } from '../coordinator/index.ts'
import type { MeterOptions } from './meter/queue-meter.ts'

/** What a meter needs of a coordinator. */
export type Metered = Pick<Coordinator, 'queue' | 'ledger' | 'changes$' | 'vitals' | 'now'>

/** Which models have a label of their own, and the bounds of histograms. */
export interface FigureOptions {
  /** Models that have a label of their own in any case. Give the same list to each process. */
  readonly models?: readonly string[] | undefined
  /** How many models have one at most; all others share `other`. 0 to 10,000; 100 unless given. */
  readonly maxModels?: number | undefined
  /** The bounds of the histograms of waiting and running, in seconds and rising; 10 ms to 4 hours unless given. */
  readonly waitBuckets?: readonly number[] | undefined
  readonly runBuckets?: readonly number[] | undefined
}

export interface MetricsOptions extends FigureOptions {
  /** The coordinator of this process, or one for each queue. */
  readonly coordinator: Metered | readonly Metered[]
}

/** From what nobody notices to what nobody accepts. */
const usualBuckets = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3_600, 14_400]

const few = 'must be a list of 1 to 100 numbers'
const bounds = z
  .array(z.number({ error: 'must be seconds' }).positive({ error: 'must be more than 0' }), { error: few })
  .min(1, few)
  .max(100, few)
  .refine((list) => list.every((bound, i) => i === 0 || bound > (list[i - 1] ?? 0)), { error: 'must rise' })

/** The options of figures, by their names. */
export const figureFields = {
  models: z
    .array(z.string({ error: 'must be the name of a model' }), { error: 'must be a list of models' })
    .optional(),
  maxModels: wholeNumber(0, 10_000).optional(),
  waitBuckets: bounds.optional(),
  runBuckets: bounds.optional(),
}
const coordinator = havingSchema('a coordinator', ['vitals', 'now'])
const metricsFields = optionsSchema({
  ...figureFields,
  coordinator: z.union([z.array(coordinator).min(1), coordinator], {
    error: 'must be a coordinator, or a list of them',
  }),
})

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

/** @throws InterlockError `invalid_input`, naming the path */
export function checkMetricsOptions(options: unknown): void {
  parseInput(metricsFields, options, 'options')
}

export function meterOptions(options: FigureOptions): MeterOptions {
  return {
    models: options.models ?? [],
    maxModels: options.maxModels ?? 100,
    waitBounds: options.waitBuckets ?? usualBuckets,
    runBounds: options.runBuckets ?? usualBuckets,
  }
}
