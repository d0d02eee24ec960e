import { filter, firstValueFrom, fromEvent, takeUntil } from 'rxjs'
import type { Coordinator, StartAnswer } from '../coordinator/index.ts'
import { InterlockError, isInterlockError, type Lease } from '../core/index.ts'
import { workflowOutcome } from '../events/index.ts'
import type { HandlerDefinition } from '../worker/index.ts'
import { runOne } from '../worker/run-one.ts'
import { type RunOptions, WORKFLOW_QUEUED, type WorkflowResult } from './api.ts'

type DriveAnswer = StartAnswer | 'ended' | 'elsewhere'

/** Sees one workflow through to its end: by running it here when it is its turn, or by following the process that does. */
export class Drive {
  readonly #coordinator: Coordinator
  readonly #handler: HandlerDefinition
  readonly #executionId: string
  readonly #options: RunOptions
  #lastError: unknown

  constructor(
    coordinator: Coordinator,
    handler: HandlerDefinition,
    executionId: string,
    options: RunOptions,
  ) {
    this.#coordinator = coordinator
    this.#handler = handler
    this.#executionId = executionId
    this.#options = options
  }

  /** @param first puts the workflow in line, or takes it up */
  async run(first: () => Promise<StartAnswer>): Promise<WorkflowResult | 'bypassed'> {
    const { wait = false, signal } = this.#options
    let ask = first
    for (;;) {
      signal?.throwIfAborted()
      const answer = await this.#ask(ask)
      if (answer === 'ended') return this.#end()
      if (answer === 'elsewhere') {
        if (!wait) throw runsElsewhere(this.#executionId)
        await this.#isFree(signal)
      } else if (!answer.allowed) throw workflowQueued(this.#executionId, answer, this.#lastError)
      else if (answer.lease === null) return 'bypassed'
      else {
        const result = await this.#runHere(answer.lease)
        if (result !== undefined) return result
      }
      ask = () => this.#coordinator.takeUp(this.#executionId, { wait, signal, sole: true })
    }
  }

  async #ask(ask: () => Promise<StartAnswer>): Promise<DriveAnswer> {
    try {
      return await ask()
    } catch (error) {
      if (isInterlockError(error, 'not_holder')) return 'elsewhere'
      if (isInterlockError(error, 'job_not_live')) return 'ended'
      throw error
    }
  }

  /** What it came to, if that was its end: by now the job may have another life, of somebody who started it again. */
  async #runHere(lease: Lease): Promise<WorkflowResult | undefined> {
    const started = this.#coordinator.attempt(lease)
    if (started === undefined) return undefined
    const outcome = await runOne(started, this.#coordinator, this.#handler, this.#options.signal)
    if (outcome.type === 'failed') this.#lastError = outcome.error
    if (outcome.type !== 'completed') return undefined
    const result = workflowOutcome(outcome.result.json)
    return result === null ? undefined : { executionId: this.#executionId, ...result }
  }

  /** Resolves when the workflow is not active any more. */
  async #isFree(signal: AbortSignal | undefined): Promise<void> {
    const standing$ = this.#coordinator
      .waiting$(this.#executionId)
      .pipe(filter(({ state }) => state !== 'active'))
    const until$ = signal === undefined ? standing$ : standing$.pipe(takeUntil(fromEvent(signal, 'abort')))
    await firstValueFrom(until$, { defaultValue: undefined })
  }

  async #end(): Promise<WorkflowResult> {
    const executionId = this.#executionId
    const [data] = await this.#coordinator.data([executionId])
    const outcome = workflowOutcome(data?.result)
    if (outcome !== null) return { executionId, ...outcome }
    if (this.#lastError !== undefined) throw this.#lastError
    throw new InterlockError(
      'job_not_live',
      `workflow ${executionId} has ended without a result: it failed or was cancelled; resumeWorkflow retries its unfinished step`,
      { jobId: executionId },
    )
  }
}

/** The workflow has to wait: why, and for which job. */
function workflowQueued(
  executionId: string,
  { reason, code, blockedBy, ahead }: StartAnswer & { readonly allowed: false },
  cause?: unknown,
): InterlockError {
  return queued(executionId, reason, { reason: code, blockedBy, ahead }, cause)
}

function runsElsewhere(executionId: string): InterlockError {
  return queued(executionId, 'it is running in another place', {
    reason: 'running',
    blockedBy: [],
    ahead: 0,
  })
}

function queued(
  executionId: string,
  why: string,
  details: { reason: string; blockedBy: readonly string[]; ahead: number },
  cause?: unknown,
): InterlockError {
  return new InterlockError(
    WORKFLOW_QUEUED,
    `WORKFLOW_QUEUED: workflow ${executionId}: ${why}. It stays in line. A worker with its kind goes on with it, or resumeWorkflow does; with { wait: true } this call waits`,
    { executionId, ...details, position: details.ahead },
    cause,
  )
}
