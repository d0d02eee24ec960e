import {
  type CommandBody,
  InterlockError,
  isInterlockError,
  isRefusal,
  type Json,
  jobOf,
  type RecordedEvent,
} from '../../core/index.ts'
import { type ParsedJob, type ParsedRequest, parseRequest } from '../../events/index.ts'
import type {
  InboxAnswer,
  InboxRequest,
  InboxRole,
  SubmissionRole,
  SubmissionRow,
} from '../../store/index.ts'
import { SingleFlight } from '../base/concurrency.ts'
import { atMost } from '../base/retry.ts'
import { cancelAlsoSubmitted, cancelSubmittedAfter } from '../commit/commit-beside.ts'
import type { Member } from '../membership/member.ts'
import type { Schedules } from '../schedules/schedules.ts'
import { asSent, CommittedEnds, PREFIX } from './committed-ends.ts'
import { type JobsPut, type LargeCalls, MOST_AT_ONCE } from './large-calls.ts'
import { answerOf, refusalOf, submittedBy, undecidable } from './request-answers.ts'
import { saidTwice } from './said-twice.ts'
import { ACTOR, Submissions } from './submissions.ts'

/** Requests in one batch. They share an append. */
const BATCH = 100
/** The store hands out fewer requests if they are large: from so many characters on, there may be more of them. */
const LARGE = 1_000_000
/** How often to look into the inbox when no notification comes. */
const LOOK_MS = 5_000
/** How long the first claim of a new process waits for commands that SQL sent before. */
const FIRST_MS = 2_000

type Deciding = Pick<
  Member,
  'log' | 'ledger' | 'logger' | 'failures' | 'incarnation' | 'slips' | 'send' | 'workerId'
>

type InboxStore = InboxRole & Pick<SubmissionRole, 'ofJob'>

/** Who prepares and carries out what a request asks for. */
interface InboxProcess {
  readonly schedules: Pick<Schedules, 'prepared'>
  readonly largeCalls: Pick<LargeCalls, 'enqueue' | 'add'>
  /** A job may become startable: who has a slot here asks for it. */
  mayStart(): void
}

/** When to look, as a look sees it. */
export interface LookTimes {
  /** A look has ended. */
  looked(found: boolean): void
}

/** Whether this event came of such a command. */
export const isOfInbox = ({ commandId }: Pick<RecordedEvent, 'commandId'>): boolean =>
  commandId.startsWith(PREFIX)

/**
 * Decides the commands that SQL puts into the inbox, and takes in submitted jobs. Every process of the queue does, and only one looks at a
 * time.
 */
export class Inbox {
  readonly #store: InboxStore
  readonly #member: Deciding
  readonly #times: LookTimes
  readonly ends: CommittedEnds
  readonly #process: InboxProcess
  readonly #submissions: Submissions
  /** A submitted job that was put off may come into line now. */
  #again = false
  #lookedAt = Number.NEGATIVE_INFINITY
  readonly #flight: SingleFlight
  /** Something arrived before this process could send commands. */
  #isWaiting = false
  #canSend = false
  #closed = false
  #later: NodeJS.Timeout | undefined

