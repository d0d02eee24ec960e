import { isDeepStrictEqual } from 'node:util'
import type { Coordinator, StartAnswer } from '../coordinator/index.ts'
import { InterlockError, invalidInput, isInterlockError, type Json } from '../core/index.ts'
import {
  checkExecute,
  checkManagerOptions,
  checkResume,
  parseWorkflow,
  type WorkflowPlan,
  workflowOutcome,
} from '../events/index.ts'
import type { HandlerDefinition } from '../worker/index.ts'
import { advance, modelsOf, runBeside } from './advance.ts'
import type {
  ExecuteOptions,
  ResumeOptions,
  Workflow,
  WorkflowManager,
  WorkflowManagerOptions,
  WorkflowResult,
} from './api.ts'
import { Drive } from './drive.ts'

/** Made by {@link createWorkflowManager}. */
class QueueWorkflowManager implements WorkflowManager {
  readonly handler: HandlerDefinition
  readonly #options: WorkflowManagerOptions
  readonly #coordinator: Coordinator

  constructor(options: WorkflowManagerOptions) {
    checkManagerOptions(options)
    const { coordinator, runStep, retry } = options
    this.#options = options
    this.#coordinator = coordinator
    const { queue, telemetry } = coordinator
    const tracing = telemetry === undefined ? undefined : { queue, telemetry }
    const run: HandlerDefinition['run'] = (job, context) => advance(runStep, job, context, tracing)
    this.handler = retry === undefined ? { run } : { run, retry }
  }

  async executeWorkflow(executionId: string, config: Workflow, options: ExecuteOptions = {}) {
    checkExecute(executionId, options)
    const { input, hold = this.#options.hold } = options
    const plan = parseWorkflow({ config, input, hold })
    return this.#drive(executionId, plan, options)
  }

  async resumeWorkflow(executionId: string, options: ResumeOptions = {}): Promise<WorkflowResult> {
    checkResume(executionId, options)
    const { approval = null, wait, signal } = options
    const { waiting, active } = await this.#liveness(executionId)
    if (waiting || active) {
      if (approval !== null) {
        const message = `approval: workflow ${executionId} does not wait for approval`
        throw invalidInput(message, 'approval')
      }
      const takeUp = () => this.#coordinator.takeUp(executionId, { wait, signal, sole: true })
      return (await this.#drivenBy(executionId, options, takeUp)) as WorkflowResult
    }
    const [data] = await this.#coordinator.data([executionId])
    const outcome = workflowOutcome(data?.result)
    if (outcome !== null && (outcome.status === 'completed' || approval === null)) {
      return { executionId, ...outcome }
    }
    if (data === undefined || data.payload === null) throw unknown(executionId)
    const { status: _, ...reached } = outcome ?? { status: null, ...(data.checkpoint as object | null) }
    const known = parseWorkflow(data.payload)
    const state = 'step' in reached ? reached : known.state
    return this.#drive(executionId, parseWorkflow({ ...known, state, approval }), options)
  }

  async #liveness(executionId: string): Promise<{ waiting: boolean; active: boolean }> {
    const standing = await this.#coordinator.explain(executionId)
    return { waiting: standing?.state === 'waiting', active: standing?.state === 'active' }
  }

  async #drive(executionId: string, plan: WorkflowPlan, options: ExecuteOptions): Promise<WorkflowResult> {
    const result = await this.#drivenBy(executionId, options, () => this.#submit(executionId, plan, options))
    if (result !== 'bypassed') return result
    const signal = options.signal ?? new AbortController().signal
    try {
      const end = await runBeside(this.#options.runStep, executionId, plan, signal)
      await this.#coordinator.onJobComplete(executionId, 'workflow')
      return end
    } catch (error) {
      await this.#coordinator.onJobComplete(executionId, 'workflow', { outcome: 'failed', error })
      throw error
    }
  }

  #drivenBy(executionId: string, options: ExecuteOptions, first: () => Promise<StartAnswer>) {
    return new Drive(this.#coordinator, this.handler, executionId, options).run(first)
  }

  async #submit(executionId: string, plan: WorkflowPlan, options: ExecuteOptions): Promise<StartAnswer> {
    const { wait, signal, priority = 0 } = options
    const { kind = 'workflow', attempts = 3, timeoutMs } = this.#options
    const all = this.#coordinator.getWorkflowModels(plan.config)
    const models = plan.hold === 'step' ? modelsOf(plan.config.steps[plan.state.step]) : all
    const spec = {
      kind,
      attempts,
      priority,
      payload: plan,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    }
    try {
      if (models.length > 0 || all.length === 0) {
        const asking = { ...spec, wait, signal, sole: true }
        return await this.#coordinator.onJobStart(executionId, 'workflow', models, asking)
      }
      // Its first step needs no model and a later one does: it must not run beside the queue.
      await this.#coordinator.enqueue([{ jobId: executionId, jobType: 'workflow', models, ...spec }])
    } catch (error) {
      if (!isInterlockError(error, 'job_exists') || !(await this.#isSame(executionId, plan))) throw error
    }
    return this.#coordinator.takeUp(executionId, { wait, signal, sole: true })
  }

  /** It is live already, with the models of a later step, or going on from one. */
  async #isSame(executionId: string, plan: WorkflowPlan): Promise<boolean> {
    const [data] = await this.#coordinator.data([executionId])
    const known = data?.payload as Partial<WorkflowPlan> | null | undefined
    return known != null && isDeepStrictEqual(asked(known), asked(plan))
  }
}

/** Which workflow it is, however far it has come. */
function asked({ config, input, hold }: Partial<WorkflowPlan>): Json {
  return JSON.parse(JSON.stringify({ config, input, hold }))
}

function unknown(executionId: string): InterlockError {
  return new InterlockError(
    'job_not_live',
    `the queue does not know workflow ${executionId}: it was never queued, or its data was deleted; start it with executeWorkflow`,
    { jobId: executionId },
  )
}

/**
 * Runs workflows of several steps, each with a model of its own, as jobs of the coordinator's queue.
 * @throws InterlockError `invalid_input`
 * @example
 * const manager = createWorkflowManager({ coordinator, runStep: (step, { input, results }) => render(step, input, results) })
 * const { results } = await manager.executeWorkflow('run-7', { steps: [{ default_model: 'flux-dev' }] }, { wait: true })
 */
export function createWorkflowManager(options: WorkflowManagerOptions): WorkflowManager {
  return new QueueWorkflowManager(options)
}
