/**
 * A real TCP proxy before a PostgreSQL server: an uplink of so many bytes per second for all connections together, a delay each way, replies
 * that get lost, and notifications that get lost or come twice.
 */
import { createServer, connect as dial, type Socket } from 'node:net'
import { atEnd } from './this-test.ts'

export interface SlowLink {
  /** The same address, over this link. */
  readonly url: string
  /** Bytes per second from the client to the server. */
  bytesPerSecond: number
  /** Milliseconds on the way there, and on the way back. */
  delayUp: number
  delayDown: number
  /** Bytes that the clients have sent so far. */
  sent: number
  /** Counts up to cut: each connection that is open then loses its next reply, and ends with it. */
  cuts: number
  /** How often each notification arrives. */
  notifications: 0 | 1 | 2
  /** Notifications that did not arrive just once. */
  changed: number
}

/** What a sender may have under way before it has to wait, as a real one's buffers. */
const BUFFER = 65_536

export async function slowLink(url: string): Promise<SlowLink> {
  const target = new URL(url)
  const sockets = new Set<Socket>()
  let free = 0
  const server = createServer((client) => {
    const upstream = dial(Number(target.port), target.hostname)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => sockets.delete(socket))
    }
    const cutsBefore = link.cuts
    const messages = new Messages()
    let under = 0
    client.on('data', (chunk) => {
      link.sent += chunk.length
      under += chunk.length
      if (under > BUFFER) client.pause()
      const now = performance.now()
      free = Math.max(free, now) + (chunk.length / link.bytesPerSecond) * 1_000
      const leave = free
      setTimeout(() => {
        under -= chunk.length
        if (under <= BUFFER) client.resume()
      }, leave - now)
      setTimeout(() => upstream.write(chunk), leave + link.delayUp - now)
    })
    upstream.on('data', (chunk) => {
      const bytes = Buffer.concat(messages.whole(chunk).flatMap(arriving))
      if (link.cuts === cutsBefore) return setTimeout(() => client.write(bytes), link.delayDown)
      upstream.destroy()
      return client.destroy()
    })
    client.on('close', () => setTimeout(() => upstream.destroy(), link.delayUp))
    upstream.on('close', () => setTimeout(() => client.destroy(), link.delayDown))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  atEnd(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  const address = server.address()
  const through = new URL(url)
  through.hostname = '127.0.0.1'
  through.port = String(typeof address === 'object' ? address?.port : '')
  const link = {
    ...{ url: through.href, bytesPerSecond: Number.POSITIVE_INFINITY },
    ...{ delayUp: 0, delayDown: 0, sent: 0, cuts: 0, changed: 0 },
    notifications: 1 as SlowLink['notifications'],
  }
  const arriving = (message: Buffer): Buffer[] => {
    if (message[0] !== NOTIFICATION || link.notifications === 1) return [message]
    link.changed++
    return Array.from({ length: link.notifications }, () => message)
  }
  return link
}

/** The letter of a NotificationResponse. */
const NOTIFICATION = 'A'.charCodeAt(0)

/** What a PostgreSQL server sends, cut into messages: a letter, and a length that counts itself. Without TLS. */
class Messages {
  #held: Buffer[] = []
  #size = 0
  #wanted = 5

  /** Those that are whole now; the rest of the bytes is kept for the next chunk. */
  whole(chunk: Buffer): Buffer[] {
    this.#held.push(chunk)
    this.#size += chunk.length
    if (this.#size < this.#wanted) return []
    const bytes = Buffer.concat(this.#held)
    const messages: Buffer[] = []
    let from = 0
    const end = () => (bytes.length < from + 5 ? from + 5 : from + 1 + bytes.readUInt32BE(from + 1))
    for (let to = end(); to <= bytes.length; to = end()) {
      messages.push(bytes.subarray(from, to))
      from = to
    }
    this.#wanted = end() - from
    this.#held = [bytes.subarray(from)]
    this.#size = bytes.length - from
    return messages
  }
}
