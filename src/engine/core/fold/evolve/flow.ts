import { takePosition } from '../../line/pausing.ts'
import type { Draft } from '../../state/draft.ts'
import {
  addEnded,
  addParent,
  endFlow,
  flowOf,
  propagateMore,
  releaseFlow,
  settleFate,
} from '../../state/flow.ts'
import type { Job } from '../../state/job.ts'
import { jobOf } from '../../state/ledger.ts'
import { positionFor } from '../../values/ageing.ts'
import { outcomeOf } from '../../values/ending.ts'
import type { RecordedEvent } from '../../values/event.ts'
import { putOff, startExpiry } from '../timing.ts'
import { corrupt } from './lookup.ts'
import { leave } from './wait.ts'

type Of<Type extends RecordedEvent['type']> = RecordedEvent & { readonly type: Type }

/** A job that has not been released comes after these too. */
export function link(draft: Draft, event: Of<'linked'>, child: Job): Job {
  for (const id of event.after) {
    if (event.outcome !== undefined) addEnded(draft, child, id, event.goesOn === true, event.outcome)
    else linkLive(draft, event, child, id)
  }
  settleFate(draft, child, event.at)
  return jobOf(draft, child.jobId) ?? child
}

function linkLive(draft: Draft, event: Of<'linked'>, child: Job, id: string): void {
  const parent = jobOf(draft, id)
  if (parent === undefined || id === child.jobId)
    throw corrupt(event, `job ${id} is not live, or is the job itself`)
  if (addParent(draft, child, parent, event.goesOn === true) === undefined)
    throw corrupt(event, `job ${child.jobId} comes after job ${id} already`)
}

/** Its position counts from now, and so does its expiry. */
export function release(draft: Draft, event: Of<'released'>, waiting: Job): Job {
  if (releaseFlow(draft, waiting, event.at) === undefined)
    throw corrupt(event, `jobs that ${waiting.jobId} comes after have not ended, or have failed`)
  const job = draft.edit(waiting)
  const { level, order, tie } = positionFor(draft.policy, job.priority, event.at, event.seq, job.fairRank)
  job.position = { level, order, tie, hash: job.hash, jobId: job.jobId }
  job.dueAt = null
  job.blockedBy = null
  job.waitingSince = event.at
  startExpiry(draft, job)
  if (event.runAt !== null && event.runAt > event.at) putOff(draft, job, event.runAt)
  else takePosition(draft, job)
  return job
}

export function failWith(draft: Draft, event: Of<'failed'>, waiting: Job): undefined {
  const cause = flowOf(draft, waiting)?.failedBy ?? null
  if (cause === null || cause !== event.cause || !event.final)
    throw corrupt(event, `job ${waiting.jobId} does not fail because of ${event.cause}`)
  return leave(draft, waiting)
}

/** A job has ended: its children learn of it. */
export function endFlowOf(draft: Draft, job: Job, event: RecordedEvent): void {
  const outcome = outcomeOf(event) ?? 'failed'
  const cause = event.type === 'failed' ? event.cause : undefined
  endFlow(draft, job, outcome, cause ?? job.jobId, event.at)
}

export function propagateEnd(draft: Draft, event: Of<'end_propagated'>): void {
  const end = draft.propagating.min()
  if (end?.jobId !== event.parent) throw corrupt(event, `job ${event.parent} has no children to tell`)
  propagateMore(draft, end, event.at)
}
