/**
 * Thrown by a step that may not go on before somebody says so: the workflow leaves the queue and frees everything that it
 * has. `resumeWorkflow(executionId, { approval })` puts it back, and this step is run again with `context.approval`.
 * @example if (context.approval === null) throw new AwaitApproval()
 */
export class AwaitApproval extends Error {
  override readonly name = 'AwaitApproval'

  constructor() {
    super('the workflow waits for approval')
  }
}
