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
import type { HoldState } from './member-api.ts'
import type { MemberParts } from './member-parts.ts'

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
 * next claim, which is under way by then. What that starts itself comes late in its turn.
 */
class OpenClaim {
  readonly #claim: Claim
  readonly #late: Started[] = []
  readonly #outcome = Promise.withResolvers<CommandResult | null>()
  #isAnswered = false

  constructor(claim: Claim) {
    this.#claim = claim
  }

  /** False once it has its answer, or has no room left. */
  take(attempt: Started): boolean {
    if (this.#isAnswered || !isWithin(this.#claim, this.#late, attempt)) return false
    this.#late.push(attempt)
    this.#outcome.resolve(null)
    return true
  }

  /** Its answer comes. False if it was answered by what was late. */
  #answer(settle: () => void): boolean {
    if (this.#late.length > 0) return false
    this.#isAnswered = true
    settle()
    return true
  }

  /** Its answer, or the late starts that it has taken before that. @param unheard gets an answer that comes after those */
  async outcome(
    answer: Promise<CommandResult>,
    unheard: (result: CommandResult) => void,
  ): Promise<CommandResult | Started[]> {
    answer.then(
      (result) => this.#answer(() => this.#outcome.resolve(result)) || unheard(result),
      (error: unknown) => this.#answer(() => this.#outcome.reject(error)),
    )
    return (await this.#outcome.promise) ?? this.#late
  }
}

/** The starts for this process, each told once: to the sender of the command that led to it, or else to the owner of the member. */
export class OwnStarts {
  readonly #member: Pick<MemberParts, 'log' | 'workerId' | 'lease' | 'closing' | 'owner'>
  /** Own commands under way, by id, with what they have started here so far. */
  readonly #underWay = new Map<string, Start[]>()
  readonly #claims = new Set<OpenClaim>()
  /** What answers have told of own attempts, and is not folded yet: that they run, or (null) have ended. By token. */
  readonly #ahead = new Map<number, { readonly jobId: string; readonly attempt: Started | null }>()

  constructor(member: Pick<MemberParts, 'log' | 'workerId' | 'lease' | 'closing' | 'owner'>) {
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

  /** What a command that only claims gets: its answer, or starts that came late. @param send sends it as `during` does */
  async claimed(claim: Claim, send: () => Promise<CommandResult>): Promise<CommandResult | Started[]> {
    const open = new OpenClaim(claim)
    this.#claims.add(open)
    try {
      return await open.outcome(send(), (result) => this.#tellAll(result))
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

  /** An answer that its sender did not wait for. */
  #tellAll(result: CommandResult): void {
    if (!result.ok) return
    const own = result.started.filter(({ workerId }) => workerId === this.#member.workerId)
    this.learnStarts(own)
    for (const { lease } of own) this.#tell({ jobId: lease.jobId, token: lease.fencingToken })
  }

  /** A start that was read begins when it is certain that it stays: a fail-over might give the job to another process. */
  #tell(start: Start): void {
    const { log, closing } = this.#member
    log.confirmed.after(start.token, closing.signal, () => this.#report(start))
  }

  #report({ jobId, token }: Start): void {
    const { log, workerId, owner } = this.#member
    const ahead = this.#ahead.get(token)
    const attempt = ahead === undefined ? runningAttempt(log.ledger, jobId, token) : ahead.attempt
    if (attempt != null) owner.started({ ...attempt, workerId }, null)
  }
}
