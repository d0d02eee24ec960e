import { type ParsedRequest, parseRequest } from '../codec/index.ts'
import {
  type Accepted,
  hash,
  InterlockError,
  type Json,
  jobOf,
  type Ledger,
  type Micros,
} from '../core/index.ts'
import type { InboxAnswer, InboxRequest, LogStore } from '../port/index.ts'
import { answerOf } from './inbox-answer.ts'
import type { SendOptions } from './member-api.ts'
import { isRefusal } from './trouble.ts'

/** Requests in one go: they share an append. */
const BATCH = 100
/** How often the inbox is looked into when nobody says that there is something in it. */
const LOOK_MS = 5_000

/** Who the events of these commands name. */
const ACTOR = 'sql'

export interface InboxOptions {
  readonly store: LogStore
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
  #looking: Promise<void> | undefined
  #again = false
  #closed = false

  constructor(options: InboxOptions) {
    this.#options = options
  }

  /** Looks, if the last look was a while ago: a notification may have been lost. */
  poll(): void {
    if (performance.now() - this.#lookedAt >= LOOK_MS) this.nudge()
  }

  /** There may be something in it. */
  nudge(): void {
    if (this.#closed) return
    this.#again = true
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined
    })
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#looking
  }

  async #look(): Promise<void> {
    const { store, queue, onError } = this.#options
    try {
      while (this.#again) {
        this.#lookedAt = performance.now()
        // Before the look: what is put in while it lasts is looked for again.
        this.#again = false
        const requests = await store.inbox(queue, BATCH)
        this.#again ||= requests.length === BATCH && !this.#closed
        if (requests.length === 0) continue
        const answers = await Promise.all(requests.map((request) => this.#decide(request)))
        await store.answer(
          queue,
          answers.filter((answer) => answer !== undefined),
        )
      }
    } catch (error) {
      // What could not be decided now stays in the inbox.
      this.#again = false
      onError(error)
    }
  }

  /** Undefined: it could not be decided now, and stays in the inbox. */
  async #decide({ requestId, command }: InboxRequest): Promise<InboxAnswer | undefined> {
    try {
      return { requestId, answer: await this.#send(requestId, command) }
    } catch (error) {
      if (isRefusal(error)) {
        return { requestId, answer: { ok: false, code: error.code, message: error.message } }
      }
      this.#options.onError(error)
      return undefined
    }
  }

  async #send(requestId: string, command: Json): Promise<Json> {
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
      `job ${body.jobId} has ended and was enqueued anew since; cancel it again if that is meant`,
    )
  }
}
