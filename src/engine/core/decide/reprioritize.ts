import { dispatch } from '../dispatch/dispatch.ts'
import type { Scribe } from '../dispatch/scribe.ts'
import { inLineSince } from '../state/flow.ts'
import { awaitsParents, type HeldBack, isInLine, type Job } from '../state/job.ts'
import { jobOf } from '../state/ledger.ts'
import { positionFor } from '../values/ageing.ts'
import type { CommandResult, Refusal } from '../values/command.ts'
import type { Position } from '../values/event.ts'
import { MICROS_PER_MS } from '../values/job.ts'
import { byPosition, type LinePosition } from '../values/position.ts'
import { operand } from '../values/safe-text.ts'
import { accepted, type Body, refused } from './result.ts'

/** Gives a waiting job another priority, or the position just before another waiting job. */
export function reprioritize(
  scribe: Scribe,
  { jobId, priority, before }: Body<'reprioritize'>,
): CommandResult {
  const job = jobOf(scribe.draft, jobId)
  if (job === undefined) return notLive(jobId)
  if (job.active)
    return refused(
      'job_not_live',
      `job ${jobId} is active; only waiting jobs can be moved: let it end, or cancel it`,
    )
  const wanted = priority ?? job.priority
  const position =
    before === undefined
      ? positionFor(
          scribe.draft.policy,
          wanted,
          inLineSince(scribe.draft, job),
          job.position.tie,
          job.fairRank,
        )
      : positionBefore(scribe, job, before)
  if ('ok' in position) return position
  if (wanted === job.priority && isSamePosition(position, job.position)) return accepted(scribe)
  const { level, order, tie } = position
  scribe.record({
    type: 'reprioritized',
    jobId,
    priority: wanted,
    position: { level, order, tie },
    workerId: scribe.command.workerId,
  })
  dispatch(scribe)
  return accepted(scribe)
}

const notLive = (jobId: string): Refusal =>
  refused(
    'job_not_live',
    `job ${jobId} is neither waiting nor active; see whether it was there, and how it ended: \`npx interlock-queue explain ${operand(jobId)}\``,
  )

/** Why nothing can be moved before this job, although it is live. */
function heldText({ as, on }: HeldBack): string {
  switch (as) {
    case 'fits_no_place':
      return 'fits no place, so it stands in no line; '
    case 'use_over_limit':
      return `stands in no line, since it asks for more of ${on} than the policy ever allows; `
    case 'no_worker':
      return `stands in no line while no live process serves place ${on}; start a worker that serves it, or `
    case 'model_paused':
      return `stands in no line while model ${on} is paused; resume it first: \`npx interlock-queue resume ${operand(on)}\`, or `
  }
}

function notInLine(target: Job, job: Job): string {
  const { jobId, active, held, dueAt } = target
  const other = 'name a job that stands in line: `npx interlock-queue queue`'
  if (target.jobId === job.jobId) return `job ${jobId} cannot stand before itself; ${other}`
  if (active) return `job ${jobId} runs already, so it stands in no line; ${other}`
  if (held !== null) return `job ${jobId} ${heldText(held)}${other}`
  if (awaitsParents(target))
    return `job ${jobId} waits for jobs that it comes after, and stands in no line until they have ended; ${other}`
  const due = dueAt === null ? 'later' : new Date(dueAt / MICROS_PER_MS).toISOString()
  return `job ${jobId} is not due before ${due}, and stands in no line until then; ${other}`
}

/** Half-way between the target and the job that stands before it at the same order. */
function positionBefore(scribe: Scribe, job: Job, before: string): Position | Refusal {
  const target = jobOf(scribe.draft, before)
  if (target === undefined) return notLive(before)
  if (!isInLine(target) || target.jobId === job.jobId) return refused('invalid_input', notInLine(target, job))
  const { level, order, tie } = target.position
  const ahead = scribe.draft.line.before(target.position)
  if (isBetween(job.position, ahead, target.position)) return job.position
  const floor = ahead !== undefined && ahead.level === level && ahead.order === order ? ahead.tie : tie - 2
  const middle = (floor + tie) / 2
  // Halving ends after some 30 moves to one spot, when no position is left between the two.
  if (middle <= floor || middle >= tie)
    return refused(
      'invalid_input',
      `no place is left right before job ${before}; move the job before another one`,
    )
  return { level, order, tie: middle }
}

/** The job stands there already (it may be the one `ahead`). */
function isBetween(position: LinePosition, ahead: LinePosition | undefined, target: LinePosition): boolean {
  return (ahead === undefined || byPosition(ahead, position) <= 0) && byPosition(position, target) < 0
}

function isSamePosition(a: Position, b: Position): boolean {
  return a.level === b.level && a.order === b.order && a.tie === b.tie
}
