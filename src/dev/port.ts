import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { invalidInput } from '../core/index.ts'

/** To this machine only: it may be a door to real data. */
const HOST = '127.0.0.1'

/** @throws InterlockError `invalid_input` when another program listens there */
export async function listenOn(server: Server, port: number): Promise<void> {
  server.listen(port, HOST)
  await once(server, 'listening').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE' && error.code !== 'EACCES') throw error
    const why = error.code === 'EACCES' ? 'not allowed for this user' : 'taken by another program'
    throw invalidInput(`port ${port} of ${HOST} is ${why}; use --port 0 for a free one`)
  })
}

/** Before anything is made or opened. @throws InterlockError `invalid_input` */
export async function requirePort(port: number): Promise<void> {
  const server = createServer()
  await listenOn(server, port)
  server.close()
  await once(server, 'close')
}
