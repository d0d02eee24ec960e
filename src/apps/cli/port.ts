import { once } from 'node:events'
import type { Server } from 'node:net'
import { invalidInput } from '../../engine/core/index.ts'

/** This machine only: the server may give access to real data. */
const HOST = '127.0.0.1'

/** @throws InterlockError `invalid_input` if another program listens on the port */
export async function listenOn(server: Server, port: number): Promise<void> {
  server.listen(port, HOST)
  await once(server, 'listening').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE' && error.code !== 'EACCES') throw error
    const why = error.code === 'EACCES' ? 'not allowed for this user' : 'taken by another program'
    throw invalidInput(`port ${port} of ${HOST} is ${why}; use --port 0 for a free one`)
  })
  // Too many open files, say: a connection fails, and nothing else.
  server.on('error', () => {})
}
