import { silentLogger } from '../../../src/engine/coordinator/base/logger.ts'
import { type Coordinator, createCoordinator } from '../../../src/engine/coordinator/index.ts'
import type { InterlockError, Lease } from '../../../src/engine/core/index.ts'
import type { EnqueueInput } from '../../../src/engine/events/index.ts'
import {
  createJobWorker,
  type HandlerContext,
  inBatch,
  type Job,
  type JobWorker,
} from '../../../src/engine/worker/index.ts'
import { createWorkflowManager, type WorkflowManager } from '../../../src/engine/workflow/index.ts'
import { Dice } from './dice.ts'
import { type Line, type NetworkOptions, remoteStore } from './remote-store.ts'
import type { Script, SimJob, SimMember, SimSchedule } from './script.ts'
import { here } from './timeline.ts'
import type { Running, Witness } from './witness.ts'

/** Why handlers fail. */
export const ON_PURPOSE = 'on purpose'

/** Shrunk, so that whatever a lease leads to happens within a run. */
export const TIMES = { leaseMs: 1_500, graceMs: 500, pollMs: 500, patienceMs: 2_000 }

/** A job of a flow, as a program or the handler of another one enqueues it. */
export function inputOf({ id: jobId, models, after = [], dies = false }: SimJob): EnqueueInput {
  const parents = after.map(({ job, goesOn }) => (goesOn ? { job, ifFailed: 'continue' as const } : job))
  return {
    jobId,
    models: [...models],
    attempts: dies ? 1 : 20,
    ...(parents.length > 0 && { after: parents }),
  }
}

export interface ProcessOptions {
  readonly number: number
  readonly life: number
  readonly seed: number
  readonly member: SimMember
  readonly network: NetworkOptions
  readonly times: Script['times']
  readonly witness: Witness
  readonly jobOf: (jobId: string) => SimJob
  /** What the handler of this job adds. */
  readonly addedBy: (jobId: string) => readonly SimJob[]
  /** A job that it had asked for may run here now. */
  readonly onReady: (jobId: string) => void
  /** It cannot go on with the queue, as its program hears. */
  readonly onStopped: (error: InterlockError) => void
}

/** One process: a coordinator, a worker and a workflow manager beside it, as a program would have them. */
export class SimProcess implements Line {
  readonly name: string
  readonly dice: Dice
  readonly options: ProcessOptions
  isAlive = true
  isClosing = false
  blockedUntil = 0
  cutUntil = 0
  muteUntil = 0
  coordinator: Coordinator | undefined
  manager: WorkflowManager | undefined
  #worker: JobWorker | undefined
  /** What tells the programs that were let through that their lease is gone. */
  readonly #stops = new Set<() => void>()
  /** Tokens that a program here has run under: of several that were let through with one start, one runs the job. */
  readonly #taken = new Set<string>()

  constructor(options: ProcessOptions) {
    const { number, life, seed } = options
    this.options = options
    this.name = `p${number}.${life}`
    this.dice = new Dice(seed, this.name)
  }

  /** Joins the queue; a program whose database is away tries again, as the one who starts it would. */
  async start(): Promise<void> {
    while (this.isAlive && this.coordinator === undefined) {
      try {
        const store = remoteStore(this, this.options.network)
        this.coordinator = await createCoordinator({
          store,
          name: `p${this.options.number}`,
          logger: silentLogger,
          ...TIMES,
          ...this.options.times,
        })
      } catch {
        await this.pause(300)
      }
    }
    if (this.coordinator !== undefined) this.#go(this.coordinator)
  }

