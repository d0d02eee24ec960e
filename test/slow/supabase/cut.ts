import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { atEnd } from '../../support/this-test.ts'

export interface Cut {
  readonly url: string
  /** Ends every connection to Realtime and refuses new ones. */
  cut(): void
  heal(): void
  /** Connections to Realtime that are there now. */
  connected(): number
  /** Whether nobody asks the API for so many milliseconds. */
  quietFor(ms: number): Promise<boolean>
}

/** {@link openCut}, ended with the test. */
export async function startCut(target: string): Promise<Cut> {
  const cut = await openCut(target)
  atEnd(() => cut.close())
  return cut
}

/** A TCP proxy before a stand-in for Supabase whose way to Realtime can be cut while its API goes on. */
export async function openCut(target: string): Promise<Cut & { close(): Promise<void> }> {
  const { port, hostname } = new URL(target)
  const sockets = new Set<Socket>()
  const realtime = new Set<Socket>()
  let isCut = false
  let chunks = 0
  // A client asks for Realtime on any connection that it has, also on one on which it asked for something else before.
  const isAsked = (chunk: Buffer) => chunk.toString('latin1', 0, 13) === 'GET /realtime'
  const server = createServer((inner) => {
    sockets.add(inner)
    const outer = connect(Number(port), hostname)
    outer.on('error', () => inner.destroy()).on('close', () => inner.destroy())
    inner.on('error', () => inner.destroy())
    inner.on('close', () => {
      sockets.delete(inner)
      realtime.delete(inner)
      outer.destroy()
    })
    inner.on('data', (chunk: Buffer) => {
      if (isAsked(chunk)) realtime.add(inner)
      if (!realtime.has(inner)) chunks++
      if (isCut && realtime.has(inner)) inner.destroy()
      else outer.write(chunk)
    })
    outer.pipe(inner)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut: () => {
      isCut = true
      for (const socket of realtime) socket.destroy()
    },
    heal: () => {
      isCut = false
    },
    connected: () => realtime.size,
    quietFor: async (ms) => {
      const before = chunks
      await new Promise((resolve) => setTimeout(resolve, ms))
      return chunks === before
    },
  }
}
