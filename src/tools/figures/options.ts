import * as z from 'zod'
import type { Coordinator } from '../../engine/coordinator/index.ts'
import { havingSchema, optionsSchema, parseInput, wholeNumber } from '../../engine/events/index.ts'
import type { MeterOptions } from './meter/queue-meter.ts'

/** What a meter needs of a coordinator. */
export type Metered = Pick<Coordinator, 'queue' | 'ledger' | 'changes$' | 'vitals' | 'now'> &
  Partial<Pick<Coordinator, 'beside'>>

/** Which models have a label of their own, and the bounds of histograms. */
export interface FigureOptions {
  /** Models that always have a label of their own. Give the same list to each process. @defaultValue none */
  readonly models?: readonly string[] | undefined
  /** How many models have a label of their own, 0 to 10,000; all others share the label `other`. @defaultValue 100 */
  readonly maxModels?: number | undefined
  /** The upper bounds of the histogram of waiting times, in seconds and rising. @defaultValue 13 bounds, 0.01 to 14,400 */
  readonly waitBuckets?: readonly number[] | undefined
  /** The upper bounds of the histogram of running times, in seconds and rising. @defaultValue as waitBuckets */
  readonly runBuckets?: readonly number[] | undefined
}

/** What is counted, and how. */
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
const coordinators = z.union([z.array(coordinator).min(1), coordinator], {
  error: 'must be a coordinator, or a list of them',
})

/**
 * @param further options that a face has beside these, by their names
 * @throws InterlockError `invalid_input`, naming the path
 */
export function checkMetricsOptions(
  options: unknown,
  further: Readonly<Record<string, z.ZodType>> = {},
): void {
  parseInput(optionsSchema({ ...figureFields, coordinator: coordinators, ...further }), options, 'options')
}

export function meterOptions(options: FigureOptions): MeterOptions {
  return {
    models: options.models ?? [],
    maxModels: options.maxModels ?? 100,
    waitBounds: options.waitBuckets ?? usualBuckets,
    runBounds: options.runBuckets ?? usualBuckets,
  }
}
