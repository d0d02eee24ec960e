import {
  type AttemptKey,
  type Claim,
  type CommandResult,
  type Ledger,
  placesTaken,
  type RecordedEvent,
  runningAttempt,
  type Started,
} from '../../core/index.ts'
import type { Member } from './member.ts'
import type { HoldState } from './member-api.ts'

/** How many attempts of these worker processes run, as far as the ledger knows. */
export function heldBy({ active, jobs }: Ledger, workerIds: readonly string[]): number {
  const ids = new Set(workerIds)
  let held = 0
  for (const place of active) if (ids.has(jobs.get(place)?.workerId ?? '')) held++
  return held
}

interface Start {
  readonly jobId: string
  readonly token: number
}

/** True if the claim has room for the attempt beside those that it has. It gets no more than it named. */
export function isWithin(claim: Claim | undefined, taken: readonly Started[], attempt: Started): boolean {
  if (claim === undefined) return false
  if (taken.length >= claim.max && placesTaken([...taken, attempt]) > claim.max) return false
  return claim.kinds === null || claim.kinds.includes(attempt.spec.kind)
}

/**
 * A claim under way. Where answers take longer than the patience of who claims, each start comes after its claim has failed: then it is for the
 * next claim, which is under way by then.
 */
class OpenClaim {
  readonly #claim: Claim
  readonly #late: Started[] = []
  readonly #given = Promise.withResolvers<void>()

  constructor(claim: Claim) {
    this.#claim = claim
  }

  take(attempt: Started): boolean {
    if (!isWithin(this.#claim, this.#late, attempt)) return false
    this.#late.push(attempt)
    this.#given.resolve()
    return true
  }

  /** Whichever comes first: its answer, or a start that is late. */
  async answered(answer: Promise<CommandResult>): Promise<CommandResult> {
    await Promise.race([answer, this.#given.promise]).catch((error: unknown) => {
      if (this.#late.length === 0) throw error
    })
    if (this.#late.length === 0) return answer
    // What it starts comes late, and who wants to know of failures makes the next call.
    answer.catch(() => {})
    return { ok: true, started: this.#late, waiting: [], bypassed: [], changed: true }
  }
}

/** The starts for this process, each told once: to the sender of the command that led to it, or else to the owner of the member. */
export class OwnStarts {
  readonly #member: Pick<Member, 'log' | 'workerId' | 'lease' | 'closing' | 'owner'>
  /** Own commands under way, by id, with what they have started here so far. */
  readonly #underWay = new Map<string, Start[]>()
  readonly #claims = new Set<OpenClaim>()
  /** What answers have told of own attempts, and is not folded yet: that they run, or (null) have ended. By token. */
  readonly #ahead = new Map<number, { readonly jobId: string; readonly attempt: Started | null }>()

  constructor(member: Pick<Member, 'log' | 'workerId' | 'lease' | 'closing' | 'owner'>) {
    this.#member = member
  }

  /** An answer says so; the log may be behind. */
  learnStarts(started: readonly Started[]): void {
    const { version } = this.#member.log
    for (const attempt of started) {
      const { jobId, fencingToken } = attempt.lease
      if (fencingToken > version) this.#ahead.set(fencingToken, { jobId, attempt })
    }
  }

  /** An answer says that the attempt has ended; the log may be behind. */
  learnEnd(jobId: string, token: number): void {
    if (this.#ahead.has(token) || runningAttempt(this.#member.log.ledger, jobId, token) !== undefined)
      this.#ahead.set(token, { jobId, attempt: null })
  }

  /** True if attempts run here under the lease of this worker id, as far as this process knows. */
  isHolding(workerId: string): boolean {
    const isAhead = [...this.#ahead.values()].some(({ attempt }) => attempt !== null)
    return heldBy(this.#member.log.ledger, [workerId]) > 0 || isAhead
  }

  /** What only answers had told of is in the log now. */
  forgetFolded(): void {
    const { version, ledger } = this.#member.log
    for (const [token, { jobId, attempt }] of this.#ahead)
      if (token <= version && (attempt !== null || runningAttempt(ledger, jobId, token) === undefined))
        this.#ahead.delete(token)
  }

  /**
   * Starts of the command go to its sender. If the command gets no answer, the owner of the member is told: it may be in the log
   * all the same.
   */
  async during(commandId: string, send: () => Promise<CommandResult>): Promise<CommandResult> {
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

  /** The answer of a command that only claims. @param send sends it as `during` does */
  async claimed(claim: Claim, send: () => Promise<CommandResult>): Promise<CommandResult> {
    const open = new OpenClaim(claim)
    this.#claims.add(open)
    try {
      return await open.answered(send())
    } finally {
      this.#claims.delete(open)
    }
  }

  /** A start that nobody here waits for. True if a claim under way takes it. */
  offer(attempt: Started): boolean {
    return [...this.#claims].some((claim) => claim.take(attempt))
  }

  see(event: RecordedEvent): void {
    if (event.type !== 'started' || event.workerId !== this.#member.workerId) return
    const start = { jobId: event.jobId, token: event.seq }
    const starts = this.#underWay.get(event.commandId)
    if (starts === undefined) queueMicrotask(() => this.#tell(start))
    else starts.push(start)
  }

  /** The attempt under this lease, if it belongs to this process as far as it knows. */
  attempt(lease: AttemptKey): Started | undefined {
    const { lease: keeper } = this.#member
    keeper.check()
    return keeper.lost ? undefined : this.#known(lease)
  }

  holdOn(lease: AttemptKey): HoldState {
    if (this.attempt(lease) !== undefined) return 'held'
    return this.#known(lease) === undefined ? 'none' : 'unsure'
  }

  /** The attempt of this process under this lease, whether the lease is good or not. */
  #known({ jobId, fencingToken, epoch }: AttemptKey): Started | undefined {
    const { log, workerId } = this.#member
    if (log.ledger.epoch !== epoch) return undefined
    const ahead = this.#ahead.get(fencingToken)
    const attempt = ahead?.jobId === jobId ? ahead.attempt : runningAttempt(log.ledger, jobId, fencingToken)
    return attempt?.workerId === workerId ? attempt : undefined
  }

  /** A start that was read begins when it is certain that it stays: a fail-over might give the job to another process. */
  #tell(start: Start): void {
    const { log, closing } = this.#member
    log.confirmed.after(start.token, closing.signal, () => this.#report(start))
  }

  #report({ jobId, token }: Start): void {
    const { log, workerId, owner } = this.#member
    if (this.#ahead.get(token)?.attempt === null) return
    const attempt = runningAttempt(log.ledger, jobId, token)
    if (attempt !== undefined) owner.started({ ...attempt, workerId }, null)
  }
}
