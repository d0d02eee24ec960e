import { type ParsedRequest, parseRequest } from '../../codec/index.ts'
import {
  type Accepted,
  type CommandBody,
  hash,
  InterlockError,
  isInterlockError,
  isRefusal,
  type Json,
  jobOf,
  type Ledger,
  type Micros,
  type Started,
  waitingFor,
} from '../../core/index.ts'
import type { InboxAnswer, InboxRequest, InboxRole, StoreTraits } from '../../port/index.ts'
import { waitOf } from '../api/calls.ts'
import { errorText } from '../base/logger.ts'
import { atMost } from '../base/retry.ts'
import { SingleFlight } from '../base/single-flight.ts'
import type { SendOptions } from '../membership/member-api.ts'

/** Requests in one go: they share an append. */
const BATCH = 100
/** The store hands out fewer when they are large: after so many characters there may be more. */
const LARGE = 1_000_000
/** How often the inbox is looked into when nobody says that there is something in it. */
const LOOK_MS = 5_000
/** After so long what another process has taken is free again, if that one has died with it. */
const FREE_AGAIN_MS = 2_500
/** How long a process that has just come lets its first claim wait for what SQL asked before. */
const FIRST_MS = 2_000

/** Who the events of these commands name. */
const ACTOR = 'sql'

export interface InboxOptions {
  readonly store: InboxRole & Pick<StoreTraits, 'frugal'>
  readonly queue: string
  readonly ledger: () => Ledger
  /** Sends a command under a given id, so that two processes that decide one request carry it out once. */
  readonly send: (body: ParsedRequest['body'], options: SendOptions) => Promise<Accepted>
  /** The database's clock. */
  readonly now: () => Micros
  readonly onError: (error: unknown) => void
}

/** Decides the commands that SQL puts into the inbox: any process of the queue does, one look at a time. */
export class Inbox {
  readonly #options: InboxOptions
  #lookedAt = Number.NEGATIVE_INFINITY
  readonly #flight: SingleFlight
  /** Something was put in before anything could be sent. */
  #isWaiting = false
  #canSend = false
  #closed = false
  #later: NodeJS.Timeout | undefined

  constructor(options: InboxOptions) {
    this.#options = options
    // What could not be decided now stays in the inbox.
    this.#flight = new SingleFlight(() => this.#look(), options.onError)
  }