  constructor(store: InboxStore, member: Deciding, times: LookTimes, process: InboxProcess) {
    this.#store = store
    this.#process = process
    this.#member = member
    this.#times = times
    this.ends = new CommittedEnds(store, member)
    this.#submissions = new Submissions(store, member, () => process.mayStart())
    // What could not be decided now stays in the inbox.
    this.#flight = new SingleFlight(
      () => this.#look(),
      (error) => member.failures.note(error),
    )
  }

  /**
   * Commands can be sent from now on. First decides what is known to be in the inbox, so that this process claims no job that was
   * already cancelled.
   */
  async open(): Promise<void> {
    this.#canSend = true
    if (!this.#isWaiting) return
    this.nudge()
    await atMost(FIRST_MS, this.#flight.idle())
  }

  /** Looks again after a while, since a notification may have been lost. */
  poll(): void {
    this.#canSend = true
    if (this.#isWaiting || performance.now() - this.#lookedAt >= LOOK_MS) this.nudge()
  }

  /** Something may have arrived. Takes no commands before it can decide them: that would keep them from others. */
  nudge(): void {
    this.#isWaiting = !this.#canSend
    if (this.#canSend) void this.#flight.request()
  }

  /** An event that this process has folded. */
  see(event: RecordedEvent): void {
    if (!this.#submissions.mayComeIn(event)) return
    this.#again = true
    this.nudge()
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#later)
    await this.#flight.close()
  }

  async #look(): Promise<void> {
    this.#lookedAt = performance.now()
    const again = this.#again
    this.#again = false
    const { requests, submissions } = await this.#store.incoming(this.#member.log.queue, BATCH, again)
    const hasFound = requests.length + submissions.length > 0
    this.#times.looked(hasFound)
    if (!hasFound) return this.#lookLater()
    // Jobs first: a command may be about one of them.
    const [, mayBeMore] = await Promise.all([this.#submissions.take(submissions), this.#answerAll(requests)])
    if (mayBeMore || mayBeMoreJobs(submissions)) void this.#flight.request()
  }

  /**
   * Another process has taken everything, and may die with it. So it looks once more, even after many empty looks. If each call
   * has its price, it leaves that to the next beat.
   */
  #lookLater(): void {
    const ms = this.#member.log.looks.inboxAgainMs
    if (ms === null || this.#closed || this.#later !== undefined) return
    this.#later = setTimeout(() => this.#lookOnce(), ms).unref()
  }

  #lookOnce(): void {
    this.nudge()
    void this.#flight.idle().then(() => {
      clearTimeout(this.#later)
      this.#later = undefined
    })
  }

  /** True if there may be more. What could not be decided now goes back at once, for others. */
  async #answerAll(requests: readonly InboxRequest[]): Promise<boolean> {
    if (requests.length === 0) return false
    const answers = await Promise.all(requests.map((request) => this.#decide(request)))
    await this.#store.answer(this.#member.log.queue, answers)
    return answers.every(({ answer }) => answer !== null) && mayBeMoreRequests(requests)
  }

  async #decide(request: InboxRequest): Promise<InboxAnswer> {
    const { requestId } = request
    try {
      return { requestId, answer: await this.#send(request) }
    } catch (error) {
      // What its handler is about to commit decides about it: one that waits in the inbox can wait for that.
      if (isInterlockError(error, 'job_ending')) return { requestId, answer: null }
      // The next look finds out how far its jobs are.
      if (isInterlockError(error, 'submitted')) return { requestId, answer: null }
      if (isRefusal(error)) return { requestId, answer: this.#refuse(request, error) }
      this.#member.failures.note(error)
      // The store or this process is at fault, not the request. Another process may succeed, or this one later.
      if (isInterlockError(error)) return { requestId, answer: null }
      return { requestId, answer: undecidable(error) }
    }
  }

  /** The submission of jobs was committed: its author may never ask for the answer, so the log of the service says it too. */
  #refuse({ requestId, command }: InboxRequest, error: InterlockError): Json {
    const { log, logger } = this.#member
    const jobIds = submittedBy(command)
    const [first] = jobIds
    if (first !== undefined)
      logger.warn(
        `[COORDINATOR] Job ${first}${jobIds.length > 1 ? ` and ${jobIds.length - 1} more` : ''}, submitted by SQL (request ${requestId}), refused: ${error.message}`,
        { event: 'submission.refused', queue: log.queue, job_id: first, code: error.code },
      )
    return refusalOf(error)
  }

  async #send(given: InboxRequest): Promise<Json> {
    const { log } = this.#member
    const request = parseRequest(given.command, log.now())
    const { claim, workerId } = request
    for (const [found, who] of saidTwice(given.command)) this.#member.slips.tell(found, who)
    this.#checkLife(request)
    const { body, data } = this.#process.schedules.prepared(request)
    const as = { ...asSent(given), workerId: workerId ?? ACTOR }
    const { jobs = [] } = request
    if (body.type === 'enqueue' && jobs.length > MOST_AT_ONCE) {
      const put = await this.#sendLarge(given, body, jobs, as)
      const result = { ok: true, started: [], bypassed: [], changed: true, ...put } as const
      return answerOf(body, result, as.workerId, log.ledger, log.now())
    }
    if (this.ends.has(given))
      return answerOf(body, await this.ends.decide(given, as.workerId), as.workerId, log.ledger, log.now())
    if (body.type === 'cancel' && body.descendants === true)
      await cancelSubmittedAfter(this.#store, { queue: log.queue, jobId: body.jobId }, this.#member.ledger)
    const send = () => this.#member.send(body, { as, claim, data })
    const result =
      body.type === 'cancel' && request.queuedAt === null
        ? await cancelAlsoSubmitted(this.#store, { queue: log.queue, jobId: body.jobId }, send)
        : await send()
    return result === undefined ? { ok: true } : answerOf(body, result, as.workerId, log.ledger, log.now())
  }

  /** If another process has begun with it, it is left to that one. */
  #sendLarge(
    { requestId }: InboxRequest,
    body: CommandBody & { readonly type: 'enqueue' },
    jobs: readonly ParsedJob[],
    partOf: { readonly id: string; readonly workerId: string },
  ): Promise<JobsPut> {
    const { largeCalls } = this.#process
    const madeAt = performance.now()
    if (body.under !== undefined) return largeCalls.add(body, jobs, { madeAt, partOf })
    return largeCalls.enqueue({
      jobs,
      madeAt,
      requestId,
      mayBeKnown: true,
      waits: false,
    })
  }

  #checkLife({ body, queuedAt }: ParsedRequest): void {
    if (queuedAt === null || body.type !== 'cancel') return
    const job = jobOf(this.#member.ledger, body.jobId)
    if (job === undefined || job.queuedAt === queuedAt) return
    throw new InterlockError(
      'job_not_live',
      `job ${body.jobId} has ended and was enqueued again since; cancel it again if you mean its new life`,
    )
  }
}

const mayBeMoreRequests = (requests: readonly InboxRequest[]): boolean =>
  requests.length === BATCH || areLarge(requests.map(({ command }) => command))

/** 10 times as many jobs as commands are handed out. */
const mayBeMoreJobs = (submissions: readonly SubmissionRow[]): boolean =>
  submissions.length === 10 * BATCH || areLarge(submissions.map(({ job }) => job))

const areLarge = (given: readonly Json[]): boolean =>
  given.reduce<number>((length, one) => length + lengthOf(one), 0) >= LARGE

/** A command that is nested too deeply to be written counts as large. */
function lengthOf(command: Json): number {
  try {
    return JSON.stringify(command).length
  } catch {
    return LARGE
  }
}
