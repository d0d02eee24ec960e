import {
  type Accepted,
  type AttemptKey,
  type Claim,
  fenceOf,
  hash,
  InterlockError,
  invalidInput,
  isStaleWrite,
  type Json,
  type Started,
} from '../../core/index.ts'
import { parseRequest, parseResult } from '../../events/index.ts'
import { type InboxRequest, type InboxRole, inSchema, raisedIn } from '../../store/index.ts'
import type { TransactionSql } from '../../transaction/index.ts'
import type { CompleteInOptions } from '../api/calls.ts'
import type { Member } from '../membership/member.ts'

/** Of the ids that the commands of the inbox have in the log. */
export const PREFIX = 'sql:'
/** Of requests by which handlers end their attempts in transactions of their own (`job_queue_complete_in`). */
const END_OF = 'end-of:'

type Deciding = Pick<Member, 'log' | 'send' | 'workerId'>

interface EndSender {
  readonly workerId: string
  /** It is this process, and what starts is for it. */
  readonly isOwn?: true
}

/** Names its arguments' types: a driver may send a text as JSON otherwise. */
const STATEMENT =
  'select public.job_queue_complete_in($1::text, $2::text, ($3::text)::jsonb, $4::text, ($5::text)::boolean, ($6::text)::jsonb) as id'

/** SQLSTATE of `job_queue_complete_in`: the attempt does not run. */
const STALE = 'JQ004'

/**
 * Ends of attempts that their handlers say in transactions of their own. Each is a command of the inbox, so any process decides it; the
 * worker that ran the attempt need not wait for that.
 */
export class CommittedEnds {
  readonly #store: InboxRole
  readonly #member: Deciding
  /** By request: two senders in this process share one command. */
  readonly #sent = new Map<string, Promise<Accepted>>()

  constructor(store: InboxRole, member: Deciding) {
    this.#store = store
    this.#member = member
  }

  /**
   * Says the end, in the transaction that `sql` runs in.
   * @throws InterlockError `invalid_input`, `stale_token`; what `sql` throws
   */
  async say(
    sql: TransactionSql,
    lease: AttemptKey,
    { result, notify = true, used }: CompleteInOptions,
  ): Promise<void> {
    const { log } = this.#member
    if (this.#store.endOf === undefined)
      throw invalidInput(
        'completeIn: the memory store has no transactions; use PostgreSQL, and call complete where there is none',
        'completeIn',
      )
    const json = result === undefined ? null : JSON.stringify(parseResult(result))
    const uses = used === undefined ? null : JSON.stringify(used)
    try {
      await sql(inSchema(STATEMENT, this.#store.schema), [
        lease.jobId,
        fenceOf(lease),
        json,
        log.queue,
        String(notify),
        uses,
      ])
    } catch (error) {
      throw raisedIn(error)?.sqlstate === STALE ? staleToken(lease, error) : error
    }
  }

  /**
   * The end of an attempt of this process that its handler has committed.
   * @param claim what this process could start in the same append
   * @returns what that started here; undefined: no such end is committed
   * @throws what the store throws
   */
  async of({ jobId, fencingToken }: AttemptKey, claim?: Claim): Promise<readonly Started[] | undefined> {
    const { log, workerId } = this.#member
    const found = await this.#store.endOf?.(log.queue, fencingToken)
    if (found == null || jobOf(found.command) !== jobId) return undefined
    if (found.isDecided) return []
    const sent = this.#sent.get(found.requestId)
    try {
      if (sent === undefined) return (await this.#send(found, { workerId, isOwn: true }, claim)).started
      await sent
    } catch (error) {
      // From its commit on nothing else ends the attempt: so somebody has written this end down since it was read.
      if (!isStaleWrite(error)) throw error
    }
    return []
  }

  /** Whether this command of the inbox is such an end. */
  has({ requestId }: InboxRequest): boolean {
    return requestId.startsWith(END_OF)
  }

  /** Decides one that was found in the inbox. */
  decide(request: InboxRequest, workerId: string): Promise<Accepted> {
    return this.#sent.get(request.requestId) ?? this.#send(request, { workerId })
  }

  /** Under whatever epoch: it was committed while the attempt ran, in this very database. */
  #send(request: InboxRequest, by: EndSender, claim?: Claim): Promise<Accepted> {
    const { requestId } = request
    const { body, data } = parseRequest(request.command, this.#member.log.now())
    const committed = body.type === 'complete' ? ({ ...body, committed: true } as const) : body
    const as = { ...asSent(request), ...by }
    const sent = this.#member.send(committed, { as, claim, data }).finally(() => this.#sent.delete(requestId))
    this.#sent.set(requestId, sent)
    return sent
  }
}

/**
 * Under a given id: a request that two processes decide is carried out once. The hash is of the request and not of the body, which contains
 * times of this process.
 */
export const asSent = ({ requestId, command }: InboxRequest) => ({
  id: `${PREFIX}${requestId}`,
  hash: hash(JSON.stringify(command)),
})

const jobOf = (command: Json): unknown =>
  typeof command === 'object' && command !== null && 'job_id' in command ? command['job_id'] : undefined

const staleToken = ({ jobId }: AttemptKey, cause: unknown) =>
  new InterlockError(
    'stale_token',
    `job ${jobId}: this attempt of it has ended, or was lost with its lease; roll back, what it did must not stay`,
    { jobId },
    cause,
  )