  #go(coordinator: Coordinator): void {
    const { member, onReady, onStopped } = this.options
    coordinator.stopped$.subscribe(onStopped)
    coordinator.leaseLost$.subscribe(() => {
      for (const stop of [...this.#stops]) stop()
    })
    this.manager = createWorkflowManager({
      coordinator,
      attempts: 30,
      retry: { baseMs: 100, maxMs: 500 },
      runStep: (_, { executionId, index, attempt, signal, lease }) =>
        this.#step(executionId, index, attempt, signal, lease),
    })
    if (member.observes) coordinator.ready$.subscribe(({ lease }) => onReady(lease.jobId))
    if (member.slots === 0) return
    this.#worker = createJobWorker({
      coordinator,
      concurrency: member.slots,
      ...(member.serves && { serves: member.serves }),
      ...(member.keeps && { keeps: member.keeps }),
      retry: { baseMs: 100, maxMs: 500 },
      handlers: {
        normal: this.#handler(member.batch),
        workflow: this.manager.handler,
      },
      onError: () => {},
    })
    this.#worker.start()
  }

  /** As a release of the service does when it starts; what it is answered, nobody waits for. */
  declare(schedules: readonly SimSchedule[], revision: number): void {
    const declared = schedules
      .filter((_, i) => (i + revision) % 3 !== 0)
      .map(({ id, every, model, overlap }) => {
        return { id, every, overlap, job: { models: [model], priority: revision } }
      })
    this.run(() => void this.coordinator?.schedules('service', declared, { revision }).catch(() => {}))
  }

  /** What it is answered, nobody waits for. */
  pauseModel(model: string, ms: number): void {
    this.run(() => {
      const until = new Date(Date.now() + ms)
      void this.coordinator?.pauseModel(model, { reason: 'simulated', until }).catch(() => {})
    })
  }

  /** Everything of it stops at once. */
  kill(): void {
    this.isAlive = false
    this.options.witness.gone(this)
  }

  async close(): Promise<void> {
    this.isClosing = true
    await this.#worker?.drain({ timeoutMs: 200, stopMs: 50 })
    await this.coordinator?.close()
  }

  /** In this process, so that it stops with it. */
  run(work: () => void): void {
    here.run(this, work)
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.options.network.timeline.later(ms, this, resolve))
  }

  /** What a program does that was let through at the gate, or on `ready$`: runs the job, and tells of its end. */
  async runLetThrough(lease: Lease): Promise<void> {
    const { coordinator } = this
    const { witness, jobOf } = this.options
    const token = `${lease.epoch}:${lease.fencingToken}`
    const attempt = coordinator?.attempt(lease)
    // Lost, or ended, before the program came to it.
    if (coordinator === undefined || attempt === undefined || this.#taken.has(token)) return
    this.#taken.add(token)
    const job = jobOf(lease.jobId)
    const running = witness.begin(this, job, lease, attempt.spec.models)
    const stopped = new Promise<boolean>((resolve) => {
      const stop = () => {
        running.getsAnswers = true
        resolve(true)
      }
      this.#stops.add(stop)
      void this.pause(job.ms).then(() => {
        this.#stops.delete(stop)
        resolve(false)
      })
    })
    const isLost = await stopped
    witness.end(running)
    if (isLost) return
    const outcome = attempt.attempt <= job.fails ? 'failed' : 'completed'
    for (let tries = 0; tries < 20; tries++) {
      try {
        return await coordinator.onJobComplete(lease.jobId, 'normal', {
          fencingToken: lease.fencingToken,
          outcome,
          ...(job.used && { used: job.used }),
        })
      } catch {
        await this.pause(200)
        if (coordinator.attempt(lease) === undefined) return
      }
    }
  }

  #handler(size: number | undefined) {
    const handle = (job: Job, context: HandlerContext) => this.#handle(job, context)
    if (size === undefined) return handle
    return inBatch({ size }, async (jobs: readonly Job[], context) => {
      const ended = jobs.map((job) => handle(job, context.of(job)).catch((error: Error) => error))
      return new Map((await Promise.all(ended)).map((end, i) => [jobs[i]?.jobId ?? '', end]))
    })
  }

  async #handle({ jobId, attempt, models, places }: Job, context: HandlerContext): Promise<null> {
    const { witness, jobOf } = this.options
    const { fencingToken, epoch, fence, signal } = context
    const job = jobOf(jobId)
    const lease = { jobId, fencingToken, epoch, fence, places }
    witness.serves(this, lease, this.options.member.serves)
    const running = witness.begin(this, job, lease, models)
    await this.#addTo(running, context)
    if (job.gives === true) void this.#giveBack(running, context)
    await this.#work(running, signal)
    if (job.used !== undefined) context.used(job.used)
    const isToDie = job.dies === true && witness.livesOf(jobId) === 1
    if (attempt <= job.fails || isToDie) throw new Error(ON_PURPOSE)
    return null
  }

  /** It uses the model no more from the moment that it says so, whether or not that is heard. */
  async #giveBack(running: Running, { done, signal }: HandlerContext): Promise<void> {
    await this.pause(running.job.ms / 2)
    if (signal.aborted) return
    const [first = '', ...others] = running.models
    running.models = others
    await done(first).catch(() => {})
  }

  /** What it is refused, or gets no answer to, it fails with. */
  async #addTo(running: Running, context: HandlerContext): Promise<void> {
    const { addedBy, witness } = this.options
    const added = addedBy(running.job.id)
    if (added.length === 0) return
    for (const job of added) witness.asks(job)
    // Told to stop, it does nothing more than to wait for this answer.
    context.signal.addEventListener('abort', () => witness.end(running))
    await context.add(added.map(inputOf)).catch((error: unknown) => {
      witness.end(running)
      throw error
    })
  }

  /** Steps of one attempt share its token: only the first of them is its beginning. */
  async #step(
    jobId: string,
    index: number,
    attempt: number,
    signal: AbortSignal,
    lease: Lease | null,
  ): Promise<number> {
    const { witness, jobOf } = this.options
    const job = jobOf(jobId)
    if (lease === null) throw new Error('a simulated workflow has models')
    const models = job.hold === 'step' ? [job.steps?.[index] ?? ''] : job.models
    const running = witness.begin(this, job, lease, models, index)
    await this.#work(running, signal)
    if (index === 0 && attempt <= job.fails) throw new Error(ON_PURPOSE)
    return index
  }

  async #work(running: Running, signal: AbortSignal): Promise<void> {
    const stop = Promise.withResolvers<void>()
    const onAbort = () => {
      running.getsAnswers = true
      stop.resolve()
    }
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort)
    await Promise.race([this.pause(running.job.ms), stop.promise])
    this.options.witness.end(running)
    signal.throwIfAborted()
  }
}
