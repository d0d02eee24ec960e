/**
 * Workflows: a job of several steps. What a step returned is kept, so that another attempt, in any process, goes on with the next one.
 *
 *     const manager = createWorkflowManager({ coordinator, runStep: async (step, { input, results }) => draw(step, input, results) })
 *     const outcome = await manager.executeWorkflow('film-7', { steps, input: 'a cat' })
 *
 * `drive.ts` sees one workflow through to its end: it runs it here when it is its turn, or follows the process that does. `advance.ts` runs
 * the steps. A step may wait for a person: it throws `AwaitApproval`, and the workflow leaves the queue until somebody resumes it.
 * @module
 */
export type { Hold, WorkflowStep } from '../events/index.ts'
export type * from './api.ts'
export { WORKFLOW_QUEUED } from './api.ts'
export { AwaitApproval } from './approval.ts'
export { createWorkflowManager } from './manager.ts'
