import type pg from 'pg'
import type { Connections } from './connections.ts'

/** SQLSTATE of a statement in a transaction that has failed already: it was not carried out. */
const IS_ABORTED = '25P02'

type Work<Out> = (connection: pg.Pool | pg.PoolClient) => Promise<Out>

/** Limits how long a statement may take, if the address or the configuration has a `statement_timeout`. */
export interface StatementLimit {
  /** Resolves when it is known how to set the limit here. @throws what connecting throws */
  ready(): Promise<void>
  /** True if the limit has to be set for each piece of work. */
  isPerTransaction(): boolean
  /** Does the work over the pool, under the limit. */
  within<Out>(work: Work<Out>): Promise<Out>
}

/**
 * `pg` sets the limit while it connects, which costs nothing; but PgBouncer then refuses the connection. Behind PgBouncer each
 * piece of work is a transaction with a limit of its own: a limit set for the session would stay for the next client that gets
 * it.
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
      // For the connections that are made from now on.
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
      // If the pooler has lost a prepared statement, the transaction has failed: the try without the statement is another
      // transaction.
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

/** PgBouncer says: unsupported startup parameter: statement_timeout. */
const isRefused = (error: unknown): boolean =>
  error instanceof Error && /startup parameter.*statement_timeout/.test(error.message)
