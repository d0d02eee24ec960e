import { isInterlockError, type Json } from '../core/index.ts'
import {
  parseWorkflow,
  parseWorkflowState,
  type WorkflowPlan,
  type WorkflowState,
  type WorkflowStep,
} from '../events/index.ts'
import type { Telemetry } from '../store/index.ts'
import { type HandlerContext, type Job, NonRetryableError, RetryLater } from '../worker/index.ts'
import type { RunStep, StepContext, WorkflowResult } from './api.ts'
import { AwaitApproval } from './approval.ts'

/** One run of a workflow's steps: where it is, and what the steps get. */
interface WorkflowRun {
  readonly executionId: string
  readonly plan: WorkflowPlan
  readonly attempt: number
  readonly signal: AbortSignal
  readonly lease: StepContext['lease']
  readonly heartbeat: () => Promise<void>
  /** A step has finished: durable when it resolves. */
  readonly keep: (state: WorkflowState) => Promise<void>
  /** Before each step: may give the job back for other models. */
  readonly before: (step: WorkflowStep, index: number) => Promise<void>
  /** Where steps are told of, for traces. */
  readonly tracing: StepTracing | undefined
}

/** What makes traces, and of which queue. */
export interface StepTracing {
  readonly queue: string
  readonly telemetry: Telemetry
}

/** The models that a step needs. */
export function modelsOf(step: WorkflowStep | undefined): readonly string[] {
  return step?.default_model ? [step.default_model] : []
}

/** Runs the steps of a workflow's job from the one that had not finished. @returns what is kept as the job's result */
export function advance(
  runStep: RunStep,
  job: Job,
  context: HandlerContext,
  tracing?: StepTracing,
): Promise<WorkflowResult> {
  const plan = orHopeless(() => parseWorkflow(job.payload))
  const state = orHopeless(() => parseWorkflowState(job.checkpoint)) ?? plan.state
  const { fencingToken, epoch, fence, signal } = context
  const { jobId, places } = job
  const lease = { jobId, fencingToken, epoch, fence }
  const run: WorkflowRun = {
    executionId: job.jobId,
    plan,
    attempt: job.attempt,
    signal,
    tracing,
    lease: Object.keys(places).length === 0 ? lease : { ...lease, places },
    heartbeat: () => context.heartbeat(),
    keep: (next) => keep(context, next, plan, job),
    before: async (step, index) => {
      if (plan.hold === 'step' && !isSame(modelsOf(step), job.models)) throw handOver(step)
      await context.progress({ step: index, count: plan.config.steps.length, name: step.name ?? null })
    },
  }
  return runSteps(runStep, run, state)
}

/** Without a lease and with nothing kept: the workflow names no model. */
export function runBeside(
  runStep: RunStep,
  executionId: string,
  plan: WorkflowPlan,
  signal: AbortSignal,
): Promise<WorkflowResult> {
  const nothing = async () => {}
  const run = {
    executionId,
    plan,
    attempt: 1,
    signal,
    lease: null,
    tracing: undefined,
    heartbeat: nothing,
    keep: nothing,
    before: nothing,
  }
  return runSteps(runStep, run, plan.state)
}

async function runSteps(runStep: RunStep, run: WorkflowRun, from: WorkflowState): Promise<WorkflowResult> {
  const { executionId, plan } = run
  let state = from
  for (const [index, step] of plan.config.steps.entries()) {
    if (index < state.step) continue
    run.signal.throwIfAborted()
    await run.before(step, index)
    try {
      const result = await inSpan(run, step, index, () => runStep(step, contextOf(run, index, state)))
      state = { step: index + 1, results: [...state.results, (result ?? null) as Json] }
    } catch (error) {
      if (error instanceof AwaitApproval) return { executionId, status: 'awaiting_approval', ...state }
      throw error
    }
    await run.keep(state)
  }
  return { executionId, status: 'completed', ...state }
}

async function inSpan(
  { executionId, plan, tracing }: WorkflowRun,
  { name }: WorkflowStep,
  index: number,
  run: () => unknown,
): Promise<unknown> {
  if (tracing === undefined) return run()
  const { queue, telemetry } = tracing
  const count = plan.config.steps.length
  const done = await telemetry.step({ queue, executionId, index, count, name: name ?? null }, () =>
    putOff(run),
  )
  if ('putOff' in done) throw done.putOff
  return done.result
}

/** A step that asks for approval, or to be run later, has not failed. */
async function putOff(
  run: () => unknown,
): Promise<{ readonly result: unknown } | { readonly putOff: Error }> {
  try {
    return { result: await run() }
  } catch (error) {
    if (error instanceof AwaitApproval || error instanceof RetryLater) return { putOff: error }
    throw error
  }
}

function contextOf(run: WorkflowRun, index: number, { step, results }: WorkflowState): StepContext {
  const { executionId, plan, attempt, signal, lease, heartbeat } = run
  const { config, input } = plan
  // It belongs to the step that asked, not to later ones.
  const approval = step === plan.state.step ? plan.approval : null
  return {
    executionId,
    index,
    count: config.steps.length,
    input,
    results,
    approval,
    attempt,
    signal,
    lease,
    heartbeat,
  }
}

async function keep(
  context: HandlerContext,
  state: WorkflowState,
  plan: WorkflowPlan,
  job: Job,
): Promise<void> {
  try {
    await context.checkpoint({ ...state, results: [...state.results] })
  } catch (error) {
    // The step is done, and doing it again would give the same: a result that cannot be kept is a fault of the step.
    if (isInterlockError(error, 'invalid_input')) throw new NonRetryableError(error.message)
    throw error
  }
  const next = plan.config.steps[state.step]
  // Even if it needs the same models: nothing is held between steps, and a job ahead of it goes first.
  if (plan.hold === 'step' && next !== undefined && job.models.length > 0) throw handOver(next)
}

function handOver(step: WorkflowStep): RetryLater {
  return new RetryLater({ seconds: 0, models: modelsOf(step) })
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((model, i) => model === b[i])
}

function orHopeless<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    throw isInterlockError(error, 'invalid_input') ? new NonRetryableError(error.message) : error
  }
}
