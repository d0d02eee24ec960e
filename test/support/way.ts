import net from 'node:net'
import { atEnd } from './this-test.ts'

/** A way to a server, for the connections that there are and for those that come. */
export interface Route {
  /** `host:port` */
  readonly host: string
  /** How many connections have come so far. */
  connections(): number
  /** So many milliseconds pass before a connection that comes from now on leads anywhere. */
  greetLate(ms: number): void
  /** It takes everything and says nothing any more. */
  silence(): void
  /** It leads to another server. */
  leadTo(url: string): void
}

/** @param port a free one unless given */
export async function routeTo(url: string, port = 0): Promise<Route> {
  const sockets = new Set<net.Socket>()
  let target = new URL(url)
  let isSilent = false
  let connections = 0
  let lateMs = 0
  const server = net.createServer((near) => {
    sockets.add(near.on('error', () => {}))
    connections++
    if (lateMs === 0) lead(near)
    else setTimeout(() => lead(near), lateMs)
  })
  const lead = (near: net.Socket) => {
    if (isSilent || near.destroyed) return
    const far = net.connect(Number(target.port), target.hostname)
    sockets.add(far.on('error', () => near.destroy()).on('close', () => near.destroy()))
    near.on('close', () => far.destroy())
    near.pipe(far).pipe(near)
  }
  const cut = () => {
    for (const socket of sockets) socket.destroy()
    sockets.clear()
  }
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  atEnd(() => {
    cut()
    server.close()
  })
  return {
    host: `127.0.0.1:${(server.address() as net.AddressInfo).port}`,
    connections: () => connections,
    greetLate: (ms) => {
      lateMs = ms
    },
    silence: () => {
      isSilent = true
      for (const socket of sockets) socket.unpipe()
      for (const socket of sockets) socket.resume()
    },
    leadTo: (other) => {
      target = new URL(other)
      cut()
    },
  }
}
