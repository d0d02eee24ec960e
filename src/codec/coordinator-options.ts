import { z } from 'zod'
import { havingSchema, optionsSchema, parseInput } from './invalid.ts'

/** What a store cannot do without; the rest differs by store. */
const storeCalls = ['open', 'append', 'read', 'beat', 'leave', 'data', 'listen', 'close']
const aStore = "a store, such as memoryStore() or postgresStore('postgres://…')"
const anything = z.unknown().optional()

const logger = havingSchema('a logger with info, warn and error', []).optional()

/** Ranges are looked at once the defaults of the store are known. */
const optionFields = optionsSchema({
  store: havingSchema(aStore, storeCalls),
  logger,
  ...{ queue: anything, name: anything, leaseMs: anything, graceMs: anything, pollMs: anything },
  ...{
    patienceMs: anything,
    joinMs: anything,
    snapshotEvery: anything,
    mode: anything,
    onUnavailable: anything,
  },
})

const processFields = optionsSchema({ logger })

/** @throws InterlockError `invalid_input` */
export const checkCoordinatorOptions = (options: unknown): unknown =>
  parseInput(optionFields, options, 'options')

/** Of `getJobCoordinator`. @throws InterlockError `invalid_input` */
export const checkProcessOptions = (options: unknown): unknown =>
  parseInput(processFields, options, 'options')
