/**
 * What has passed a job for loaded models stays with it until it starts, wherever it is meanwhile. Those in line that are alike share what has
 * passed one of them; who leaves them takes it along, and brings it back.
 */
import type { Policy } from '../../../../src/engine/core/index.ts'
import { type Entry, inOrder, type Passed, type Queue } from './queue.ts'
import { inLine, likenessOf } from './warm.ts'

/** A job, and no later one of its name. */
const lifeOf = ({ jobId, queuedAt }: Entry): string => `${queuedAt}@${jobId}`

const groupsJobs = ({ warm, maxOvertakes, uses, tiers, fairShare }: Policy): boolean =>
  (warm?.maxPassed ?? 0) > 0 ||
  (maxOvertakes !== 0 && (uses !== undefined || tiers !== undefined || fairShare?.maxActive != null))

/** Of these the ones that came from behind a job. */
const behind = <Of extends Passed>(passed: readonly Of[], job: Entry): readonly Of[] =>
  passed.filter(({ by }) => inOrder(by as Entry, job) > 0)

/** Who left the line since the event before takes along what has passed it, and who came back is with those that are like it now. */
export function carryPassed(queue: Queue): void {
  if (queue.passers.length === 0 && queue.jobs.every(({ passed }) => passed.length === 0)) {
    queue.alike = undefined
    return
  }
  const line = groupsJobs(queue.policy) ? inLine(queue) : []
  const now = new Map(line.map((job) => [lifeOf(job), likenessOf(queue, job)]))
  const before = queue.alike ?? now
  for (const job of queue.jobs) {
    const likeness = before.get(lifeOf(job))
    if (likeness !== undefined && likeness !== now.get(lifeOf(job))) takeAlong(queue, job, likeness)
  }
  const stay = new Set(
    [...before].flatMap(([life, likeness]) => (now.get(life) === likeness ? likeness : [])),
  )
  queue.passers = queue.passers.filter(({ likeness }) => stay.has(likeness))
  for (const job of line) bringBack(queue, job)
  queue.alike = now
}

/** All leave at once: other rules say who is alike. */
export function leaveAlike(queue: Queue): void {
  carryPassed(queue)
  for (const job of queue.jobs) {
    const likeness = queue.alike?.get(lifeOf(job))
    if (likeness !== undefined) takeAlong(queue, job, likeness)
  }
  queue.passers = []
  if (queue.alike !== undefined) queue.alike = new Map()
}

function takeAlong(queue: Queue, job: Entry, likeness: string): void {
  const all = queue.passers.filter((one) => one.likeness === likeness)
  job.passed = job.active || behind(all, job).length === 0 ? [] : all
}

function bringBack(queue: Queue, job: Entry): void {
  if (job.passed.length === 0) return
  const likeness = likenessOf(queue, job)
  const own = queue.passers.filter((one) => one.likeness === likeness)
  const brought = own.length === 0 ? job.passed : behind(job.passed, job)
  const all = new Map(own.map((one) => [one.at, one]))
  for (const { by, at } of brought) {
    const known = all.get(at)
    if (known === undefined || inOrder(known.by as Entry, by as Entry) < 0) all.set(at, { likeness, by, at })
  }
  queue.passers = [...queue.passers.filter((one) => one.likeness !== likeness), ...all.values()]
  job.passed = []
}

/** A job goes to another position in line: what has passed it counts there too, also what came from ahead of that. */
export function movePassed(queue: Queue, job: Entry, move: () => void): void {
  const likeness = queue.alike?.get(lifeOf(job))
  if (likeness !== undefined) takeAlong(queue, job, likeness)
  const passed = behind(job.passed, job)
  move()
  const { level, order, tie } = job
  job.passed = passed.map(({ by, at }) => ({
    by: inOrder(by as Entry, job) > 0 ? by : { ...by, level, order, tie: tie + 1 },
    at,
  }))
  if (likeness === undefined) return
  queue.alike?.delete(lifeOf(job))
  if (![...(queue.alike?.values() ?? [])].includes(likeness))
    queue.passers = queue.passers.filter((one) => one.likeness !== likeness)
}
