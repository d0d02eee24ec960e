import { type FunctionName, type Rpc, statements } from '../sql/index.ts'
import { askWithin, type Queryable } from './ask.ts'

type Args = Readonly<Record<string, unknown>>

/** SQLSTATEs behind a pooler that gives each statement another session: the name is unknown there, or taken. */
const notPrepared: ReadonlySet<unknown> = new Set(['26000', '42P05'])

/**
 * How soon a beat has to be answered, as a part of its ttl and at least this many milliseconds: another beat can still go out in
 * time.
 */
const BEAT = { part: 0.25, leastMs: 1_000 }

/** Archiving is one transaction over all events that move: 2,000,000 took 20 s. Nobody waits for it. */
const ARCHIVE_MS = 600_000

export interface Statements {
  /** Calls the function once. */
  call(on: Queryable, name: FunctionName, args: Args): Promise<unknown>
  /** The same, but called again if the session lacks the prepared statement, so the server did not carry it out. */
  rpc(on: Queryable): Rpc
}

/**
 * Calls functions as prepared statements (parsed and planned once per connection), until that fails for the first time.
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
