import { type AttemptKey, type RecordedEvent, runningAttempt, type Started } from '../../core/index.ts'
import type { LogView } from '../replica/log-view.ts'
import type { Incarnation } from './incarnation.ts'
import type { Hold } from './member-api.ts'

export interface OwnStartsOptions {
  readonly log: LogView
  readonly incarnation: () => Pick<Incarnation, 'workerId' | 'lease'>
  /** Fires when the process leaves. */
  readonly signal: AbortSignal
  /** A job was started for this process, and no answer to one of its commands will say so. */
  readonly onStarted: (attempt: Started) => void
}

interface Start {
  readonly jobId: string
  readonly token: number
}

/** The starts for this process, each reported once: to the sender of the command that led to it, or else to `onStarted`. */
export class OwnStarts {
  readonly #options: OwnStartsOptions
  /** Own commands under way, by id, with what they have started here so far. */
  readonly #underWay = new Map<string, Start[]>()
  /** What answers have told of own attempts, and is not folded yet: that they run, or (null) have ended. By token. */
  readonly #ahead = new Map<number, { readonly jobId: string; readonly attempt: Started | null }>()

  constructor(options: OwnStartsOptions) {
    this.#options = options
    options.log.replica.changes$.subscribe(() => this.#forgetFolded())
  }

  /** An answer says so; the log may be behind. */
  learnStarts(started: readonly Started[]): void {
    const { version } = this.#options.log
    for (const attempt of started) {
      const { jobId, fencingToken } = attempt.lease
      if (fencingToken > version) this.#ahead.set(fencingToken, { jobId, attempt })
    }
  }

  /** The same of an end. */
  learnEnd(jobId: string, token: number): void {
    if (this.#ahead.has(token) || runningAttempt(this.#options.log.ledger, jobId, token) !== undefined)
      this.#ahead.set(token, { jobId, attempt: null })
  }

  /** Attempts of this process run that only answers have told of. */
  get areAhead(): boolean {
    return [...this.#ahead.values()].some(({ attempt }) => attempt !== null)
  }

  #forgetFolded(): void {
    const { version, ledger } = this.#options.log
    for (const [token, { jobId, attempt }] of this.#ahead)
      if (token <= version && (attempt !== null || runningAttempt(ledger, jobId, token) === undefined))
        this.#ahead.delete(token)
  }

  /**
   * Starts of the command go to its sender. If the command gets no answer, they are reported by `onStarted`: it may be in the log
   * all the same.
   */
  async during<T>(commandId: string, send: () => Promise<T>): Promise<T> {
    const starts: Start[] = []
    this.#underWay.set(commandId, starts)
    try {
      return await send()
    } catch (error) {
      for (const start of starts) this.#tell(start)
      throw error
    } finally {
      this.#underWay.delete(commandId)
    }
  }

  see(event: RecordedEvent): void {
    if (event.type !== 'started' || event.workerId !== this.#workerId) return
    const start = { jobId: event.jobId, token: event.seq }
    const starts = this.#underWay.get(event.commandId)
    if (starts === undefined) queueMicrotask(() => this.#tell(start))
    else starts.push(start)
  }

  /** The attempt under this lease, if it belongs to this process as far as it knows. */
  attempt(lease: AttemptKey): Started | undefined {
    const keeper = this.#options.incarnation().lease
    keeper.check()
    return keeper.lost ? undefined : this.#known(lease)
  }

  holdOn(lease: AttemptKey): Hold {
    if (this.attempt(lease) !== undefined) return 'held'
    return this.#known(lease) === undefined ? 'none' : 'unsure'
  }

  get #workerId(): string {
    return this.#options.incarnation().workerId
  }

  /** The attempt of this process under this lease, whether the lease is good or not. */
  #known({ jobId, fencingToken, epoch }: AttemptKey): Started | undefined {
    const { log } = this.#options
    if (log.ledger.epoch !== epoch) return undefined
    const ahead = this.#ahead.get(fencingToken)
    const attempt = ahead?.jobId === jobId ? ahead.attempt : runningAttempt(log.ledger, jobId, fencingToken)
    return attempt?.workerId === this.#workerId ? attempt : undefined
  }

  /** A start that was read begins when it is certain that it stays: a fail-over might give the job to another process. */
  #tell(start: Start): void {
    const { log, signal } = this.#options
    log.confirmed.after(start.token, signal, () => this.#report(start))
  }

  #report({ jobId, token }: Start): void {
    const { log, onStarted } = this.#options
    if (this.#ahead.get(token)?.attempt === null) return
    const attempt = runningAttempt(log.ledger, jobId, token)
    if (attempt !== undefined) onStarted({ ...attempt, workerId: this.#workerId })
  }
}
