import { type Observable, Subject } from 'rxjs'
import { endsAttempt, InterlockError, type RecordedEvent, type Started } from '../../core/index.ts'
import type { StartReason } from '../membership/member-api.ts'
import type { OwnStarts } from '../membership/own-starts.ts'

/** One call at the gate, from before it asks until it is answered. A start of its job that arrives meanwhile is for this call. */
export class GateCall {
  /** False while it asks: until then, what happens to an earlier life of the job does not concern it. */
  stands = false
  readonly jobId: string
  /** The caller runs the job itself, so it must not share the start with another part of the program. */
  readonly isSole: boolean
  readonly #answer = Promise.withResolvers<Started>()
  #isAnswered = false

  constructor(jobId: string, isSole: boolean) {
    this.jobId = jobId
    this.isSole = isSole
    // The promise may be rejected before anybody listens.
    this.#answer.promise.catch(() => {})
  }

  /** The start, once there is one. @throws the reason why there will be none */
  get started(): Promise<Started> {
    return this.#answer.promise
  }

  /** It has the start, or the reason why there will be none. */
  get isAnswered(): boolean {
    return this.#isAnswered
  }

  hand(attempt: Started): void {
    this.#isAnswered = true
    this.#answer.resolve(attempt)
  }

  refuse(error: unknown): void {
    this.#isAnswered = true
    this.#answer.reject(error)
  }
}

function activeHere(jobId: string): InterlockError {
  return new InterlockError('not_holder', `job ${jobId} is active in this process already`, { jobId })
}

/**
 * Who has a start in this process, and so runs the job or gives it back:
 *
 * - `calls`: calls at the gate, which share it; `sole`: one call that runs the job itself
 * - `claim`: the worker or program whose claim led to it
 * - `ready`: the program that subscribes to `ready$`, until it takes the start
 * - `line`: nobody wants it, so it goes back
 */
type StartOwner = 'calls' | 'sole' | 'claim' | 'ready' | 'line'

/** The owner of each attempt that was started for this process, from its arrival to its end. An attempt gets an owner once. */
class Owners {
  readonly #owned = new Map<number, { readonly owner: StartOwner; readonly attempt: Started }>()

  of({ lease }: Started): StartOwner | undefined {
    return this.#owned.get(lease.fencingToken)?.owner
  }

  set(attempt: Started, owner: StartOwner): void {
    this.#owned.set(attempt.lease.fencingToken, { owner, attempt })
  }

  all(wanted: StartOwner): readonly Started[] {
    return [...this.#owned.values()].flatMap(({ owner, attempt }) => (owner === wanted ? [attempt] : []))
  }

  /** Attempts that have ended have no owner. */
  see(event: RecordedEvent): void {
    if (endsAttempt(event) && event.token !== null) this.#owned.delete(event.token)
  }

  /** The lease under which they were started is lost: other processes have them by now, or soon. */
  clear(): void {
    this.#owned.clear()
  }
}

/** How long a start may stay unacknowledged after it came on `ready$`, before it is given back. */
const ACKNOWLEDGE_MS = 5_000

/** Gives back a start that nobody here wants any more. */
interface GivesBack {
  giveBack(attempt: Started): Promise<void>
}

/** Gives every start for this process its owner. */
export class StartRouter {
  readonly owners = new Owners()
  readonly #starts: Pick<OwnStarts, 'holdOn' | 'offer'>
  readonly #gate: GivesBack
  readonly #calls = new Map<string, Set<GateCall>>()
  /** Jobs that this process has asked for and was refused so far, each with the worker id that asked. */
  readonly #asked = new Map<string, string>()
  /** By job, when to give back a start that came on `ready$`. */
  readonly #lapses = new Map<string, NodeJS.Timeout>()
  readonly #ready = new Subject<Started>()
  #over: InterlockError | undefined

  constructor(starts: Pick<OwnStarts, 'holdOn' | 'offer'>, gate: GivesBack) {
    this.#starts = starts
    this.#gate = gate
  }

  /** Starts of jobs that were refused before. They are emitted only while there is a subscriber. */
  get ready$(): Observable<Started> {
    return this.#ready.asObservable()
  }

  get isObserved(): boolean {
    return this.#ready.observed
  }

  get isWaiting(): boolean {
    return this.#calls.size > 0
  }

  /** Why no more jobs are let through. */
  get over(): InterlockError | undefined {
    return this.#over
  }

