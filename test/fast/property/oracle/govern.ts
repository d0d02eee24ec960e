import { hash, type Policy } from '../../../../src/engine/core/index.ts'
import { type Answer, type Body, granted } from './answer.ts'
import { type Clerk, positionOf } from './clerk.ts'
import { afterEnd, fail } from './end.ts'
import { leaveAlike, movePassed } from './passed.ts'
import {
  type Entry,
  heldBy,
  isAhead,
  isWaitingNow,
  limitsOf,
  lineOf,
  type Queue,
  ruleOf,
  sameJson,
  type Used,
} from './queue.ts'
import { changeTurns } from './turns.ts'

export function reprioritize(clerk: Clerk, { jobId, priority, before }: Body<'reprioritize'>): Answer {
  const { queue, command } = clerk
  const job = clerk.jobOf(jobId)
  if (job === undefined || job.active) return 'job_not_live'
  const level = priority ?? job.priority
  const target = before === undefined ? undefined : clerk.jobOf(before)
  if (before !== undefined && target === undefined) return 'job_not_live'
  if (target !== undefined && (target === job || !isWaitingNow(target))) return 'invalid_input'
  const position =
    target === undefined
      ? positionOf(queue.policy, level, job.since, job.tie, job.fairRank)
      : placeBefore(queue, job, target)
  if (position === null) return 'invalid_input'
  const stays = position.level === job.level && position.order === job.order && position.tie === job.tie
  if (stays && level === job.priority) return []
  clerk.record({ type: 'reprioritized', jobId, priority: level, position, workerId: command.workerId })
  movePassed(queue, job, () =>
    Object.assign(job, {
      priority: level,
      ...position,
      ...(job.dueAt === null ? { offeredAt: null, places: null } : {}),
    }),
  )
  return granted(clerk)
}

function placeBefore(queue: Queue, job: Entry, target: Entry) {
  const { level, order, tie } = target
  const ahead = lineOf(queue)
    .filter((other) => isAhead(other, target))
    .at(-1)
  const isThere = isAhead(job, target) && (ahead === undefined || ahead === job || isAhead(ahead, job))
  if (isThere) return { level: job.level, order: job.order, tie: job.tie }
  const floor = ahead !== undefined && ahead.level === level && ahead.order === order ? ahead.tie : tie - 2
  const middle = (floor + tie) / 2
  return middle > floor && middle < tie ? { level, order, tie: middle } : null
}

export function setPolicy(clerk: Clerk, { policy }: Body<'set_policy'>): Answer {
  const { queue, command } = clerk
  const fields = new Set([...Object.keys(policy), ...Object.keys(queue.policy)])
  const valueIn = (rules: object, name: string) => (rules as Record<string, unknown>)[name]
  const isSame = [...fields].every((name) => sameJson(valueIn(policy, name), valueIn(queue.policy, name)))
  if (isSame) return []
  const stay = (policy.warm?.maxPassed ?? 0) > 0 && ({ passesStay: true } as const)
  clerk.record({ type: 'policy_changed', policy, ...stay, workerId: command.workerId })
  leaveAlike(queue)
  // What an old rate did not need to remember is forgotten, and so is everything about a model without one.
  queue.starts = queue.starts.filter(({ model, at }) => {
    const later = queue.starts.filter((other) => other.model === model && other.at > at).length
    return ruleOf(policy.rate, model) !== undefined && later < (ruleOf(queue.policy.rate, model)?.starts ?? 0)
  })
  const isMoved =
    !sameJson(policy.capacity, queue.policy.capacity) || !sameJson(policy.units, queue.policy.units)
  const isLimited = !sameJson(policy.uses, queue.policy.uses)
  if (isLimited) queue.used = underLimits(queue, policy)
  const before = new Map(lineOf(queue).map((job) => [job, job.places]))
  const names = Object.values({ ...policy.capacity, ...queue.policy.capacity })
  const rules = queue.policy
  queue.policy = policy
  if (isLimited) countRunning(clerk, rules)
  changeTurns(queue, rules)
  if (isLimited || (isMoved && names.some((rule) => typeof rule === 'object'))) {
    for (const job of queue.jobs.filter((one) => !one.active)) {
      job.places = null
      if (job.heldOn !== null) job.heldOn = heldBy(queue, job)
      else if (before.has(job)) job.heldOn = heldBy(queue, job)
    }
    clerk.pinAll(before)
  }
  clerk.endAllOffers()
  return granted(clerk)
}

