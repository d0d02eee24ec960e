/** Decides as the core should, in the slowest and plainest way. */
import type {
  Command,
  CommandBody,
  ErrorCode,
  RecordedEvent,
  Surroundings,
} from '../../../../src/engine/core/index.ts'
import { type Answer, granted } from './answer.ts'
import { Clerk } from './clerk.ts'
import { cancel, detach, done, end, expireLeases, fail, release, stop, usedIn } from './end.ts'
import { ask, enqueue, takeUp, unask } from './enter.ts'
import { drain, leave, pauseModel, reprioritize, resume, resumeModel, setPolicy, tick } from './govern.ts'
import { copyOf, type Queue } from './queue.ts'
import { fire, pauseSchedule, removeSchedule, resumeSchedule, setSchedules } from './schedule.ts'

export interface Verdict {
  readonly events: readonly RecordedEvent[]
  readonly refused: ErrorCode | null
  /** `job: code, blocked by` for `ask` and `enqueue`. */
  readonly waiting: readonly string[]
}

/** A queue without an event is as it was, whatever was tried on it. */
export function judge(
  queue: Queue,
  command: Command,
  surroundings: Surroundings,
): { readonly queue: Queue; readonly verdict: Verdict } {
  const clerk = new Clerk(copyOf(queue), command, surroundings)
  const answer = obey(clerk, command.body)
  clerk.finish()
  const refused = typeof answer === 'string' ? answer : null
  const waiting = typeof answer === 'string' ? [] : answer
  const verdict = { events: clerk.events, refused, waiting }
  return { queue: clerk.events.length === 0 ? queue : clerk.queue, verdict }
}

function obey(clerk: Clerk, body: CommandBody): Answer {
  const { workerId } = clerk.command
  switch (body.type) {
    case 'enqueue':
      return enqueue(clerk, body)
    case 'void':
      throw new Error('what nobody can read is beyond the oracle')
    case 'ask':
      return ask(clerk, body)
    case 'take_up':
      return takeUp(clerk, body)
    case 'bypass':
      if (!clerk.queue.jobs.some((job) => job.jobId === body.jobId)) {
        clerk.record({ type: 'bypassed', jobId: body.jobId, jobType: body.jobType, workerId })
      }
      return []
    case 'unask':
      return unask(clerk, body)
    case 'complete':
      return end(clerk, body.jobId, body.token, (job) => {
        clerk.record({ type: 'completed', jobId: job.jobId, token: job.token, workerId, ...usedIn(body) })
        clerk.leave(job, 'completed')
      })
    case 'fail':
      return end(clerk, body.jobId, body.token, (job) => fail(clerk, job, body))
    case 'release':
      return end(clerk, body.jobId, body.token, (job) => release(clerk, job, body))
    case 'confirm_cancel':
      return end(clerk, body.jobId, body.token, (job) => {
        stop(clerk, job, usedIn(body))
      })
    case 'detach':
      return detach(clerk, body)
    case 'done':
      return done(clerk, body)
    case 'cancel':
      return cancel(clerk, body)
    case 'expire_leases':
      return expireLeases(clerk, body)
    case 'reprioritize':
      return reprioritize(clerk, body)
    case 'set_policy':
      return setPolicy(clerk, body)
    case 'drain':
      return drain(clerk)
    case 'resume':
      return resume(clerk)
    case 'claim':
      return granted(clerk)
    case 'recover':
      throw new Error('no generated run restores a backup: test/servers/coordinator/recover.test.ts does')
    case 'pause_model':
      return pauseModel(clerk, body)
    case 'resume_model':
      return resumeModel(clerk, body)
    case 'tick':
      return tick(clerk)
    case 'set_schedules':
      return setSchedules(clerk, body)
    case 'remove_schedule':
      return removeSchedule(clerk, body)
    case 'pause_schedule':
      return pauseSchedule(clerk, body)
    case 'resume_schedule':
      return resumeSchedule(clerk, body)
    case 'leave':
      return leave(clerk)
    case 'fire':
      return fire(clerk, body)
  }
}
