import type { Subscription } from 'rxjs'
import type { Coordinator } from '../../coordinator/index.ts'
import { type Claim, isInterlockError, type Started } from '../../core/index.ts'

export interface RunWorkerOptions {
  readonly coordinator: Coordinator
  /** Of the run: the worker takes nothing else. */
  readonly kind: string
  /** How long each job keeps its models, in milliseconds. */
  readonly sleepMs: ReadonlyMap<string, number>
  /** Jobs at once in this process. */
  readonly slots: number
  /** Something that no waiting cures: the run cannot go on here. */
  readonly onError: (error: unknown) => void
}

/** Works off a run: takes what may start, sleeps as long as the file says, and hands on. */
export class RunWorker {
  readonly #options: RunWorkerOptions
  readonly #running = new Map<string, { readonly attempt: Started; readonly timer: NodeJS.Timeout }>()
  readonly #underWay = new Set<Promise<void>>()
  readonly #watch: Subscription
  /** Slots that are neither used nor promised to a command under way. */
  #free: number
  #claiming = false
  #claimAgain = false
  #stopped = false

  constructor(options: RunWorkerOptions) {
    this.#options = options
    this.#free = options.slots
    const { coordinator, kind } = options
    coordinator.offering([kind], options.slots)
    this.#watch = coordinator.wake$.subscribe(() => this.#claim())
    this.#watch.add(coordinator.leaseLost$.subscribe(() => this.#forgetAll()))
    this.#watch.add(
      coordinator.events$.subscribe((event) => {
        if (event.type === 'cancel_requested') this.#cancel(event.jobId)
      }),
    )
    this.#claim()
  }

  /** Starts nothing more and gives back what runs: it costs those jobs no attempt. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#watch.unsubscribe()
    const { coordinator } = this.#options
    for (const { attempt, timer } of this.#running.values()) {
      clearTimeout(timer)
      this.#track(coordinator.release(attempt.lease, 'drained'))
    }
    this.#running.clear()
    await Promise.all(this.#underWay)
  }

  /** Takes what is startable by now; a hint that comes meanwhile is followed afterwards. */
  #claim(): void {
    this.#claimAgain = true
    if (this.#claiming || this.#stopped || this.#free === 0) return
    this.#claiming = true
    this.#claimAgain = false
    this.#track(
      this.#withSlots(0, (claim) => this.#options.coordinator.claim(claim)).then(() => {
        this.#claiming = false
        if (this.#claimAgain) this.#claim()
      }),
    )
  }

  #begin(attempt: Started): void {
    const { jobId } = attempt.lease
    // A timer that fires early would let a schedule look better than it is; one that is late costs under 1 ms.
    const ms = Math.ceil(this.#options.sleepMs.get(jobId) ?? 0)
    const timer = setTimeout(() => this.#end(jobId, 'complete'), ms)
    this.#running.set(jobId, { attempt, timer })
  }

  /** The end of a job takes the next one in the same append: a hand-off is one commit. */
  #end(jobId: string, how: 'complete' | 'confirmCancel'): void {
    const running = this.#running.get(jobId)
    if (running === undefined) return
    this.#running.delete(jobId)
    const { coordinator } = this.#options
    this.#track(this.#withSlots(1, (claim) => coordinator[how](running.attempt.lease, { claim })))
  }

  #cancel(jobId: string): void {
    clearTimeout(this.#running.get(jobId)?.timer)
    this.#end(jobId, 'confirmCancel')
  }

  /** Promises all free slots (and those just given back) to one command; what it does not use is free again. */
  async #withSlots(back: number, send: (claim: Claim) => Promise<readonly Started[]>): Promise<void> {
    const max = this.#free + back
    this.#free = 0
    let used = 0
    try {
      const started = await send({ max: this.#stopped ? 0 : max, kinds: [this.#options.kind] })
      used = started.length
      for (const attempt of started) this.#take(attempt)
    } catch (error) {
      if (!isOver(error)) throw error
    } finally {
      this.#free += max - used
      this.#options.coordinator.offering([this.#options.kind], this.#free)
    }
    if (this.#claimAgain) this.#claim()
  }

  #take(attempt: Started): void {
    if (this.#stopped) this.#track(this.#options.coordinator.release(attempt.lease, 'drained'))
    else this.#begin(attempt)
  }

  /** The lease is gone: others have these jobs by now. */
  #forgetAll(): void {
    for (const { timer } of this.#running.values()) clearTimeout(timer)
    this.#free += this.#running.size
    this.#running.clear()
    this.#claim()
  }

  #track(work: Promise<unknown>): void {
    const tracked = work.then(
      () => {},
      (error: unknown) => {
        if (!isOver(error)) this.#options.onError(error)
      },
    )
    this.#underWay.add(tracked)
    void tracked.finally(() => this.#underWay.delete(tracked))
  }
}

/** The attempt is not ours any more; whoever has it now goes on with it. */
const isOver = (error: unknown): boolean =>
  isInterlockError(error, 'job_not_active') || isInterlockError(error, 'stale_token')
