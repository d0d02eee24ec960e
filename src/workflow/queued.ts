import type { StartAnswer } from '../coordinator/index.ts'
import { InterlockError } from '../core/index.ts'
import { WORKFLOW_QUEUED } from './api.ts'

/** The workflow has to wait: why, and for which job. */
export function workflowQueued(
  executionId: string,
  { reason, code, blockedBy, position }: StartAnswer & { readonly allowed: false },
  cause?: unknown,
): InterlockError {
  return queued(executionId, reason, { reason: code, blockedBy, position }, cause)
}

export function runsElsewhere(executionId: string): InterlockError {
  return queued(executionId, 'it is running in another place', {
    reason: 'running',
    blockedBy: [],
    position: 0,
  })
}

function queued(
  executionId: string,
  why: string,
  details: { reason: string; blockedBy: readonly string[]; position: number },
  cause?: unknown,
): InterlockError {
  return new InterlockError(
    WORKFLOW_QUEUED,
    `WORKFLOW_QUEUED: workflow ${executionId}: ${why}. It stays in line: a worker with its kind goes on with it, or resumeWorkflow; with { wait: true } this call waits`,
    { executionId, ...details },
    cause,
  )
}
