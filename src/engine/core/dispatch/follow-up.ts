import { flowOf } from '../state/flow.ts'
import { jobOf } from '../state/ledger.ts'
import type { JobKey } from '../values/position.ts'
import type { Scribe } from './scribe.ts'

/**
 * How many links between jobs one decision follows. The ledger says what is left, and the next tick of any process goes on: an end with
 * 10,000 children makes many short appends, and none that holds up the queue.
 */
const MOST_FOLLOWED = 500

/** Records what has become of jobs that waited for others: those whose parents have all ended are released, or fail with them. */
export function followUp(scribe: Scribe): void {
  const { draft } = scribe
  while (draft.followed < MOST_FOLLOWED && !scribe.isFull) {
    const next = draft.settled.min()
    const end = draft.propagating.min()
    if (next !== undefined) recordFate(scribe, next)
    else if (end !== undefined) scribe.record({ type: 'end_propagated', parent: end.jobId })
    else return
    draft.followed++
  }
}

function recordFate(scribe: Scribe, key: JobKey): void {
  const { draft, now } = scribe
  const { jobId } = key
  const cause = flowOf(draft, key)?.failedBy ?? null
  const runAt = jobOf(draft, jobId)?.spec.runAt ?? null
  if (cause === null)
    scribe.record({ type: 'released', jobId, runAt: runAt !== null && runAt > now ? runAt : null })
  else scribe.record({ type: 'failed', jobId, token: null, code: 'parent_failed', final: true, cause })
}
