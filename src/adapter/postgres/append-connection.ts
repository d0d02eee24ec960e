import type pg from 'pg'
import type { Connections } from './connections.ts'
import type { Listener } from './listener.ts'

/**
 * Appends go over the connection that listens, while it is free: the notification of one's own append then comes with its
 * answer. Over another one it wakes a second backend and this process once more, a tenth of a hand-off.
 *
 * A program's own pool may set up its connections in ways that the listening one knows nothing of (`SET ROLE`): there,
 * appends stay in the pool.
 */
export function appendConnection({ pool, own }: Connections, listener: Pick<Listener, 'connection'>) {
  let taken = false
  return async <Out>(work: (connection: pg.Pool | pg.Client) => Promise<Out>): Promise<Out> => {
    const connection = own && !taken ? listener.connection() : null
    if (connection === null) return work(pool)
    taken = true
    try {
      return await work(connection)
    } finally {
      taken = false
    }
  }
}
