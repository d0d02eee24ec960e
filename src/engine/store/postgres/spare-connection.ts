import type pg from 'pg'
import { InterlockError } from '../../core/index.ts'
import type { Connections } from './connections.ts'
import { endOf, type PostgresListener } from './listener.ts'

/** The most connections that are made beside the pool: of the beats of one lease, so many can be without an answer. */
const MOST_OWN = 4

type Work<Out> = (connection: pg.ClientBase) => Promise<Out>

/**
 * The listening connection, used if the pool has none free: at the server's limit a pool cannot reopen connections, and your own
 * pool may be busy for long.
 *
 * @param watch begins to hear what the server says on a connection beside its answers
 */
export function spareConnection(
  { pool, client }: Connections,
  listener: Pick<PostgresListener, 'use'>,
  watch: (client: pg.Client) => void,
) {
  /** Works over the pool, or over the spare connection if the pool gets none. */
  const orSpare = async <Out>(work: Work<Out>): Promise<Out> => {
    const got = await pool.connect().catch((error: unknown) => ({ error }))
    if (!('error' in got)) return lent(got, work)
    return listener.use(work).catch((error: unknown) => {
      // Throws the pool's error, since that is the one to repair. The spare connection may lack what your program sets up for its
      // pool.
      throw error instanceof InterlockError ? error : got.error
    })
  }

  /**
   * Over a connection that is made for this and ended again. If none can be made, over the one that listens: the last choice, since this
   * process hears nothing while an answer is waited for there.
   */
  const onOwn = async <Out>(work: Work<Out>): Promise<Out> => {
    const own = client()
    own.on('error', () => {})
    watch(own)
    try {
      await own.connect()
    } catch {
      await endOf(own)
      return listener.use(work).catch(() => orSpare(work))
    }
    try {
      return await work(own)
    } catch (error) {
      // It may lack what your program sets up for its pool.
      if (wasAnswered(error)) return orSpare(work)
      throw error
    } finally {
      void endOf(own)
    }
  }

  let unanswered = 0
  /**
   * For work that waits for no other, and that no other waits for: where the pool has no connection free, or such work has no answer yet (its
   * connection may be dead, or its commit waits for a standby), it gets a connection of its own.
   */
  const atOnce = async <Out>(work: Work<Out>): Promise<Out> => {
    const mustWait = unanswered > 0 || isBusy(pool)
    const connect = mustWait && unanswered <= MOST_OWN ? onOwn : orSpare
    unanswered++
    try {
      return await connect(work)
    } finally {
      unanswered--
    }
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

/** The server has said what is wrong: the connection works. */
const wasAnswered = (error: unknown): boolean => error instanceof Error && 'severity' in error

/**
 * Appends use the listening connection while it is free: the notification of the append then comes with its answer. Over another
 * connection it would wake a second backend, and this process once more: a tenth of the time of a hand-off.
 *
 * Your own pool may set up its connections in ways that the listening one does not know (`SET ROLE`), so with such a pool appends
 * stay in the pool.
 */
export function appendConnection(
  { pool, own }: Connections,
  listener: Pick<PostgresListener, 'isFree' | 'use' | 'leave'>,
) {
  return async <Out>(work: (connection: pg.Pool | pg.Client) => Promise<Out>): Promise<Out> => {
    if (!own || !listener.isFree()) return work(pool)
    try {
      return await listener.use(work)
    } catch (error) {
      // Without an answer it may be half open. A pool drops such a connection; this one would take the next append as well.
      if (!wasAnswered(error)) listener.leave()
      throw error
    }
  }
}
