import type { Micros, QueueChange, Started } from '../core/index.ts'
import { type WaitCause, type WaitPart, WaitSplitter } from '../insight/index.ts'
import type { FollowedQueue } from '../port/index.ts'

/** Of one wait. OpenTelemetry keeps 128 of a span. */
const MOST_PARTS = 64

/** A wait that is over: what the job waited for, part by part. */
export interface Waited {
  readonly from: Micros
  readonly to: Micros
  /** Until when nobody here has seen it: the process joined later. `from` where it has seen all. */
  readonly seenFrom: Micros
  /** In order; the first 64. */
  readonly parts: readonly WaitPart[]
  readonly byCause: Readonly<Partial<Record<WaitCause, Micros>>>
}

/**
 * What the jobs of a queue wait for while this process follows it, so that it can tell for those that it starts. Nothing is written and
 * nothing is read for it.
 */
export class WaitTrail {
  readonly #queue: FollowedQueue
  #splitter = this.#newSplitter()
  readonly #parts = new Map<string, WaitPart[]>()
  /** Of jobs that waited before this process followed: since when. */
  readonly #since = new Map<string, Micros>()
  /** Waits of attempts of this process that have not been told. */
  readonly #over = new Map<string, Waited & { readonly token: number }>()
  #closing: { readonly token: number; readonly isOurs: boolean } | undefined

  constructor(queue: FollowedQueue) {
    this.#queue = queue
    this.#begin()
    queue.follow((change) => this.#see(change))
  }

  /** The wait that this start has ended, once; undefined: it is not known. */
  take({ lease }: Started): Waited | undefined {
    const waited = this.#over.get(lease.jobId)
    if (waited?.token !== lease.fencingToken) return undefined
    this.#over.delete(lease.jobId)
    return waited
  }

  #begin(): void {
    const ledger = this.#queue.ledger()
    this.#splitter = this.#newSplitter()
    for (const known of [this.#parts, this.#since, this.#over]) known.clear()
    for (const job of ledger.jobs) if (!job.active) this.#since.set(job.jobId, job.waitingSince)
    this.#splitter.begin(ledger, this.#queue.now())
  }

  #see({ events, ledger, touched }: QueueChange): void {
    const last = events.at(-1)
    // It has gone on from a snapshot: nobody knows what happened up to there.
    if (last === undefined) return this.#begin()
    for (const event of events) {
      if (event.type === 'started') {
        this.#closing = { token: event.seq, isOurs: event.workerId === this.#queue.workerId() }
      } else if ('token' in event) this.#over.delete(event.jobId)
      this.#splitter.note(event)
      this.#closing = undefined
    }
    this.#splitter.look(ledger, touched, last.at)
    // Sums over everything, which a process that runs for months would keep.
    for (const sum of [this.#splitter.byJob, this.#splitter.byModel]) sum.clear()
  }

  #newSplitter(): WaitSplitter {
    return new WaitSplitter(
      ({ jobId, from, to, parts: byCause }) => {
        if (this.#closing?.isOurs === true) {
          const since = this.#since.get(jobId) ?? from
          const parts = this.#parts.get(jobId) ?? []
          const waited = { from: Math.min(since, from), to, seenFrom: from, parts, byCause }
          this.#over.set(jobId, { ...waited, token: this.#closing.token })
        }
        this.#parts.delete(jobId)
        this.#since.delete(jobId)
      },
      (part) => this.#add(part),
    )
  }

  #add(part: WaitPart): void {
    const parts = this.#parts.get(part.jobId)
    const last = parts?.at(-1)
    if (parts === undefined || last === undefined) this.#parts.set(part.jobId, [part])
    else if (isSame(last, part)) parts[parts.length - 1] = { ...last, to: part.to }
    else if (parts.length < MOST_PARTS) parts.push(part)
  }
}

const isSame = (a: WaitPart, b: WaitPart): boolean =>
  a.code === b.code && a.model === b.model && a.blockedBy === b.blockedBy && a.to === b.from
