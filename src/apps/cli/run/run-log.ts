import { endsAttempt, type Micros, outcomeOf, type RecordedEvent } from '../../../engine/core/index.ts'

/** The state of a run of a file. */
export type RunState = 'new' | 'unfinished' | 'finished'

/**
 * Reads from the log how far a run has come: the same for what happened before this process started and for what happens now.
 *
 * A run begins when a job of its kind is queued more often than any other before. It is finished when every job has ended as
 * often as the number of the run. So nothing has to be stored anywhere else: after a kill at any moment, even while jobs are
 * being enqueued, the log says which jobs still have to be queued, and which have to end.
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
  /** The number of the event with which this run began, or the last one if that is finished. */
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

  /** True if an unfinished run has queued this job already, whether or not it has ended. */
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
