import type { AddressInfo } from 'node:net'
import { connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export interface Cut {
  readonly url: string
  /** Ends every connection to Realtime and refuses new ones. */
  cut(): void
  heal(): void
  /** Whether nobody asks the API for so many milliseconds. */
  quietFor(ms: number): Promise<boolean>
}

/** A TCP proxy before a local Supabase whose way to Realtime can be cut while its API goes on; ended with the test. */
export async function startCut(target: string): Promise<Cut> {
  const { port, hostname } = new URL(target)
  const sockets = new Set<Socket>()
  const realtime = new Set<Socket>()
  let isCut = false
  let chunks = 0
  const server = createServer((inner) => {
    sockets.add(inner)
    inner.on('error', () => inner.destroy()).on('close', () => sockets.delete(inner))
    inner.once('data', (first: Buffer) => {
      const isRealtime = first.toString('latin1').startsWith('GET /realtime')
      if (isRealtime && isCut) return void inner.destroy()
      const outer = connect(Number(port), hostname)
      outer.on('error', () => inner.destroy()).on('close', () => inner.destroy())
      inner.on('close', () => outer.destroy())
      chunks++
      outer.write(first)
      inner.pipe(outer).pipe(inner)
      if (isRealtime) realtime.add(inner)
      else inner.on('data', () => chunks++)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut: () => {
      isCut = true
      for (const socket of realtime) socket.destroy()
      realtime.clear()
    },
    heal: () => {
      isCut = false
    },
    quietFor: async (ms) => {
      const before = chunks
      await new Promise((resolve) => setTimeout(resolve, ms))
      return chunks === before
    },
  }
}
