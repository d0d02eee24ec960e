import type { Coordinator } from '../coordinator/index.ts'
import type { Json, Lease } from '../core/index.ts'
import type { Hold, WorkflowStep } from '../events/index.ts'
import type { HandlerDefinition, RetryRule } from '../worker/index.ts'

/** The code of the error that refuses a workflow that has to wait. */
export const WORKFLOW_QUEUED = 'workflow_queued'

/** What `runStep` gets beside the step. */
export interface StepContext {
  readonly executionId: string
  /** Of this step, from 0, and how many there are. */
  readonly index: number
  readonly count: number
  /** What `executeWorkflow` was given. */
  readonly input: Json
  /** What the steps before returned, in order. */
  readonly results: readonly Json[]
  /** What `resumeWorkflow` was given after a step had asked for approval; null before. */
  readonly approval: Json
  /** Which attempt at the workflow this is, from 1. Steps that have finished are not run again. */
  readonly attempt: number
  /** Fires when the step has to stop; its reason is an `AttemptStopped`. Pass it to whatever you wait for. */
  readonly signal: AbortSignal
  /** The right to run this: `parent` of jobs for which the step asks at the gate. Null for a workflow that bypasses. */
  readonly lease: Lease | null
  /** Confirms the lease now. @throws AttemptStopped */
  heartbeat(): Promise<void>
}

/** Runs one step; what it returns (JSON; 64 KB for all steps together) is kept and given to those after it. */
export type RunStep = (step: WorkflowStep, context: StepContext) => unknown

export interface WorkflowManagerOptions {
  readonly coordinator: Coordinator
  readonly runStep: RunStep
  /** `all` unless given: all models for the whole run. `step`: those of each step while it runs, and nothing in between. */
  readonly hold?: Hold
  /** Which workers go on with these workflows: those with `manager.handler` under this kind; `workflow`. */
  readonly kind?: string
  /** How often the steps of one workflow may fail, or be lost with their worker, in all; 3. */
  readonly attempts?: number
  /** How long the workflow, or with `hold: 'step'` a step of it, may run, in milliseconds; one hour. */
  readonly timeoutMs?: number
  /** The wait before a failed step is tried again; exponential from 1 s to 60 s, with jitter. */
  readonly retry?: RetryRule
}

export interface RunOptions {
  /** Waits in line, and follows a run in another process to its end; false: rejects with `workflow_queued`. */
  readonly wait?: boolean
  /** Gives up: a step that runs is told to stop, and the workflow goes back to the line. */
  readonly signal?: AbortSignal
}

export interface ExecuteOptions extends RunOptions {
  /** Given to every step: anything that JSON can say. */
  readonly input?: unknown
  /** −1,000 to 1,000; 0. */
  readonly priority?: number
  /** For this run, instead of the manager's. */
  readonly hold?: Hold
}

export interface ResumeOptions extends RunOptions {
  /** Answers a step that asked for approval: anything that JSON can say but null. */
  readonly approval?: unknown
}

export interface WorkflowResult {
  readonly executionId: string
  /** `awaiting_approval`: a step asked for it; the workflow is out of the queue until `resumeWorkflow` puts it back. */
  readonly status: 'completed' | 'awaiting_approval'
  /** The step that has not finished, from 0; the number of steps when all have. */
  readonly step: number
  readonly results: readonly Json[]
}

/** A workflow: its steps, and any fields of your program. */
export interface Workflow {
  readonly steps: readonly WorkflowStep[]
  readonly [field: string]: unknown
}

export interface WorkflowManager {
  /** For `createJobWorker({ handlers: { workflow: manager.handler } })`: goes on with queued workflows. */
  readonly handler: HandlerDefinition
  /**
   * Runs a workflow in this process as soon as its models are free. `executionId` is the id of its job; a live one with the
   * same steps goes on where it is. Steps without `default_model` need none (a warning names them); without any the workflow
   * runs beside the queue: at once, and with nothing to resume.
   * @throws InterlockError `workflow_queued` when it has to wait and `wait` is not set, `invalid_input`, `job_exists`; what the
   *   last attempt's step threw
   */
  executeWorkflow(executionId: string, workflow: Workflow, options?: ExecuteOptions): Promise<WorkflowResult>
  /**
   * Goes on with a workflow, at the step that had not finished: one that waits in line, that a crash or its last attempt
   * ended, or that asked for approval. The result of one that is done.
   * @throws InterlockError as `executeWorkflow`, and `job_not_live` when nothing is known of it
   */
  resumeWorkflow(executionId: string, options?: ResumeOptions): Promise<WorkflowResult>
}
