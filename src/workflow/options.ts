import { z } from 'zod'
import {
  flagSchema,
  functionSchema,
  type Hold,
  holds,
  optionsSchema,
  parseInput,
  parseJobId,
  signalSchema,
} from '../codec/index.ts'
import { coordinatorSchema, retrySchema } from '../worker/options.ts'
import type { ExecuteOptions, ResumeOptions, WorkflowManagerOptions } from './api.ts'

const anything = z.unknown().optional()
const hold: z.ZodType<Hold | undefined> = z.enum(holds, { error: 'must be "all" or "step"' }).optional()

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
export function checkManagerOptions(options: WorkflowManagerOptions): void {
  parseInput(managerFields, options, 'options')
}

/** @throws InterlockError `invalid_input` */
export function checkExecute(executionId: string, options: ExecuteOptions): void {
  parseJobId(executionId)
  parseInput(executeFields, options, 'options')
}

/** @throws InterlockError `invalid_input` */
export function checkResume(executionId: string, options: ResumeOptions): void {
  parseJobId(executionId)
  parseInput(resumeFields, options, 'options')
}
