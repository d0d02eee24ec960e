import { z } from 'zod'
import { parseInput, unknownFields } from './invalid.ts'
import { jobIdSchema } from './names.ts'

const cancel = {
  type: z.literal('cancel', { error: 'must be "cancel"' }),
  job_id: jobIdSchema,
  force: z.boolean().optional(),
  /** The life that is meant: when it was queued, in microseconds. */
  queued_at: z.int().optional(),
}
const requestSchema = z
  .strictObject(cancel, { error: unknownFields(Object.keys(cancel)) })
  .transform(({ type, job_id: jobId, force = false, queued_at: queuedAt = null }) => ({
    type,
    jobId,
    force,
    queuedAt,
  }))

/** A command that SQL put into the inbox. @throws InterlockError `invalid_input`, naming the path below `command` */
export const parseRequest = (command: unknown) => parseInput(requestSchema, command, 'command')
