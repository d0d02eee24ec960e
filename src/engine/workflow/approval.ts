/**
 * Thrown by a step that needs an approval: the workflow leaves the queue and frees everything it has.
 * `resumeWorkflow(executionId, { approval })` puts it back, and this step runs again with `context.approval`.
 * @example if (context.approval === null) throw new AwaitApproval()
 */
export class AwaitApproval extends Error {
  override readonly name = 'AwaitApproval'

  constructor() {
    super('the workflow waits for approval')
  }
}
