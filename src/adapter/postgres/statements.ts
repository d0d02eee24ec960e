import { type FunctionName, type Rpc, statements } from '../sql/index.ts'
import { type Answer, askWithin, type Queryable, type Question } from './ask.ts'

/** Has a name unless nothing is prepared. */
type Prepared = Exclude<Question, string> & { readonly name: string }
type Args = Readonly<Record<string, unknown>>

/** SQLSTATEs behind a pooler that gives each statement another session: the name is unknown there, or in use. */
const notPrepared: ReadonlySet<unknown> = new Set(['26000', '42P05'])

/**
 * How soon a beat has to be answered, as a part of its ttl and at least this many milliseconds. It leaves time for another beat.
 */
const BEAT = { part: 0.25, leastMs: 1_000 }

/** Archiving is one transaction over all events that move: 2,000,000 took 20 s. No caller waits for it. */
const ARCHIVE_MS = 600_000

export interface Statements {
  /** Calls the function once. */
  call(on: Queryable, name: FunctionName, args: Args): Promise<unknown>
  /** The same, but calls again if the session lacks the prepared statement: the server has then not carried it out. */
  rpc(on: Queryable): Rpc
  /** The same for a query that does not return a single value. */
  ask<Row>(on: Queryable, query: Prepared): Promise<Answer<Row>>
}

/**
 * Calls functions as prepared statements, parsed and planned once per connection, until that fails for the first time.
 * @param answerMs how long to wait for an answer
 */
export function createStatements(answerMs: number): Statements {
  let prepared = true
  const limitOf = (name: FunctionName, { ttl_ms: ttlMs }: Args): number => {
    if (name === 'job_queue_archive') return Math.max(answerMs, ARCHIVE_MS)
    if (name !== 'job_queue_beat') return answerMs
    return Math.min(answerMs, Math.max(BEAT.leastMs, Number(ttlMs) * BEAT.part))
  }
  const askOnce = async <Row>(
    ms: number,
    on: Queryable,
    { name, ...query }: Prepared,
  ): Promise<Answer<Row>> => {
    try {
      return await askWithin(ms)<Row>(on, prepared ? { ...query, name } : query)
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
  const call = async (on: Queryable, name: FunctionName, args: Args): Promise<unknown> => {
    const { text, values } = statements[name]
    const query = { name, text, values: values(args) }
    return (await askOnce<{ answer: unknown }>(limitOf(name, args), on, query)).rows[0]?.answer
  }
  return {
    call,
    rpc: (on) => (name, args) => orUnprepared(() => call(on, name, args)),
    ask: (on, query) => orUnprepared(() => askOnce(answerMs, on, query)),
  }
}
