import type { DeadFilter } from '../../engine/coordinator/index.ts'
import { InterlockError, invalidInput, type Micros, operand } from '../../engine/core/index.ts'
import { momentOf } from '../../tools/format/moment.ts'
import type { Frame } from './frame.ts'

export interface DeadFlags {
  readonly model?: string
  readonly since?: string
  readonly all?: boolean
}

/** The dead letters that the words and flags of a command name. @throws InterlockError `invalid_input` */
export function deadFilter(now: Micros, jobId: string | undefined, { model, since }: DeadFlags): DeadFilter {
  const time = since === undefined ? undefined : momentOf('--since', since, now).from
  return {
    jobIds: jobId === undefined ? undefined : [jobId],
    model,
    since: time === undefined ? undefined : new Date(time / 1_000),
  }
}

/** A change of many jobs has to be asked for explicitly. @throws InterlockError `invalid_input` */
export function checkNamesSome(
  command: string,
  jobId: string | undefined,
  { model, since, all }: DeadFlags,
): void {
  if (jobId !== undefined || model !== undefined || since !== undefined || all === true) return
  throw invalidInput(
    `${command} would change every dead letter; name a job, --model or --since, or say --all (to see them: npx interlock-queue dead)`,
  )
}

/** @throws InterlockError `job_not_live` if the named job is not a dead one */
export function checkFound(frame: Frame, jobId: string | undefined, found: number): void {
  if (jobId === undefined || found > 0) return
  throw new InterlockError(
    'job_not_live',
    `queue ${frame.queue} has no dead letter of job ${jobId}; to see all: npx interlock-queue dead; to see what became of the job: npx interlock-queue explain ${operand(jobId)}`,
  )
}
