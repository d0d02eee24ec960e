import { endsAttempt, type Micros, outcomeOf, type RecordedEvent } from '../../core/index.ts'

/** The state of a run of a file. */
export type RunState = 'new' | 'unfinished' | 'finished'

/**
 * Reads off the log how far a run is: the same for what happened before this process came and for what happens now.
 *
 * A run begins with the first job of its kind that is queued more often than any before; it is finished when every job
 * has ended as often as the run's number. So nothing has to be remembered anywhere else: after a kill at whatever
 * moment (also in the middle of the enqueuing) the log says which jobs are still to be queued, and which to end.
 */
export class RunLog {
  readonly kind: string
  readonly #jobs: number
  readonly #timesQueued = new Map<string, number>()
  /** Live jobs of the run. */
  readonly #live = new Set<string>()
  readonly #active = new Set<string>()
  /** How often the file was run, this run included. */
  run = 0
  #firstStart: Micros = 0
  #lastEnd: Micros = 0
  /** Of this run, or of the last one if it is finished. */
  beginSeq = 0
  ended = 0
  completed = 0
  failed = 0
  maxConcurrent = 0
  events = 0

  constructor(kind: string, jobs: number) {
    this.kind = kind
    this.#jobs = jobs
  }

  get state(): RunState {
    if (this.run === 0) return 'new'
    return this.ended === this.#jobs ? 'finished' : 'unfinished'
  }

  /** The run that is under way, or the next one if none is. */
  get wanted(): number {
    return this.state === 'unfinished' ? this.run : this.run + 1
  }

  /** From the first start to the last end, by the times of the log. */
  get elapsedMs(): number {
    return Math.max(0, this.#lastEnd - this.#firstStart) / 1_000
  }

  /** Whether an unfinished run has this job in line already, or behind it. */
  hasQueued(jobId: string): boolean {
    return this.state === 'unfinished' && this.#timesQueued.get(jobId) === this.run
  }

  push(event: RecordedEvent): void {
    if (!('jobId' in event)) return
    if (event.type === 'queued' && event.spec.kind === this.kind) this.#queue(event)
    if (!this.#live.has(event.jobId)) return
    this.events++
    this.#follow(event)
  }

  #queue(event: RecordedEvent & { readonly type: 'queued' }): void {
    const times = (this.#timesQueued.get(event.jobId) ?? 0) + 1
    if (times > this.run) this.#begin(times, event.seq)
    this.#timesQueued.set(event.jobId, times)
    this.#live.add(event.jobId)
  }

  #begin(run: number, seq: number): void {
    this.run = run
    this.beginSeq = seq
    this.ended = this.completed = this.failed = this.maxConcurrent = this.events = 0
    this.#firstStart = this.#lastEnd = 0
  }

  #follow(event: RecordedEvent & { readonly jobId: string }): void {
    if (event.type === 'started') {
      this.#firstStart ||= event.at
      this.#active.add(event.jobId)
      this.maxConcurrent = Math.max(this.maxConcurrent, this.#active.size)
    }
    if (endsAttempt(event)) this.#active.delete(event.jobId)
    const outcome = outcomeOf(event)
    if (outcome !== null) this.#end(event, outcome === 'completed' ? 'completed' : 'failed')
  }

  #end(event: RecordedEvent & { readonly jobId: string }, outcome: 'completed' | 'failed'): void {
    this.#active.delete(event.jobId)
    this.#live.delete(event.jobId)
    this.#lastEnd = event.at
    this.ended++
    this[outcome]++
  }
}
