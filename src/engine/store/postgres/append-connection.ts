import type pg from 'pg'
import type { Connections } from './connections.ts'
import type { PostgresListener } from './listener.ts'

/** The server has said what is wrong: the connection works. */
export const wasAnswered = (error: unknown): boolean => error instanceof Error && 'severity' in error

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
