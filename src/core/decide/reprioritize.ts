import type { CommandBody, CommandResult, Refusal } from '../command.ts'
import type { Position } from '../event.ts'
import { grant } from '../grant.ts'
import { type Job, jobOf } from '../ledger.ts'
import { positionFor } from '../place.ts'
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
  if ('ok' in position) return position
  if (level === job.priority && isSamePosition(position, job.place)) return accepted(scribe)
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
function positionBefore(scribe: Scribe, job: Job, before: string): Position | Refusal {
  const target = jobOf(scribe.draft, before)
  if (target === undefined || target.active || target.dueAt !== null || target === job)
    return refused('job_not_live', `job ${before} is not waiting in line`)
  const { level, order, tie } = target.place
  const ahead = scribe.draft.line.before(target.place)
  if (ahead?.jobId === job.jobId) return positionOf(job)
  const floor = ahead !== undefined && ahead.level === level && ahead.order === order ? ahead.tie : tie - 2
  const middle = (floor + tie) / 2
  // Halving ends after some 30 moves to one spot; a place that is not between the two would be a lie.
  if (middle <= floor || middle >= tie)
    return refused(
      'invalid_input',
      `there is no room left before job ${before}; move the job before another one`,
    )
  return { level, order, tie: middle }
}

function positionOf({ place: { level, order, tie } }: Job): Position {
  return { level, order, tie }
}

function isSamePosition(a: Position, b: Position): boolean {
  return a.level === b.level && a.order === b.order && a.tie === b.tie
}