/** Of each resource what counts in its longest window before is known to all of its windows. */
const underLimits = ({ policy: before, used, lastAt }: Queue, policy: Policy): Used[] =>
  [...new Set(used.map(({ resource }) => resource))].flatMap((resource) => {
    const old = limitsOf(before, resource)
    const longest = Math.max(...old.map(({ perSeconds }) => perSeconds))
    const from = old.findIndex(({ perSeconds }) => perSeconds === longest)
    const since = lastAt - Math.ceil(longest * 1_000_000)
    const own = used.filter((use) => use.resource === resource && use.window === from && use.at >= since)
    return limitsOf(policy, resource).flatMap((_, window) => own.map((use) => ({ ...use, window })))
  })

/** Who runs counts as if it began now where it did not count at its start. */
function countRunning(clerk: Clerk, before: Policy): void {
  for (const job of clerk.queue.jobs.filter(({ active }) => active))
    clerk.countAtStart(job, (resource) => {
      const old = limitsOf(before, resource)
      const longest = Math.max(...old.map(({ perSeconds }) => perSeconds))
      return old.find(({ perSeconds }) => perSeconds === longest)?.counted !== 'atStart'
    })
}

export function drain(clerk: Clerk): Answer {
  if (clerk.queue.draining) return []
  clerk.record({ type: 'drain_requested', workerId: clerk.command.workerId })
  clerk.queue.draining = true
  clerk.endAllOffers()
  return afterEnd(clerk)
}

export function resume(clerk: Clerk): Answer {
  if (!clerk.queue.draining) return []
  clerk.record({ type: 'resumed', workerId: clerk.command.workerId })
  clerk.queue.draining = false
  clerk.queue.drained = false
  return granted(clerk)
}

export function tick(clerk: Clerk): Answer {
  const { queue, now } = clerk
  const expiring = queue.jobs.filter((job) => !job.active && !job.awaits && job.spec.expireMs !== null)
  for (const job of expiring.sort(byTime(expiryOf))) {
    if (expiryOf(job) > now) break
    clerk.record({ type: 'expired', jobId: job.jobId })
    clerk.leave(job, 'expired')
  }
  const overdue = queue.jobs.filter((job) => job.active && timesOutAt(job) <= now)
  for (const job of overdue.sort(byTime(timesOutAt))) {
    fail(clerk, job, { type: 'fail', jobId: job.jobId, token: job.token, code: 'timed_out', retryAt: now })
  }
  const over = queue.pauses.filter(({ until }) => until !== null && until <= now)
  const byEnd = (a: { until: number | null }, b: { until: number | null }) => (a.until ?? 0) - (b.until ?? 0)
  const byHash = (a: { model: string }, b: { model: string }) => hash(a.model) - hash(b.model)
  for (const { model } of over.sort((a, b) => byEnd(a, b) || byHash(a, b))) clerk.resume(model)
  const undue = queue.jobs.filter((job) => job.dueAt !== null)
  for (const job of undue.sort(byTime((other) => other.dueAt ?? 0))) {
    if ((job.dueAt ?? 0) > now) break
    clerk.record({ type: 'due', jobId: job.jobId })
    job.dueAt = null
    job.heldOn = heldBy(queue, job)
  }
  const answer = afterEnd(clerk)
  clerk.announce()
  return answer
}

/** Five seconds after its holder should have said so; a detached one on time. */
function timesOutAt({ startedAt, spec, detachedUntil }: Entry): number {
  return detachedUntil ?? startedAt + (spec.timeoutMs + 5_000) * 1_000
}

export function pauseModel(clerk: Clerk, { model, reason, until }: Body<'pause_model'>): Answer {
  const { queue, now } = clerk
  if (until !== null && (until <= now || until > now + 365 * 86_400 * 1_000_000)) return 'invalid_input'
  const known = queue.pauses.find((pause) => pause.model === model)
  if (known?.reason === reason && known.until === until) return []
  clerk.pause(model, reason, until)
  return granted(clerk)
}

export function leave(clerk: Clerk): Answer {
  const { workerId } = clerk.command
  const spoken = [...clerk.queue.servers, ...clerk.queue.keepers]
  if (spoken.some(({ worker }) => worker === workerId)) clerk.serve(workerId, null, true)
  return granted(clerk)
}

export function resumeModel(clerk: Clerk, { model }: Body<'resume_model'>): Answer {
  if (!clerk.queue.pauses.some((pause) => pause.model === model)) return []
  clerk.resume(model)
  return granted(clerk)
}

function expiryOf({ waitingSince, spec }: Entry): number {
  return waitingSince + (spec.expireMs ?? 0) * 1_000
}

function byTime(time: (job: Entry) => number): (a: Entry, b: Entry) => number {
  return (a, b) => time(a) - time(b) || hash(a.jobId) - hash(b.jobId)
}
