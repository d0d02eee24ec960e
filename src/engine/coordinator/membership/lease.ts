import { InterlockError, type Micros } from '../../core/index.ts'
import type { AppendAnswer, BeatAnswer, MembershipRole, WorkerBeat } from '../../store/index.ts'
import { SingleFlight } from '../base/concurrency.ts'
import { pause, retryAfterOf } from '../base/retry.ts'

/** `ttlMs`: time to live without a beat; one is sent every third of it, or every 6 s. `graceMs`: the grace after that. */
export interface LeaseOptions extends Pick<WorkerBeat, 'queue' | 'ttlMs' | 'graceMs' | 'release'> {
  readonly store: Pick<MembershipRole, 'beat' | 'leave'>
}

/** The present incarnation of a process, as its lease sees it. */
export interface LeaseHolder {
  readonly workerId: string
  /** Its lease is lost. */
  lose(): void
}

/** The process that beats, as its lease sees it. */
export interface BeatingProcess {
  /** How far it has folded the log. */
  readonly log: { readonly version: number }
  readonly failures: {
    note(error: unknown, doing: 'beat'): void
    beatWentWell(): void
  }
  /** The store has answered a beat. @param known up to this version the process had folded the log when it sent it */
  renewed(answer: BeatAnswer, known: number): void
}

/** What this process could start, as other processes see it. */
export type Capacity = Pick<WorkerBeat, 'kinds' | 'freeSlots'>

/**
 * The shortest pause before a failed beat is sent again, in milliseconds. It doubles each time: while there is a lease to lose, up to
 * the longest; then until the next beat is due earlier.
 */
const AGAIN = { leastMs: 250, mostMs: 1_000 }

/**
 * Keeps the one lease of this process alive, for all its jobs. It takes the lease to be lost a little before the database does,
 * by its own monotonic clock, counted from when the last good beat was sent. So a process that can run has told its handlers to
 * stop before others may start their jobs, even if it cannot reach the database.
 */
export class LeaseKeeper {
  readonly #options: LeaseOptions
  readonly #holder: LeaseHolder
  readonly #process: BeatingProcess
  readonly #times: BeatTimes
  #timer: NodeJS.Timeout | undefined
  #fence: NodeJS.Timeout | undefined
  #again: NodeJS.Timeout | undefined
  /** Beats in a row that have failed. */
  #failed = 0
  #isOver = false
  /** Beats of the present incarnation. */
  #beats: SingleFlight
  #expiresAt: Micros = 0
  #reads = 0
  /** When the lease ends, by the monotonic clock of this process. */
  #until = Number.POSITIVE_INFINITY
  /** The incarnation that a beat last found alive, and the last one whose lease was lost. */
  #aliveAs: string | undefined
  #lostAs: string | undefined
  /** When the last good beat was sent. */
  #aliveAt = Number.NEGATIVE_INFINITY
  /** When the append that is under way was sent, if beats go along with appends and one is. */
  #appendSent = Number.NEGATIVE_INFINITY
  readonly #behind: LeftBehind
  #capacity: Capacity = { kinds: [], freeSlots: 0 }

  constructor(options: LeaseOptions, holder: LeaseHolder, process: BeatingProcess) {
    this.#options = options
    this.#holder = holder
    this.#process = process
    this.#times = leaseTimes(options.ttlMs)
    this.#behind = new LeftBehind(options)
    this.#beats = this.#newBeats()
  }

  get capacity(): Capacity {
    return this.#capacity
  }

  /** The first worker of a process is told at once: others leave jobs to it. Later, the next beat tells what it could start. */
  offer(capacity: Capacity): void {
    const begins = this.#capacity.kinds?.length === 0 && capacity.kinds?.length !== 0
    this.#capacity = capacity
    if (begins && this.isRegistered) void this.beat()
  }

  get expiresAt(): Micros {
    return this.#expiresAt
  }

  /** The newest shape of events that every live process of the queue read at the last beat; 0: the store does not say it. */
  get reads(): number {
    return this.#reads
  }

  /** True from the loss of the lease until the next incarnation is registered. */
  get lost(): boolean {
    return this.#lostAs !== undefined && !this.isRegistered
  }

  /** True once the store has said that this incarnation is alive. */
  get isRegistered(): boolean {
    return this.#aliveAs === this.#workerId
  }

