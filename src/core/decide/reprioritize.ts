import type { CommandBody, CommandResult } from '../command.ts'
import type { Position } from '../event.ts'
import { grant } from '../grant.ts'
import { type Job, jobOf } from '../ledger.ts'
import { byPlace, positionFor } from '../place.ts'
import type { Scribe } from '../scribe.ts'
import { accepted, refused } from './result.ts'

type Body<T extends CommandBody['type']> = CommandBody & { readonly type: T }

/** Gives a waiting job another priority, or the place just before another waiting job. */
export function reprioritize(
  scribe: Scribe,
  { jobId, priority, before }: Body<'reprioritize'>,
): CommandResult {
  const job = jobOf(scribe.draft, jobId)
  if (job === undefined) return refused('job_not_live', `job ${jobId} is neither waiting nor active`)
  if (job.active) return refused('job_not_live', `job ${jobId} is active; only waiting jobs can be moved`)
  const level = priority ?? job.priority
  const position =
    before === undefined
      ? positionFor(scribe.draft.policy, level, job.queuedAt, job.place.tie)
      : positionBefore(scribe, job, before)
  if (position === undefined) return refused('job_not_live', `job ${before} is not waiting in line`)
  if (level === job.priority && byPlace(position, job.place) === 0) return accepted(scribe)
  scribe.record({
    type: 'reprioritized',
    jobId,
    priority: level,
    position,
    workerId: scribe.command.workerId,
  })
  grant(scribe)
  return accepted(scribe)
}

/** Half-way between the target and whoever stands before it at the same order. */
function positionBefore(scribe: Scribe, job: Job, before: string): Position | undefined {
  const target = jobOf(scribe.draft, before)
  if (target === undefined || target.active || target.dueAt !== null || target === job) return undefined
  const { level, order, tie } = target.place
  const ahead = scribe.draft.line.before(target.place)
  const floor = ahead !== undefined && ahead.level === level && ahead.order === order ? ahead.tie : tie - 2
  return { level, order, tie: (floor + tie) / 2 }
}
