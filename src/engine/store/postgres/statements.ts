import { type FunctionName, type Rpc, statements } from '../sql/index.ts'
import { askWithin, type QueryAnswer, type Queryable, type Question } from './connections.ts'
import { askedColumn, type WaitSetting } from './wait-proof.ts'

/** Has a name unless nothing is prepared. */
type Prepared = Exclude<Question, string> & { readonly name: string }
type Args = Readonly<Record<string, unknown>>

/** SQLSTATEs behind a pooler that gives each statement another session: the name is unknown there, or in use. */
const notPrepared: ReadonlySet<unknown> = new Set(['26000', '42P05'])

/** The least time that a beat has for its answer, in milliseconds. After its ttl the answer is worth nothing; the next beat does not wait for it. */
const BEAT_LEAST_MS = 1_000

/** Archiving is one transaction over all events that move: 2,000,000 took 20 s. No caller waits for it. */
const ARCHIVE_MS = 600_000

/** What they answer is taken for done. */
const acknowledging: ReadonlySet<FunctionName> = new Set<FunctionName>([
  'job_queue_append',
  'job_queue_append_for',
  'job_queue_append_along',
  'job_queue_adopt',
  'job_queue_drop',
  'job_queue_note',
  'job_queue_forget',
  // A server that was replaced must not be able to confirm one (docs/inside/decisions/leases.md).
  'job_queue_beat',
])

/** What a function has answered, and whether its commit has to wait for a standby. */
export interface Called {
  readonly answer: unknown
  readonly asked: WaitSetting
}

export interface Statements {
  /** Calls the function once, in a transaction that may go on. */
  call(on: Queryable, name: FunctionName, args: Args): Promise<Called>
  /**
   * Calls it in a transaction of its own, and answers when that counts. Calls again if the session lacks the prepared statement: the server
   * has then not carried it out.
   */
  rpc(on: Queryable): Rpc
  /** Calls a function on a connection that `on` lends, which is given back before it is known whether it counts. */
  rpcOver(on: <Out>(work: (connection: Queryable) => Promise<Out>) => Promise<Out>): Rpc
  /** Asks a query that does not return a single value, and answers when that counts. */
  ask<Row>(on: Queryable, query: Prepared): Promise<QueryAnswer<Row>>
}

/**
 * Calls functions as prepared statements, parsed and planned once per connection, until that fails for the first time.
 * @param answerMs how long to wait for an answer
 * @param schema of the installation; undefined: the default
 * @param believe resolves when a commit that was answered counts
 */
export function createStatements(
  answerMs: number,
  schema: string | undefined,
  believe: (asked: string) => Promise<void>,
): Statements {
  let prepared = true
  const limitOf = (name: FunctionName, { ttl_ms: ttlMs }: Args): number => {
    if (name === 'job_queue_archive') return Math.max(answerMs, ARCHIVE_MS)
    if (name !== 'job_queue_beat') return answerMs
    return Math.min(answerMs, Math.max(BEAT_LEAST_MS, Number(ttlMs)))
  }
  const askOnce = async <Row>(
    ms: number,
    on: Queryable,
    { name, ...query }: Prepared,
  ): Promise<QueryAnswer<Row>> => {
    try {
      return await askWithin(ms, schema)<Row>(on, prepared ? { ...query, name } : query)
    } catch (error) {
      if (notPrepared.has((error as { code?: unknown }).code)) prepared = false
      throw error
    }
  }
  const orUnprepared = async <Out>(work: () => Promise<Out>): Promise<Out> => {
    const wasPrepared = prepared
    try {
      return await work()
    } catch (error) {
      if (wasPrepared && !prepared) return work()
      throw error
    }
  }
  const call = async (on: Queryable, name: FunctionName, args: Args): Promise<Called> => {
    const { text, values } = statements[name]
    const whole = acknowledging.has(name) ? `${text}, ${askedColumn} as asked` : text
    const query = { name, text: whole, values: values(args) }
    const [row] = (await askOnce<Partial<Called>>(limitOf(name, args), on, query)).rows
    return { answer: row?.answer, asked: row?.asked ?? null }
  }
  const rpcOver: Statements['rpcOver'] = (on) => async (name, args) => {
    const { answer, asked } = await on((connection) => orUnprepared(() => call(connection, name, args)))
    if (asked !== null) await believe(asked)
    return answer
  }
  return {
    call,
    rpc: (on) => rpcOver((work) => work(on)),
    rpcOver,
    ask: (on, query) => orUnprepared(() => askOnce(answerMs, on, query)),
  }
}