  /** The first beat, which registers the process; then one every third of the ttl. @throws what the store throws */
  async start(): Promise<BeatAnswer> {
    const answer = await this.#beat()
    clearInterval(this.#timer)
    this.#isOver = false
    this.#timer = setInterval(() => this.#whenDue(), this.#times.everyMs)
    return answer
  }

  /**
   * Sends a beat out of turn, or joins the one under way. Never throws: if it fails, the failure is reported, and another beat
   * follows soon. A beat without an answer is given up when the next is due: a dead connection must not cost the lease.
   */
  beat(): Promise<void> {
    return this.#beats.join()
  }

  /** Sends one beat now. @throws what the store throws */
  async confirm(): Promise<void> {
    await this.#beat()
  }

  /** Goes on as a new incarnation after the lease was lost. The answers to beats under way are for the old one. */
  renew(): Promise<void> {
    this.#beats = this.#newBeats()
    return this.beat()
  }

  /**
   * Call it before you begin something under the lease. After a pause of the event loop, messages may be handled before the timer
   * that ends the lease.
   */
  check(): void {
    if (this.isRegistered && performance.now() >= this.#until) this.declareLost()
  }

  declareLost(): void {
    if (this.#lostAs === this.#workerId) return
    clearTimeout(this.#fence)
    this.#lostAs = this.#workerId
    this.#aliveAs = undefined
    if (performance.now() >= this.#until) this.#behind.add(this.#workerId, this.#until + this.#times.marginMs)
    this.#holder.lose()
  }

  /** The process is over: it sends no more beats and gets no other incarnation. */
  abandon(): void {
    this.#rest()
    this.declareLost()
  }

  async stop(): Promise<void> {
    this.#rest()
    clearTimeout(this.#fence)
    await this.#beats.idle()
    if (this.#lostAs !== this.#workerId) await this.#options.store.leave(this.#options.queue, this.#workerId)
  }

  /**
   * Sends an append, with a beat along if one would be due soon. While it is under way no beat goes out by itself, until the append is as old
   * as a beat may become.
   */
  async along(append: (beat?: WorkerBeat) => Promise<AppendAnswer>): Promise<AppendAnswer> {
    const sent = performance.now()
    const isDue = this.isRegistered && !this.#isOver && sent - this.#aliveAt > this.#times.alongMs
    const beat = isDue ? this.#next() : undefined
    this.#appendSent = sent
    try {
      const answer = await append(beat)
      if (beat !== undefined && answer.ok && answer.beat !== undefined)
        this.#cameAlong(answer.beat, beat.workerId, sent)
      return answer
    } finally {
      this.#appendSent = Number.NEGATIVE_INFINITY
    }
  }

  /** So the next one is due later. */
  #cameAlong(answer: BeatAnswer, workerId: string, sent: number): void {
    clearTimeout(this.#again)
    if (!this.#isOver) this.#timer?.refresh()
    this.#take(answer, workerId, sent, 0)
  }

  #whenDue(): void {
    const restMs = this.#appendSent + this.#times.everyMs - performance.now()
    if (restMs <= 0) return void this.beat()
    clearTimeout(this.#again)
    this.#again = setTimeout(() => this.#whenDue(), restMs)
  }

  async #beat(): Promise<BeatAnswer> {
    const beat = this.#next()
    const known = this.#process.log.version
    const sent = performance.now()
    const answer = await this.#options.store.beat(beat)
    this.#take(answer, beat.workerId, sent, known)
    return answer
  }

  #next(): WorkerBeat {
    const { queue, ttlMs, graceMs, release } = this.#options
    return { queue, workerId: this.#workerId, ...this.#capacity, release, ttlMs, graceMs }
  }

  #take(answer: BeatAnswer, workerId: string, sent: number, known: number): void {
    this.#failed = 0
    this.#process.failures.beatWentWell()
    this.#reads = answer.reads ?? 0
    if (workerId === this.#workerId) this.#takeOwn(answer, sent)
    void this.#behind.leave()
    this.#process.renewed(answer, known)
  }

  get #workerId(): string {
    return this.#holder.workerId
  }

  #newBeats(): SingleFlight {
    return new SingleFlight(
      () => {
        clearTimeout(this.#again)
        return this.#inTime(this.#beat())
      },
      (error) => this.#failedToBeat(error),
    )
  }

  #failedToBeat(error: unknown): void {
    this.#process.failures.note(error, 'beat')
    const doubled = AGAIN.leastMs * 2 ** this.#failed++
    const restMs = (this.isRegistered ? Math.min(doubled, AGAIN.mostMs) : doubled) * (1 + Math.random())
    const ms = Math.max(restMs, retryAfterOf(error))
    if (this.#isOver || ms >= this.#times.everyMs) return
    clearTimeout(this.#again)
    this.#again = setTimeout(() => void this.beat(), ms)
  }

  #rest(): void {
    this.#isOver = true
    clearInterval(this.#timer)
    clearTimeout(this.#again)
  }

  async #inTime(beat: Promise<unknown>): Promise<void> {
    const mostMs = this.#times.answerMs
    const answered = new AbortController()
    const late = pause(mostMs, answered.signal).then(() => {
      if (!answered.signal.aborted) throw unanswered(mostMs)
    })
    await Promise.race([beat, late]).finally(() => answered.abort())
  }

  /**
   * Answers may come late, after those of later beats. A process that was alive stays alive until a newer answer says otherwise.
   */
  #takeOwn({ alive, expiresAt }: BeatAnswer, sent: number): void {
    if (!alive) return this.declareLost()
    if (this.#lostAs === this.#workerId) return
    this.#aliveAs = this.#workerId
    this.#expiresAt = Math.max(this.#expiresAt, expiresAt)
    this.#aliveAt = Math.max(this.#aliveAt, sent)
    const { ttlMs } = this.#options
    this.#until = this.#aliveAt + ttlMs - this.#times.marginMs
    clearTimeout(this.#fence)
    this.#fence = setTimeout(() => this.declareLost(), Math.max(0, this.#until - performance.now())).unref()
  }
}

function unanswered(ms: number): InterlockError {
  return new InterlockError(
    'store_unavailable',
    `the database has not answered a heartbeat within ${Math.round(ms)} ms; the next one follows`,
  )
}

/** How much earlier than the database the process takes its lease to be lost: a part of the ttl, up to a limit. */
const MARGIN = { part: 0.1, mostMs: 1_000 }

/**
 * A beat is due every third of the ttl, and at least so often: how long an outage a lease outlives is what is left of it when the
 * outage begins.
 */
const BEAT = { part: 1 / 3, mostMs: 6_000 }

/** A beat goes along with an append from this part of that time on. */
const ALONG_PART = 0.5

/** A beat is answered or given up within this part of the time until the next one is due. */
const ANSWER_PART = 0.75

/** What follows from how long a lease lives without a beat; all in milliseconds. */
interface BeatTimes {
  /** From one beat to the next. */
  readonly everyMs: number
  /** The age of the last beat from which on the next one may go along with an append. */
  readonly alongMs: number
  /** How long an answer is waited for. */
  readonly answerMs: number
  readonly marginMs: number
}

function leaseTimes(ttlMs: number): BeatTimes {
  const everyMs = Math.min(ttlMs * BEAT.part, BEAT.mostMs)
  return {
    everyMs,
    alongMs: everyMs * ALONG_PART,
    answerMs: everyMs * ANSWER_PART,
    marginMs: Math.min(ttlMs * MARGIN.part, MARGIN.mostMs),
  }
}

interface LeftBehindOptions {
  readonly store: Pick<MembershipRole, 'leave'>
  readonly queue: string
  readonly graceMs: number
}

/**
 * The earlier incarnations of this process whose lease it took as lost by its own clock. The database may not know that: a lease is
 * given its whole time again by a server that has just begun to serve. Their handlers were told to stop, so once the grace has passed the
 * process says that it holds nothing under them any more, and its jobs can start again.
 */
class LeftBehind {
  readonly #options: LeftBehindOptions
  /** When the grace of each is over, by the monotonic clock of this process. */
  readonly #over = new Map<string, number>()

  constructor(options: LeftBehindOptions) {
    this.#options = options
  }

  /** @param endedAt when its lease would have ended in the database */
  add(workerId: string, endedAt: number): void {
    this.#over.set(workerId, endedAt + this.#options.graceMs)
  }

  /** Gives up what is due. Never throws: what fails is given up later, and the lease runs out by itself. */
  async leave(): Promise<void> {
    const { store, queue } = this.#options
    const now = performance.now()
    for (const [workerId, at] of [...this.#over]) {
      if (at > now) continue
      this.#over.delete(workerId)
      await store.leave(queue, workerId).catch(() => this.#over.set(workerId, at))
    }
  }
}
