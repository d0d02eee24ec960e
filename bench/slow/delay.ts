import { connect, createServer, type Socket } from 'node:net'

/** A TCP proxy before a server that delays every byte by so many milliseconds, each way. */
export async function delayingProxy(url: string, ms: number) {
  const target = new URL(url)
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname)
    later(near, far, ms)
    later(far, near, ms)
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => socket.destroy())
      socket.on('close', () => sockets.delete(socket))
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const through = new URL(url)
  const address = server.address()
  through.host = `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  const close = () => {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
  return { url: through.href, close }
}

function later(from: Socket, to: Socket, ms: number): void {
  from.on('data', (bytes) => (ms === 0 ? to.write(bytes) : setTimeout(() => to.write(bytes), ms)))
  from.on('close', () => setTimeout(() => to.destroy(), ms))
}
