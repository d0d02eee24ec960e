import { listDead } from '../../engine/coordinator/dead-letters.ts'
import type { DeadFilter } from '../../engine/coordinator/index.ts'
import { InterlockError, invalidInput, type Micros, operand } from '../../engine/core/index.ts'
import type { DeadJob, LogStore } from '../../engine/store/index.ts'
import { momentOf } from '../../tools/format/moment.ts'
import { hasError } from '../../tools/operate/find-jobs.ts'
import type { Frame } from './frame.ts'

export interface DeadFlags {
  readonly model?: string
  readonly since?: string
  readonly error?: string
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

const PAGE = 1_000

/** The newest dead letters of the filter, of which the error has this text. */
export async function deadWith(
  letters: { readonly store: LogStore; readonly queue: string },
  filter: DeadFilter,
  { error, limit }: { readonly error: string | undefined; readonly limit: number },
): Promise<readonly DeadJob[]> {
  if (error === undefined) return listDead(letters, { ...filter, limit })
  const found: DeadJob[] = []
  for (let before = Number.MAX_SAFE_INTEGER; ; ) {
    const page = await listDead(letters, { ...filter, before, limit: PAGE })
    found.push(...page.filter((letter) => hasError(error, letter.error, letter.code)))
    if (page.length < PAGE || found.length >= limit) return found.slice(0, limit)
    before = page.at(-1)?.seq ?? 0
  }
}

/** A change of many jobs has to be asked for explicitly. @throws InterlockError `invalid_input` */
export function checkNamesSome(
  command: string,
  jobId: string | undefined,
  { model, since, error, all }: DeadFlags,
): void {
  if (jobId !== undefined || all === true || [model, since, error].some((flag) => flag !== undefined)) return
  throw invalidInput(
    `${command} would change every dead letter; name a job, --model, --since or --error, or say --all (to see them: npx interlock-queue dead)`,
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
