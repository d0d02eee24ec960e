import type pg from 'pg'
import { InterlockError } from '../../core/index.ts'
import type { Connections } from './connections.ts'
import type { PostgresListener } from './listener.ts'

type Work<Out> = (connection: pg.ClientBase) => Promise<Out>

/**
 * The listening connection, used if the pool has none free: at the server's limit a pool cannot reopen connections, and your own
 * pool may be busy for long.
 */
export function spareConnection(
  { pool }: Connections,
  listener: Pick<PostgresListener, 'isListening' | 'use'>,
) {
  /** Works over the pool, or over the spare connection if the pool gets none. */
  const orSpare = async <Out>(work: Work<Out>): Promise<Out> => {
    const client = await pool.connect().catch((error: unknown) => ({ error }))
    if (!('error' in client)) return lent(client, work)
    return listener.use(work).catch((error: unknown) => {
      // Throws the pool's error, since that is the one to mend. The spare connection may lack what your program sets up for its
      // pool.
      throw error instanceof InterlockError ? error : client.error
    })
  }

  /**
   * For work that may be done twice: if the pool would make it wait, does it over both at once. The first answer counts, since
   * either connection may be held up.
   */
  const atOnce = async <Out>(work: Work<Out>): Promise<Out> => {
    if (!listener.isListening() || !isBusy(pool)) return orSpare(work)
    return Promise.any([orSpare(work), listener.use(work)]).catch(firstOf)
  }

  return { orSpare, atOnce }
}

/** As in the pool itself, a connection on which something failed is not used again. */
async function lent<Out>(client: pg.PoolClient, work: Work<Out>): Promise<Out> {
  // The pool listens only to idle connections. If one that we hold broke, it would end the process.
  const ignore = () => {}
  client.on('error', ignore)
  let isGood = false
  try {
    const out = await work(client)
    isGood = true
    return out
  } finally {
    client.off('error', ignore)
    client.release(!isGood)
  }
}

/** True if a caller who asks now has to wait for a connection. */
function isBusy({ totalCount, idleCount, options }: pg.Pool): boolean {
  return idleCount === 0 && totalCount >= (options.max ?? 10)
}

function firstOf(error: unknown): never {
  throw error instanceof AggregateError ? error.errors[0] : error
}
