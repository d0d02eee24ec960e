import type { Claims, ProjectKeys } from '../keys.ts'
import { ClientChannel } from './channel.ts'
import { type PhoenixMessage, parseJoin, refusalOf } from './messages.ts'

export interface ConnectionOptions {
  readonly keys: ProjectKeys
  /** The key in the address of the connection. */
  readonly apikey: string | undefined
  readonly send: (frame: PhoenixMessage) => void
  /** A client has joined a channel: begin to watch its changes. */
  readonly onJoined: (channel: ClientChannel) => void
  readonly onBroadcast: (from: ClientChannel, topic: string, payload: unknown) => void
}

/** One client: its channels, and what it may do. */
export class Connection {
  readonly channels = new Map<string, ClientChannel>()
  readonly #options: ConnectionOptions

  constructor(options: ConnectionOptions) {
    this.#options = options
  }

  async receive(frame: PhoenixMessage): Promise<void> {
    switch (frame.event) {
      case 'heartbeat':
        return this.#reply(frame, 'ok', {})
      case 'phx_join':
        return this.#join(frame)
      case 'phx_leave':
        this.channels.delete(frame.topic)
        this.#reply(frame, 'ok', {})
        return this.#options.send({ ...frame, ref: null, event: 'phx_close', payload: {} })
      case 'broadcast':
        return this.#broadcast(frame)
      case 'access_token':
        return
      default:
        return this.#reply(frame, 'error', { reason: `unknown event ${frame.event}` })
    }
  }

  async #join(frame: PhoenixMessage): Promise<void> {
    const join = parseJoin(frame.payload)
    if (join === null) return this.#reply(frame, 'error', { reason: 'the payload of the join is malformed' })
    const refusal = refusalOf(join)
    if (refusal !== null) return this.#reply(frame, 'error', { reason: refusal })
    const claims = await this.#claims(join.access_token ?? undefined)
    if (typeof claims === 'string') return this.#reply(frame, 'error', { reason: claims })
    const { topic, joinRef } = frame
    if (join.config.private && claims.role !== 'service_role') {
      const reason = `Unauthorized: You do not have permissions to read from this Channel topic: ${topic.replace(/^realtime:/, '')}`
      return this.#reply(frame, 'error', { reason })
    }
    const channel = new ClientChannel({ topic, joinRef, join, claims, send: this.#options.send })
    this.channels.set(topic, channel)
    this.#reply(frame, 'ok', channel.response)
    this.#options.onJoined(channel)
  }

  /** The claims of a token, or why there are none. */
  async #claims(token: string | undefined): Promise<Claims | string> {
    const { keys, apikey } = this.#options
    return keys.claimsOf(token ?? apikey).catch((error: Error) => `InvalidJWTToken: ${error.message}`)
  }

  #broadcast(frame: PhoenixMessage): void {
    const channel = this.channels.get(frame.topic)
    if (channel === undefined) return this.#reply(frame, 'error', { reason: 'unmatched topic' })
    this.#options.onBroadcast(channel, frame.topic, frame.payload)
  }

  #reply({ joinRef, ref, topic }: PhoenixMessage, status: 'ok' | 'error', response: object): void {
    this.#options.send({ joinRef, ref, topic, event: 'phx_reply', payload: { status, response } })
  }
}
