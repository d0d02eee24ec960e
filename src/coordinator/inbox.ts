import { parseRequest } from '../codec/index.ts'
import {
  type CommandBody,
  type ErrorCode,
  InterlockError,
  isInterlockError,
  type Json,
  jobOf,
  type Ledger,
} from '../core/index.ts'
import type { InboxAnswer, InboxRequest, LogStore } from '../port/index.ts'

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
  readonly send: (
    body: CommandBody,
    as: { readonly id: string; readonly workerId: string },
  ) => Promise<unknown>
  readonly onError: (error: unknown) => void
}

/** What the queue says to a command, rather than the store: an answer to the request. */
const refusals: ReadonlySet<ErrorCode> = new Set(['invalid_input', 'job_not_live', 'command_reused'])

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
        const requests = await store.inbox(queue, BATCH)
        this.#again = requests.length === BATCH && !this.#closed
        if (requests.length === 0) continue
        await store.answer(queue, await Promise.all(requests.map((request) => this.#decide(request))))
      }
    } catch (error) {
      // What could not be decided now stays in the inbox.
      this.#again = false
      onError(error)
    }
  }

  async #decide({ requestId, command }: InboxRequest): Promise<InboxAnswer> {
    try {
      await this.#send(requestId, command)
      return { requestId, answer: { ok: true } }
    } catch (error) {
      if (!isInterlockError(error) || !refusals.has(error.code)) throw error
      return { requestId, answer: { ok: false, code: error.code, message: error.message } }
    }
  }

  #send(requestId: string, command: Json): Promise<unknown> {
    const { type, jobId, force, queuedAt } = parseRequest(command)
    const job = jobOf(this.#options.ledger(), jobId)
    if (queuedAt !== null && job !== undefined && job.queuedAt !== queuedAt) {
      throw new InterlockError(
        'job_not_live',
        `job ${jobId} has ended and was enqueued anew since; cancel it again if that is meant`,
      )
    }
    return this.#options.send({ type, jobId, force }, { id: `sql:${requestId}`, workerId: ACTOR })
  }
}
