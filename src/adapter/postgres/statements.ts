import { type FunctionName, type Rpc, statements } from '../sql/index.ts'
import { askWithin, type Queryable } from './ask.ts'

type Args = Readonly<Record<string, unknown>>

/** SQLSTATEs of a pooler that gives each statement another session: the name is unknown there, or taken. */
const notPrepared: ReadonlySet<unknown> = new Set(['26000', '42P05'])

/** The part of its ttl, and the least in milliseconds, within which a beat is answered: another one can go out in time. */
const BEAT = { part: 0.25, leastMs: 1_000 }

/** One transaction over as much of the log as there is to move: 2,000,000 events took 20 s. Nobody waits for it meanwhile. */
const ARCHIVE_MS = 600_000

export interface Statements {
  /** Calls the function once. */
  call(on: Queryable, name: FunctionName, args: Args): Promise<unknown>
  /** The same, and again when the server never saw it since the session lacks the prepared statement. */
  rpc(on: Queryable): Rpc
}

/**
 * Calls as prepared statements (parsed and planned once per connection), until the first time that turns out not to work.
 * @param answerMs how long an answer may take
 */
export function createStatements(answerMs: number): Statements {
  let prepared = true
  const limitOf = (name: FunctionName, { ttl_ms: ttlMs }: Args): number => {
    if (name === 'job_queue_archive') return Math.max(answerMs, ARCHIVE_MS)
    if (name !== 'job_queue_beat') return answerMs
    return Math.min(answerMs, Math.max(BEAT.leastMs, Number(ttlMs) * BEAT.part))
  }
  const call = async (on: Queryable, name: FunctionName, args: Args): Promise<unknown> => {
    const { text, values } = statements[name]
    const query = { text, values: values(args) }
    try {
      const ask = askWithin(limitOf(name, args))
      const { rows } = await ask<{ answer: unknown }>(on, prepared ? { ...query, name } : query)
      return rows[0]?.answer
    } catch (error) {
      if (notPrepared.has((error as { code?: unknown }).code)) prepared = false
      throw error
    }
  }
  const rpc =
    (on: Queryable): Rpc =>
    async (name, args) => {
      const wasPrepared = prepared
      try {
        return await call(on, name, args)
      } catch (error) {
        if (wasPrepared && !prepared) return call(on, name, args)
        throw error
      }
    }
  return { call, rpc }
}