  /**
   * Commands can be sent from now on. What is known to be in the inbox is decided first, so that this process claims nothing
   * that was cancelled before it came.
   */
  async open(): Promise<void> {
    this.#canSend = true
    if (!this.#isWaiting) return
    this.nudge()
    await atMost(FIRST_MS, this.#flight.idle())
  }

  /** Looks, if the last look was a while ago: a notification may have been lost. */
  poll(): void {
    this.#canSend = true
    if (this.#isWaiting || performance.now() - this.#lookedAt >= LOOK_MS) this.nudge()
  }

  /** There may be something in it. What is taken before it can be decided would be kept from others. */
  nudge(): void {
    this.#isWaiting = !this.#canSend
    if (this.#canSend) void this.#flight.request()
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#later)
    await this.#flight.close()
  }

  async #look(): Promise<void> {
    const { store, queue } = this.#options
    this.#lookedAt = performance.now()
    const requests = await store.inbox(queue, BATCH)
    if (requests.length === 0) return this.#lookLater()
    if (await this.#answerAll(requests)) void this.#flight.request()
  }

  /**
   * Somebody else has what there was, and may die with it. One more look, however often nothing is found; where each call has
   * its price, the next beat tells of it.
   */
  #lookLater(): void {
    if (this.#options.store.frugal === true || this.#closed || this.#later !== undefined) return
    this.#later = setTimeout(() => this.#lookOnce(), FREE_AGAIN_MS).unref()
  }

  #lookOnce(): void {
    this.nudge()
    void this.#flight.idle().then(() => {
      clearTimeout(this.#later)
      this.#later = undefined
    })
  }

  /** True if there may be more. What could not be decided now is given back at once, for others. */
  async #answerAll(requests: readonly InboxRequest[]): Promise<boolean> {
    const { store, queue } = this.#options
    const answers = await Promise.all(requests.map((request) => this.#decide(request)))
    await store.answer(queue, answers)
    return answers.every(({ answer }) => answer !== null) && mayBeMore(requests)
  }

  async #decide(request: InboxRequest): Promise<InboxAnswer> {
    const { requestId } = request
    try {
      return { requestId, answer: await this.#send(request) }
    } catch (error) {
      if (isRefusal(error)) return { requestId, answer: refusalOf(error) }
      this.#options.onError(error)
      // Of the store, or of this process, and not of the request: another process, or another time.
      if (isInterlockError(error)) return { requestId, answer: null }
      return { requestId, answer: undecidable(error) }
    }
  }

  async #send({ requestId, command }: InboxRequest): Promise<Json> {
    const { ledger, now, send } = this.#options
    const request = parseRequest(command, now())
    const { body, claim, data, workerId } = request
    this.#checkLife(request)
    // Of the request and not of the body, in which there are times of this process's.
    const as = { id: `sql:${requestId}`, workerId: workerId ?? ACTOR, hash: hash(JSON.stringify(command)) }
    const result = await send(body, { as, claim, data })
    return answerOf(body, result, as.workerId, ledger(), now())
  }

  #checkLife({ body, queuedAt }: ParsedRequest): void {
    if (queuedAt === null || body.type !== 'cancel') return
    const job = jobOf(this.#options.ledger(), body.jobId)
    if (job === undefined || job.queuedAt === queuedAt) return
    throw new InterlockError(
      'job_not_live',
      `job ${body.jobId} has ended and was enqueued again since; cancel it again if you mean its new life`,
    )
  }
}

function mayBeMore(requests: readonly InboxRequest[]): boolean {
  let length = 0
  for (const { command } of requests) length += lengthOf(command)
  return requests.length === BATCH || length >= LARGE
}

/** What nests too deep to be written counts as large. */
function lengthOf(command: Json): number {
  try {
    return JSON.stringify(command).length
  } catch {
    return LARGE
  }
}

/** What `job_queue_answer` says of a command that was carried out for this worker. */
function answerOf(
  body: CommandBody,
  { started, waiting, bypassed }: Accepted,
  workerId: string,
  ledger: Ledger,
  now: Micros,
): Json {
  const own = started.filter((attempt) => attempt.workerId === workerId)
  switch (body.type) {
    case 'ask':
      return { ok: true, ...startAnswer(body.spec.jobId, own, bypassed, ledger, now) }
    case 'enqueue':
      return { ok: true, queued: body.specs.length, waiting: waiting.map(({ jobId }) => jobId) }
    case 'cancel':
    case 'detach':
      return { ok: true }
    default:
      return { ok: true, started: own.map(startedJson) }
  }
}

/** What the queue says to a command that it does not carry out. */
function refusalOf({ code, message }: InterlockError): Json {
  return { ok: false, code, message: sound(message) }
}

/** A command at which this release fails. It is answered all the same: left in the inbox, it would fail at every look. */
function undecidable(error: unknown): Json {
  const message = `command: cannot be decided (${errorText(error)}); make it smaller, and flatter`
  return { ok: false, code: 'invalid_input', message: sound(message) }
}

const MOST = 4_000

/** It may quote what somebody has sent. A text that jsonb refuses would keep all answers of its batch from being given. */
function sound(message: string): string {
  return message.slice(0, MOST).toWellFormed().replaceAll('\0', '\uFFFD')
}

function startAnswer(
  jobId: string,
  own: readonly Started[],
  bypassed: readonly string[],
  ledger: Ledger,
  now: Micros,
): { readonly [key: string]: Json } {
  const attempt = own.find(({ lease }) => lease.jobId === jobId)
  if (attempt !== undefined) return { allowed: true, lease: startedJson(attempt) }
  if (bypassed.includes(jobId)) return { allowed: true, lease: null, bypassed: true }
  const job = jobOf(ledger, jobId)
  const waiting = job?.active === false ? waitingFor(ledger, job, now) : undefined
  const { code, reason, blockedBy, position } = waitOf(ledger, jobId, waiting)
  return { allowed: false, code, reason, blocked_by: [...blockedBy], position }
}

function startedJson({ lease, spec, attempt, attempts }: Started): { readonly [key: string]: Json } {
  const { jobType, kind, models, priority } = spec
  return {
    job_id: lease.jobId,
    job_type: jobType,
    kind,
    models: [...models],
    priority,
    attempt,
    attempts,
    fencing_token: lease.fencingToken,
    epoch: lease.epoch,
  }
}
