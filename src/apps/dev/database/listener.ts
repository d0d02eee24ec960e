import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

const AGAIN_AFTER_MS = 250

interface Hearing {
  readonly onPayload: (payload: string) => void
  readonly onGap: () => void
}

/** The connection that receives notifications. If it ends (the server restarts), another one takes its place. */
export class Listener {
  readonly #config: pg.ClientConfig
  readonly #hearings = new Map<string, Hearing>()
  #client: pg.Client
  #closed = false

  constructor(config: pg.ClientConfig) {
    this.#config = config
    this.#client = this.#made()
  }

  /** Where it is connected to. */
  get place(): { readonly host: string; readonly port: number; readonly database: string } {
    const { host, port, database = '' } = this.#client
    return { host, port, database }
  }

  async connect(): Promise<void> {
    const client = this.#client
    await client.connect()
    client.once('end', () => void this.#connectAgain())
  }

  /** `onGap`: called when notifications may have been missed. */
  async listen(channel: string, hearing: Hearing): Promise<void> {
    this.#hearings.set(channel, hearing)
    await listenTo(this.#client, channel)
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#client.end()
  }

  #made(): pg.Client {
    const client = new pg.Client(this.#config)
    // The end of the connection follows, and is handled there.
    client.on('error', () => {})
    client.on('notification', ({ channel, payload }) => this.#hearings.get(channel)?.onPayload(payload ?? ''))
    return client
  }

  async #connectAgain(): Promise<void> {
    while (!this.#closed) {
      this.#client = this.#made()
      if (await this.#isBack()) return
      await sleep(AGAIN_AFTER_MS, undefined, { ref: false })
    }
  }

  async #isBack(): Promise<boolean> {
    const client = this.#client
    try {
      await client.connect()
      for (const channel of this.#hearings.keys()) await listenTo(client, channel)
    } catch {
      // The server is not back yet. Tries again until this listener is closed.
      await client.end().catch(() => {})
      return false
    }
    client.once('end', () => void this.#connectAgain())
    for (const { onGap } of this.#hearings.values()) onGap()
    return true
  }
}

const listenTo = (client: pg.Client, channel: string) =>
  client.query(`listen ${pg.escapeIdentifier(channel)}`)
