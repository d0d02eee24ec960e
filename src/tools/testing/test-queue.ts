import { setTimeout as pause } from 'node:timers/promises'
import {
  type Coordinator,
  type CoordinatorOf,
  createCoordinator,
  type Logger,
  silentLogger,
} from '../../engine/coordinator/index.ts'
import {
  type InterlockError,
  invalidInput,
  MICROS_PER_MS,
  type RecordedEvent,
} from '../../engine/core/index.ts'
import {
  checkCall,
  type EnqueueInput,
  type JobIn,
  type KindsOf,
  type KnownKinds,
  type PolicyInput,
  parsePolicy,
  type ResultIn,
} from '../../engine/events/index.ts'
import { type MemoryDatabase, memoryDatabase, memoryStore } from '../../engine/store/memory/index.ts'
import {
  createJobWorker,
  type HandlersFor,
  type JobFor,
  type JobWorker,
  type JobWorkerSettings,
} from '../../engine/worker/index.ts'
import { HandClock } from './hand-clock.ts'
import { StoreWatch } from './settle.ts'
import { type EnqueuedFilter, type EnqueuedJob, enqueuedIn, type TestedJob, testedJob } from './tested-job.ts'

const START = Date.UTC(2030, 0, 1)
const LEASE_MS = 30_000
const GRACE_MS = 5_000
/** Below what test runners wait. */
const PATIENCE_MS = 4_000
/** Times that `finish` goes to, at most: more means that something comes again for ever. */
const MOST_TIMES = 10_000

export interface TestQueueOptions {
  /** As `coordinator.setPolicy` takes it. Unless given one job runs at a time, as in every queue. */
  readonly policy?: PolicyInput | undefined
  /** What the clock says at first. Unless given 2030-01-01T00:00:00Z. */
  readonly now?: Date | undefined
  /** How long `drain` waits for handlers that run, in milliseconds of this machine; 4,000 unless given. */
  readonly patienceMs?: number | undefined
  /** Unless given nothing is logged. */
  readonly logger?: Logger | undefined
  /** What the kinds of the queue are given and come to: `defineQueue`. */
  readonly contract?: KnownKinds | undefined
}

/** The kinds that a contract names. */
type KindIn<Contract> = keyof KindsOf<Contract> & string

/** A queue in memory for the tests of your own handlers, with a clock that stands still until you set it. */
export interface TestQueue<Contract = undefined> extends AsyncDisposable {
  /** What your program is given: enqueue, cancel, pause and look through it. */
  readonly coordinator: CoordinatorOf<Contract>
  /** Starts a worker with these handlers, as `createJobWorker` does. Without `concurrency` it runs up to 10 jobs at once. */
  work<Made extends Readonly<Record<string, unknown>>>(
    handlers: HandlersFor<Contract, Made>,
    settings?: JobWorkerSettings,
  ): JobWorker<JobFor<Contract, Made>>
  /** The time of the queue. */
  now(): Date
  /** Puts one job in line, runs what may run now, and says how far the job has come. @throws InterlockError as `coordinator.enqueue`, `drain` */
  run<Kind extends KindIn<Contract> = never>(
    job: JobIn<KindsOf<Contract>>,
  ): Promise<TestedJob<ResultIn<KindsOf<Contract>, Kind>>>
  /**
   * Runs everything that may run at the present time, and what that enqueues, until nothing may.
   * @throws InterlockError `invalid_input` if handlers run for longer than `patienceMs`: it names them
   */
  drain(): Promise<void>
  /**
   * Sets the clock, and stops at each time in between at which something is due: retries, rates, timeouts, pauses that end. It does not wait
   * for handlers: call `drain` for that.
   * @param by milliseconds, or the time to go to
   * @throws InterlockError `invalid_input` if that is in the past
   */
  advance(by: number | Date): Promise<void>
  /**
   * Drains, and goes from one due time to the next until every job has ended or nothing is due any more.
   * @returns the jobs that have not ended: each says what it waits for
   */
  finish(): Promise<readonly TestedJob[]>
  /** How far a job has come. @throws InterlockError `job_not_live` if there never was one */
  job<Kind extends KindIn<Contract> = never>(
    jobId: string,
  ): Promise<TestedJob<ResultIn<KindsOf<Contract>, Kind>>>
  /** What was put in line, by the test and by handlers, in that order. */
  enqueued(filter?: EnqueuedFilter): Promise<readonly EnqueuedJob[]>
  /** As if this process had stood still for longer than its lease: its handlers are told to stop, and their jobs are tried again. */
  loseLease(): Promise<void>
  /** Ends the workers and the coordinator, and leaves nothing behind. Handlers that still run are told to stop. */
  close(): Promise<void>
}

/**
 * A queue in memory whose time you set: no server, no file, and nothing is left open after `close()`.
 * @throws InterlockError `invalid_input`
 * @example
 * await using queue = await testQueue({ policy: 'by-model' })
 * queue.work({ draw })
 * const { state, result } = await queue.run({ jobId: 'fox', kind: 'draw', models: ['flux-dev'] })
 */