  /** Jobs whose start a caller here would take. */
  get wanted(): readonly string[] {
    return [...this.#asked.keys()].filter((jobId) => this.isObserved || this.#calls.has(jobId))
  }

  /** The worker id under which this job was asked for. */
  askedAs(jobId: string): string | undefined {
    return this.#asked.get(jobId)
  }

  ask(jobId: string, workerId: string): void {
    this.#asked.set(jobId, workerId)
  }

  /** A call comes. It stays until it leaves or has its answer. */
  join(jobId: string, isSole: boolean): GateCall {
    const call = new GateCall(jobId, isSole)
    const calls = this.#calls.get(jobId) ?? new Set()
    this.#calls.set(jobId, calls.add(call))
    return call
  }

  /** The call leaves. True if it was here, and was the last one for its job. */
  leave(call: GateCall): boolean {
    const calls = this.#calls.get(call.jobId)
    if (calls?.delete(call) !== true || calls.size > 0) return false
    return this.#calls.delete(call.jobId)
  }

  /** Nobody asks for the job any more, unless a call has come meanwhile. */
  forget(jobId: string): void {
    if (!this.#calls.has(jobId)) this.#asked.delete(jobId)
  }

  /**
   * A start for this process has arrived, by any way. Its owner is a call for its job (first the one that asked just now), else
   * `ready$` if the job was asked for, else the claim that led to it, else a claim under way that takes it, else the line. A start that arrived before keeps its owner.
   * If its lease is lost it has none: it ends with the lease. If the state of its lease is unknown, nobody may run it: it goes
   * back.
   * @returns true if it belongs to the sender of the command that led to it
   */
  receive(attempt: Started, requester: StartReason): boolean {
    const hold = this.#starts.holdOn(attempt.lease)
    if (hold === 'none') return false
    const owner = this.owners.of(attempt)
    if (owner !== undefined) {
      if (requester instanceof GateCall) this.#join(attempt, owner, requester)
      return false
    }
    const first = hold === 'unsure' ? 'line' : this.#chosen(attempt, requester)
    if (first === 'line' && hold === 'held' && this.#over === undefined && this.#starts.offer(attempt)) {
      this.owners.set(attempt, 'claim')
      return false
    }
    if (first instanceof GateCall) this.#letThrough(attempt, first)
    else if (first === 'ready') this.#announce(attempt)
    else this.owners.set(attempt, first)
    if (first === 'line') void this.#gate.giveBack(attempt)
    return first === 'claim' || first === requester
  }

  /** The program has taken the start up. */
  acknowledge(jobId: string): void {
    clearTimeout(this.#lapses.get(jobId))
    if (!this.#lapses.delete(jobId)) return
    for (const attempt of this.owners.all('ready'))
      if (attempt.lease.jobId === jobId) this.owners.set(attempt, 'calls')
  }

  /** The callers who wait for this job will not get it. */
  refuse(jobId: string, error: InterlockError): void {
    for (const call of [...(this.#calls.get(jobId) ?? [])].filter(({ stands }) => stands)) {
      this.leave(call)
      call.refuse(error)
    }
    this.forget(jobId)
  }

  /** The lease is lost: no start under it belongs to a caller here any more. */
  loseAll(): void {
    for (const lapse of this.#lapses.values()) clearTimeout(lapse)
    this.#lapses.clear()
    this.owners.clear()
  }

  /** Lets no more jobs through, and tells all callers. @returns the jobs asked for, and the starts that nobody took */
  end(error: InterlockError): { readonly asked: readonly string[]; readonly started: readonly Started[] } {
    this.#over ??= error
    const asked = [...this.#asked.keys()]
    const started = this.owners.all('ready')
    for (const { lease } of started) this.acknowledge(lease.jobId)
    for (const call of [...this.#calls.values()].flatMap((calls) => [...calls])) call.refuse(this.#over)
    this.#calls.clear()
    this.#ready.complete()
    return { asked, started }
  }

  #chosen(
    { lease: { jobId } }: Started,
    requester: StartReason,
  ): GateCall | Exclude<StartOwner, 'calls' | 'sole'> {
    if (this.#over !== undefined) return 'line'
    const calls = this.#calls.get(jobId) ?? new Set()
    if (requester instanceof GateCall && calls.has(requester)) return requester
    const [first] = calls
    if (first !== undefined) return first
    if (this.#asked.has(jobId) && this.isObserved) return 'ready'
    return requester === 'claim' ? 'claim' : 'line'
  }

  /** Other calls for the job share the start, unless one of them runs it alone. */
  #letThrough(attempt: Started, first: GateCall): void {
    const { jobId } = first
    const others = [...(this.#calls.get(jobId) ?? [])].filter((call) => call !== first)
    const owner = first.isSole ? 'sole' : 'calls'
    this.owners.set(attempt, owner)
    this.#calls.delete(jobId)
    this.forget(jobId)
    first.hand(attempt)
    for (const call of others) this.#join(attempt, owner, call)
  }

  /** A call comes for a start that has an owner. If the start is on its way back, the call waits: the job is in line again soon. */
  #join(attempt: Started, owner: StartOwner, call: GateCall): void {
    if (owner === 'line') return
    this.leave(call)
    if (owner === 'ready') {
      this.acknowledge(call.jobId)
      this.owners.set(attempt, call.isSole ? 'sole' : 'calls')
    } else if (owner !== 'calls' || call.isSole) return call.refuse(activeHere(call.jobId))
    call.hand(attempt)
  }

  #announce(attempt: Started): void {
    const { jobId } = attempt.lease
    this.owners.set(attempt, 'ready')
    this.forget(jobId)
    const lapse = () => {
      this.#lapses.delete(jobId)
      this.owners.set(attempt, 'line')
      void this.#gate.giveBack(attempt)
    }
    this.#lapses.set(jobId, setTimeout(lapse, ACKNOWLEDGE_MS).unref())
    this.#ready.next(attempt)
  }
}
