import { isInterlockError } from '../../../src/engine/core/index.ts'
import type { WorkflowResult } from '../../../src/engine/workflow/index.ts'
import { inputOf, ON_PURPOSE, type SimProcess } from './process.ts'
import type { Act, SimJob } from './script.ts'
import type { Witness } from './witness.ts'

/** A call that a program waits for. */
export interface Call {
  readonly act: Act
  readonly job: SimJob
  readonly process: SimProcess
  settled: boolean
}

export interface ProgramsOptions {
  readonly witness: Witness
  /** The job was cancelled, or lost with a restore, so that it may end without a result. */
  readonly mayFail: (job: SimJob) => boolean
  /** All jobs of its flow. */
  readonly flowOf: (job: SimJob) => readonly SimJob[]
}

/** What a program has to be ready for, whatever it asked for. */
const usual = ['store_unavailable', 'contention', 'clock_unsteady', 'closed', 'log_went_back'] as const
/** The policy allows it only later. */
const notYet = ['fits_no_place', 'use_over_limit'] as const

/** The programs of a run: they ask for jobs, wait for them, and look at what they are told. */
export class Programs {
  readonly #options: ProgramsOptions
  readonly calls: Call[] = []

  constructor(options: ProgramsOptions) {
    this.#options = options
  }

  /** In the process, which has joined. */
  do(act: Act & { readonly job: number }, job: SimJob, process: SimProcess): void {
    const call = { act, job, process, settled: false }
    this.calls.push(call)
    process.run(() => {
      void this.#carryOut(call).finally(() => {
        call.settled = true
      })
    })
  }

  /** What came on `ready$`. */
  takeUp(job: SimJob, process: SimProcess): void {
    const by = { who: process.options.number, job: 0 }
    if (job.steps === undefined) this.do({ do: 'gate', wait: false, ...by }, job, process)
    else this.do({ do: 'resume', ...by }, job, process)
  }

  get unsettled(): readonly Call[] {
    return this.calls.filter(({ settled, process }) => !settled && process.isAlive)
  }

  async #carryOut(call: Call): Promise<void> {
    const { act } = call
    try {
      if (act.do === 'enqueue') await this.#enqueue(call)
      else if (act.do === 'gate') await this.#pass(call, act)
      else if (act.do === 'execute') await this.#execute(call, act.wait)
      else if (act.do === 'resume') await this.#resume(call)
      else if (act.do === 'flow') await this.#enqueueFlow(call)
      else if (act.do === 'revive') await this.#revive(call)
      else await call.process.coordinator?.cancel(call.job.id, { descendants: act.do === 'prune' })
    } catch (error) {
      if (notYet.some((code) => isInterlockError(error, code))) {
        await call.process.pause(300)
        return this.#carryOut(call)
      }
      this.#judge(call, error)
    }
  }

  async #enqueue({ job, process }: Call): Promise<void> {
    this.#options.witness.asks(job)
    const { id: jobId, models, dedupe, asks, modes, uses, fairKey } = job
    const also = {
      ...(dedupe && { dedupe }),
      ...(asks && { asks }),
      ...(modes && { modes }),
      ...(uses && { uses }),
      ...(fairKey && { fairKey }),
    }
    await process.coordinator?.enqueue([{ jobId, models: [...models], attempts: 20, ...also }])
  }

  async #enqueueFlow({ job, process }: Call): Promise<void> {
    const { witness, flowOf } = this.#options
    const jobs = flowOf(job).filter(({ addedBy }) => addedBy === undefined)
    for (const one of jobs) witness.asks(one)
    await process.coordinator?.enqueue(jobs.map(inputOf))
  }

  /** Which of them are dead letters, only the queue knows. */
  async #revive({ job, process }: Call): Promise<void> {
    const { witness, flowOf } = this.#options
    for (const one of flowOf(job)) witness.asks(one)
    await process.coordinator?.retryDead({ jobIds: [job.id], descendants: true })
  }

  async #pass({ job, process }: Call, { wait, patience }: Act & { do: 'gate' }): Promise<void> {
    this.#options.witness.asks(job)
    const giveUp = new AbortController()
    if (patience !== undefined) void process.pause(patience).then(() => giveUp.abort(impatience))
    const { modes, uses } = job
    const asking = {
      wait,
      signal: giveUp.signal,
      attempts: 20,
      ...(modes && { modes }),
      ...(uses && { uses }),
    }
    const answer = await process.coordinator?.onJobStart(job.id, 'normal', job.models, asking)
    if (answer?.allowed && answer.lease !== null) await process.runLetThrough(answer.lease)
  }

  async #execute({ job, process }: Call, wait: boolean): Promise<void> {
    this.#options.witness.asks(job)
    const { id, steps = [], hold = 'all' } = job
    const workflow = { steps: steps.map((model) => ({ default_model: model })) }
    this.#check(job, process, await process.manager?.executeWorkflow(id, workflow, { wait, hold }))
  }

  async #resume({ job, process }: Call): Promise<void> {
    this.#options.witness.asks(job)
    this.#check(job, process, await process.manager?.resumeWorkflow(job.id, { wait: true }))
  }

  #check({ id, steps = [] }: SimJob, process: SimProcess, result: WorkflowResult | undefined): void {
    const isRight = result?.status === 'completed' && result.results.length === steps.length
    if (!isRight && process.isAlive)
      this.#options.witness.report('wrong_answer', `${id}: ${JSON.stringify(result)}`)
  }

  #judge({ act, job, process }: Call, error: unknown): void {
    if (!process.isAlive || error === impatience) return
    if (usual.some((code) => isInterlockError(error, code))) return
    const may = this.#options.mayFail(job)
    if (
      act.do === 'gate' &&
      (isInterlockError(error, 'not_holder') || isInterlockError(error, 'job_not_live'))
    )
      return
    if ((act.do === 'cancel' || act.do === 'prune') && isInterlockError(error, 'job_not_live')) return
    if (act.do === 'execute') {
      if (isInterlockError(error, 'workflow_queued') && !act.wait) return
    }
    if (act.do === 'execute' || act.do === 'resume') {
      // Its own last error, or that there is no result.
      if (may && (isInterlockError(error, 'job_not_live') || isOnPurpose(error))) return
    }
    this.#options.witness.report('wrong_answer', `${act.do} ${job.id} in ${process.name}: ${String(error)}`)
  }
}

function isOnPurpose(error: unknown): boolean {
  return error instanceof Error && error.message === ON_PURPOSE
}

const impatience = new Error('the program has given up')
