import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { type WebSocket, WebSocketServer } from 'ws'
import type { ProjectDatabase } from '../database.ts'
import { addressOf } from '../http.ts'
import type { ProjectKeys } from '../keys.ts'
import { channels } from '../setup.ts'
import { Changes } from './changes.ts'
import type { ClientChannel } from './channel.ts'
import { Connection } from './connection.ts'
import {
  type DatabaseBroadcast,
  decodeFrame,
  encodeFrame,
  parseBroadcast,
  parseChange,
  type RowChange,
} from './messages.ts'

export interface RealtimeOptions {
  readonly db: ProjectDatabase
  readonly keys: ProjectKeys
  /** How long after a join changes of tables begin to flow; the real service took 1.7 to 3 s. */
  readonly changesAfterMs: number
}

/** Serves Realtime's channels at /realtime/v1/websocket of `http`. */
export class RealtimeServer {
  readonly #options: RealtimeOptions
  readonly #changes: Changes
  readonly #sockets = new WebSocketServer({ noServer: true })
  readonly #connections = new Set<Connection>()

  constructor(http: Server, options: RealtimeOptions) {
    this.#options = options
    this.#changes = new Changes(options.db)
    http.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head))
  }

  async start(): Promise<void> {
    const { db } = this.#options
    await db.listen(channels.broadcast, (payload) => {
      const broadcast = parseBroadcast(payload)
      if (broadcast) this.#broadcast(broadcast)
    })
    await db.listen(channels.change, (payload) => {
      const change = parseChange(payload)
      if (change) void this.#tell(change)
    })
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate()
    this.#sockets.close()
    await this.#changes.close()
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const url = addressOf(request)
    if (url.pathname !== '/realtime/v1/websocket') return refuse(socket)
    this.#sockets.handleUpgrade(request, socket, head, (opened) =>
      this.#serve(opened, url.searchParams.get('apikey') ?? undefined),
    )
  }

  #serve(socket: WebSocket, apikey: string | undefined): void {
    const connection = new Connection({
      apikey,
      keys: this.#options.keys,
      send: (frame) => socket.send(encodeFrame(frame)),
      onJoined: (channel) => void this.#watchLater(channel),
      onBroadcast: (from, topic, payload) => this.#pass(topic, from.isPrivate, payload, from),
    })
    this.#connections.add(connection)
    socket.on('close', () => this.#connections.delete(connection))
    socket.on('error', () => socket.terminate())
    socket.on('message', (data: Buffer, isBinary) => {
      const frame = decodeFrame(data, isBinary)
      if (frame) connection.receive(frame).catch(() => socket.close(INTERNAL_ERROR))
    })
  }

  async #watchLater(channel: ClientChannel): Promise<void> {
    await sleep(this.#options.changesAfterMs, undefined, { ref: false })
    await channel.watch(this.#changes)
  }

  #broadcast({ topic, event, private: isPrivate, payload }: DatabaseBroadcast): void {
    this.#pass(`realtime:${topic}`, isPrivate, { type: 'broadcast', event, payload })
  }

  /** A public and a private channel of the same name are different channels. */
  #pass(topic: string, isPrivate: boolean, payload: unknown, from?: ClientChannel): void {
    for (const connection of this.#connections) {
      const channel = connection.channels.get(topic)
      if (channel === undefined || channel.isPrivate !== isPrivate) continue
      if (channel !== from) channel.push('broadcast', payload)
    }
  }

  async #tell(change: RowChange): Promise<void> {
    const columns = await this.#changes.columnsOf(change)
    if (columns === undefined) return
    for (const connection of this.#connections) {
      for (const channel of connection.channels.values()) channel.tell(change, columns)
    }
  }
}

/** WebSocket's code for an error of the server's. */
const INTERNAL_ERROR = 1011

function refuse(socket: Duplex): void {
  // The other side may be gone already.
  socket.on('error', () => socket.destroy())
  socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
}