export function testQueue<Contract = undefined>(
  options?: TestQueueOptions & { readonly contract?: Contract },
): Promise<TestQueue<Contract>>
export async function testQueue(options: TestQueueOptions = {}): Promise<TestQueue> {
  checkCall('testQueue', options)
  const { policy, now = new Date(START), patienceMs = PATIENCE_MS, logger = silentLogger, contract } = options
  if (policy !== undefined) parsePolicy(policy)
  const clock = new HandClock(now.getTime() * MICROS_PER_MS)
  const database = memoryDatabase(clock)
  const watch = new StoreWatch(memoryStore(database))
  const { store } = watch
  const coordinator = await createCoordinator({
    store,
    logger,
    leaseMs: LEASE_MS,
    graceMs: GRACE_MS,
    contract,
  })
  if (policy !== undefined) await coordinator.setPolicy(policy)
  return new QueueUnderTest({ clock, database, watch, coordinator, patienceMs })
}

interface Parts {
  readonly clock: HandClock
  readonly database: MemoryDatabase
  readonly watch: StoreWatch
  readonly coordinator: Coordinator
  readonly patienceMs: number
}

class QueueUnderTest implements TestQueue {
  readonly coordinator: Coordinator
  readonly #clock: HandClock
  readonly #database: MemoryDatabase
  readonly #watch: StoreWatch
  readonly #patienceMs: number
  readonly #workers: JobWorker[] = []
  readonly #events: RecordedEvent[] = []

  constructor({ clock, database, watch, coordinator, patienceMs }: Parts) {
    this.coordinator = coordinator
    this.#clock = clock
    this.#database = database
    this.#watch = watch
    this.#patienceMs = patienceMs
    coordinator.events$.subscribe((event) => this.#events.push(event))
  }

  work(handlers: object, settings: JobWorkerSettings = {}): JobWorker {
    const worker = createJobWorker({
      concurrency: 10,
      ...settings,
      coordinator: this.coordinator,
      handlers: handlers as HandlersFor<undefined, Readonly<Record<string, unknown>>>,
    })
    this.#workers.push(worker)
    worker.start()
    return worker
  }

  now(): Date {
    return new Date(this.#clock.now() / MICROS_PER_MS)
  }

  async run(job: EnqueueInput): Promise<TestedJob> {
    const [first] = this.#workers
    const { jobId } = await (first ?? this.coordinator).enqueue(job)
    await this.drain()
    return this.job(jobId)
  }

  async drain(): Promise<void> {
    const since = performance.now()
    for (;;) {
      await this.#watch.settled()
      if (this.#running === 0) return
      if (performance.now() - since > this.#patienceMs) throw this.#stillRunning()
      await pause(1)
    }
  }

  get #running(): number {
    return this.#workers.reduce((sum, worker) => sum + worker.metrics().running, 0)
  }

  #stillRunning(): InterlockError {
    const active = this.coordinator.state().active()
    const jobs = active.map(({ jobId, kind }) => `${jobId} (${kind})`).join(', ')
    return invalidInput(
      `drain: after ${this.#patienceMs / 1_000} s these jobs still run: ${jobs}. A handler waits in real time; if it waits for its timeout, call advance()`,
    )
  }

  async advance(by: number | Date): Promise<void> {
    checkCall('advance', by)
    const now = this.#clock.now()
    const aim = typeof by === 'number' ? now + Math.round(by * MICROS_PER_MS) : by.getTime() * MICROS_PER_MS
    if (aim < now)
      throw invalidInput(`advance: the clock says ${this.now().toISOString()} and never goes back`)
    await this.#watch.settled()
    for (let at = this.#clock.next; at !== undefined && at < aim; at = this.#clock.next) await this.#goTo(at)
    await this.#goTo(aim)
  }

  /** Leases go along with the clock: this process did not stand still. */
  async #goTo(at: number): Promise<void> {
    this.#database.since = Math.max(at, this.#clock.now())
    this.#clock.set(at)
    await this.#watch.settled()
  }

  async finish(): Promise<readonly TestedJob[]> {
    for (let times = 0; times < MOST_TIMES; times++) {
      await this.drain()
      const { activeCount, waitingCount } = this.coordinator.state()
      const at = this.#clock.next
      if (activeCount + waitingCount === 0 || at === undefined) return this.#left()
      await this.#goTo(at)
    }
    throw invalidInput(
      `finish: after ${MOST_TIMES} due times jobs are still due; call advance() for as long as you mean`,
    )
  }

  #left(): Promise<readonly TestedJob[]> {
    const { active, waiting } = this.coordinator.state()
    return Promise.all([...active(), ...waiting()].map(({ jobId }) => this.job(jobId)))
  }

  job(jobId: string): Promise<TestedJob> {
    return testedJob(this.coordinator, this.#events, jobId)
  }

  enqueued(filter: EnqueuedFilter = {}): Promise<readonly EnqueuedJob[]> {
    return enqueuedIn(this.coordinator, this.#events, filter)
  }

  async loseLease(): Promise<void> {
    await this.#watch.settled()
    const { epoch, active } = this.coordinator.state()
    const held = active().map(({ jobId, fencingToken }) => ({ jobId, fencingToken, epoch }))
    const beat = () => Promise.all(held.map((attempt) => this.coordinator.heartbeat(attempt)))
    await beat()
    this.#clock.set(this.#clock.now() + (LEASE_MS + GRACE_MS + 1_000) * MICROS_PER_MS)
    await beat()
    await this.#watch.settled()
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.drain({ timeoutMs: 0, stopMs: 0 })))
    await this.coordinator.close()
    await this.#watch.store.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
