import { type Observable, Subject } from 'rxjs'
import type { InterlockError, Started } from '../../core/index.ts'
import type { Hold, Taker } from '../membership/member-api.ts'
import { activeHere, GateCall, type Owner, Owners } from './owners.ts'

/** How long a start that came on `ready$` may stay unacknowledged before it is given back. */
const ACKNOWLEDGE_MS = 5_000

export interface StartRouterOptions {
  readonly holdOn: (attempt: Started) => Hold
  /** Returns an attempt to the line: nobody here wants it. */
  readonly giveBack: (attempt: Started) => void
}

/** Where every start that was granted to this process gets its owner. */
export class StartRouter {
  readonly owners = new Owners()
  readonly #options: StartRouterOptions
  readonly #calls = new Map<string, Set<GateCall>>()
  /** Jobs that this process has asked for, that were refused so far, and under which worker id it did. */
  readonly #asked = new Map<string, string>()
  /** When starts that came on `ready$` go back, by job. */
  readonly #lapses = new Map<string, NodeJS.Timeout>()
  readonly #ready = new Subject<Started>()
  #over: InterlockError | undefined

  constructor(options: StartRouterOptions) {
    this.#options = options
  }

  /** Starts of jobs that were refused before, while somebody subscribes. */
  get ready$(): Observable<Started> {
    return this.#ready.asObservable()
  }

  get isObserved(): boolean {
    return this.#ready.observed
  }

  get isWaiting(): boolean {
    return this.#calls.size > 0
  }

  /** Why nobody is let through any more. */
  get over(): InterlockError | undefined {
    return this.#over
  }

  /** Jobs whose start somebody here would take. */
  get wanted(): readonly string[] {
    return [...this.#asked.keys()].filter((jobId) => this.isObserved || this.#calls.has(jobId))
  }

  /** Under which worker id this job was asked for. */
  askedAs(jobId: string): string | undefined {
    return this.#asked.get(jobId)
  }

  ask(jobId: string, workerId: string): void {
    this.#asked.set(jobId, workerId)
  }

  /** A call comes; it is here until it leaves, or has its answer. */
  join(jobId: string, isSole: boolean): GateCall {
    const call = new GateCall(jobId, isSole)
    const calls = this.#calls.get(jobId) ?? new Set()
    this.#calls.set(jobId, calls.add(call))
    return call
  }

  /** The call is here no longer. True if it was, and nobody else is. */
  leave(call: GateCall): boolean {
    const calls = this.#calls.get(call.jobId)
    if (calls?.delete(call) !== true || calls.size > 0) return false
    return this.#calls.delete(call.jobId)
  }

  /** It is asked for no longer, unless somebody has come meanwhile. */
  forget(jobId: string): void {
    if (!this.#calls.has(jobId)) this.#asked.delete(jobId)
  }

  /**
   * A start of this process has arrived, by whatever way. It gets its owner: a call for its job (first the one that asked just
   * now), else `ready$` if the job was asked for, else the claim that it came of, else the line. Arrived before, it keeps the one it
   * has. One whose lease is lost has none: it ends with the lease. Under a lease of which nothing is known nobody may run it: it goes back.
   * @returns true if it belongs to whose command it came of
   */
  receive(attempt: Started, taker: Taker): boolean {
    const hold = this.#options.holdOn(attempt)
    if (hold === 'none') return false
    const owner = this.owners.of(attempt)
    if (owner !== undefined) {
      if (taker instanceof GateCall) this.#join(attempt, owner, taker)
      return false
    }
    const first = hold === 'unsure' ? 'line' : this.#chosen(attempt, taker)
    if (first instanceof GateCall) this.#letThrough(attempt, first)
    else if (first === 'ready') this.#announce(attempt)
    else this.owners.set(attempt, first)
    if (first === 'line') this.#options.giveBack(attempt)
    return first === 'claim' || first === taker
  }

  /** The program has taken the start up. */
  acknowledge(jobId: string): void {
    clearTimeout(this.#lapses.get(jobId))
    if (!this.#lapses.delete(jobId)) return
    for (const attempt of this.owners.all('ready'))
      if (attempt.lease.jobId === jobId) this.owners.set(attempt, 'calls')
  }

  /** Those who wait for this job wait in vain. */
  refuse(jobId: string, error: InterlockError): void {
    for (const call of [...(this.#calls.get(jobId) ?? [])].filter(({ stands }) => stands)) {
      this.leave(call)
      call.refuse(error)
    }
    this.forget(jobId)
  }

  /** Whatever was started under the lease that is lost now is nobody's here. */
  loseAll(): void {
    for (const lapse of this.#lapses.values()) clearTimeout(lapse)
    this.#lapses.clear()
    this.owners.clear()
  }

  /** Lets nobody through any more, and tells all who are here. @returns what was asked for, and what nobody has taken up */
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

  #chosen({ lease: { jobId } }: Started, taker: Taker): GateCall | Exclude<Owner, 'calls' | 'sole'> {
    if (this.#over !== undefined) return 'line'
    const calls = this.#calls.get(jobId) ?? new Set()
    if (taker instanceof GateCall && calls.has(taker)) return taker
    const [first] = calls
    if (first !== undefined) return first
    if (this.#asked.has(jobId) && this.isObserved) return 'ready'
    return taker === 'claim' ? 'claim' : 'line'
  }

  /** Who else is here for it shares it, unless one of them runs it alone. */
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

  /** A call comes to a start that has its owner. One on its way back it waits for: it is in line again soon. */
  #join(attempt: Started, owner: Owner, call: GateCall): void {
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
      this.#options.giveBack(attempt)
    }
    this.#lapses.set(jobId, setTimeout(lapse, ACKNOWLEDGE_MS).unref())
    this.#ready.next(attempt)
  }
}
