import type pg from 'pg'
import type { Connections } from './connections.ts'

/** SQLSTATE of what is asked in a transaction that has failed: nothing of it was carried out. */
const IS_ABORTED = '25P02'

type Work<Out> = (connection: pg.Pool | pg.PoolClient) => Promise<Out>

/** How long a statement may take, where the configuration has a `statement_timeout`. */
export interface StatementLimit {
  /** Resolves when it is known how the limit is said here. @throws what connecting throws */
  ready(): Promise<void>
  /** Whether it has to be said for each piece of work. */
  isPerTransaction(): boolean
  /** Work over the pool, under the limit. */
  within<Out>(work: Work<Out>): Promise<Out>
}

/**
 * `pg` says the limit while it connects, which costs nothing; PgBouncer refuses that, and no connection is made at all. There each piece
 * of work is a transaction with a limit of its own: said to a session, it would stay there for the clients that have the session next.
 */
export function statementLimit({ pool, own, client }: Connections): StatementLimit {
  const limitMs = own ? pool.options.statement_timeout : undefined
  let isKnown = !limitMs
  let isPerTransaction = false
  let asking: Promise<void> | null = null

  const ask = async () => {
    const first = client()
    first.on('error', () => {})
    try {
      await first.connect()
    } catch (error) {
      if (!isRefused(error)) throw error
      isPerTransaction = true
      // Of the connections that are made from now on.
      pool.options.statement_timeout = false
    } finally {
      await first.end().catch(() => {})
    }
    isKnown = true
  }
  return {
    ready: async () => {
      if (isKnown) return
      asking ??= ask().finally(() => {
        asking = null
      })
      await asking
    },
    isPerTransaction: () => isPerTransaction,
    within: async (work) => {
      if (!isPerTransaction) return work(pool)
      const once = () => inTransaction(pool, Number(limitMs), work)
      // A prepared statement that the pooler has lost ends the transaction, so the try without it is another one.
      return once().catch((error) => (error?.code === IS_ABORTED ? once() : Promise.reject(error)))
    },
  }
}

async function inTransaction<Out>(pool: pg.Pool, limitMs: number, work: Work<Out>): Promise<Out> {
  const connection = await pool.connect()
  let isGood = false
  try {
    await connection.query('begin')
    await connection.query(`set local statement_timeout = ${limitMs}`)
    const out = await work(connection)
    await connection.query('commit')
    isGood = true
    return out
  } finally {
    connection.release(!isGood)
  }
}

/** In PgBouncer's words: unsupported startup parameter: statement_timeout. */
const isRefused = (error: unknown): boolean =>
  error instanceof Error && /startup parameter.*statement_timeout/.test(error.message)
