import { z } from 'zod'
import { flagSchema, functionSchema, optionsSchema, parseInput, signalSchema } from './invalid.ts'
import { parseJobId } from './names.ts'
import { coordinatorSchema, retrySchema } from './worker-options.ts'
import { holds } from './workflow.ts'

const anything = z.unknown().optional()
const hold = z.enum(holds, { error: 'must be "all" or "step"' }).optional()

/** Kind, attempts and time-out are looked at with the job that they make. */
const managerFields = optionsSchema({
  coordinator: coordinatorSchema,
  runStep: functionSchema,
  hold,
  retry: retrySchema.optional(),
  ...{ kind: anything, attempts: anything, timeoutMs: anything },
})
const run = { wait: flagSchema.optional(), signal: signalSchema.optional() }
const executeFields = optionsSchema({ ...run, input: anything, priority: anything, hold })
const resumeFields = optionsSchema({ ...run, approval: anything })

/** @throws InterlockError `invalid_input` */
export const checkManagerOptions = (options: unknown): unknown =>
  parseInput(managerFields, options, 'options')

/** @throws InterlockError `invalid_input` */
export function checkExecute(executionId: unknown, options: unknown): void {
  parseJobId(executionId)
  parseInput(executeFields, options, 'options')
}

/** @throws InterlockError `invalid_input` */
export function checkResume(executionId: unknown, options: unknown): void {
  parseJobId(executionId)
  parseInput(resumeFields, options, 'options')
}
