import type pg from 'pg'
import { InterlockError } from '../../core/index.ts'
import type { TargetServers } from '../../events/index.ts'
import { isStartupRefused, startupRefused } from '../sql/index.ts'
import { type FoundServer, type Host, Search } from './host-search.ts'

/** The part of `pg` that makes connections. It is passed in, so that a bundle for another store does not contain it. */
export type PgDriver = Pick<typeof pg, 'Pool' | 'Client'>

export interface HostsOptions {
  readonly driver: PgDriver
  readonly hosts: readonly Host[]
  readonly wanted: TargetServers
  /** How long one server may take to say what it is. */
  readonly connectMs: number
  /** How a connection is made, but for its host. */
  readonly config: pg.ClientConfig
  /** Told when another server is used from now on. */
  readonly onMoved: (to: Host, from: Host) => void
}

interface ServerInUse {
  readonly host: Host
  readonly timeline: number
}

/** How long a server that takes writes waits for others that say the same, as a primary does that has not heard of its end. */
const RIVAL_MS = 100

/**
 * The servers of one address, and which of them is used. `pg` knows one host. So each connection first asks here which one, and when
 * that may be gone, all of them are asked until one answers that takes writes.
 */
export class Hosts {
  readonly #options: HostsOptions
  #used: Host | undefined
  /** That of the server that is used; 0: unknown. */
  #timeline = 0
  #isSure = false
  #looking: { readonly search: Search; readonly host: Promise<Host> } | undefined
  #seeking: Promise<void> | undefined
  #isOver = false
  readonly #clients = new Map<pg.Client, Host>()

  constructor(options: HostsOptions) {
    this.#options = options
  }

  /** The server to connect to. @throws what each of them said, if none will do */
  async find(): Promise<Host> {
    if (this.#isSure && this.#used !== undefined) return this.#used
    const { search, host } = this.#look()
    search.hurry()
    const refused = search.refusals().then((said) => (said === null ? host : Promise.reject(noHost(said))))
    return Promise.race([host, refused])
  }

  /** A connection failed, or a server took no writes: looks again, until a server is found. */
  doubt(): void {
    this.#isSure = false
    if (!this.#isOver) this.#look()
  }

  /**
   * A call hangs on the server that is used, which answers otherwise: asks the others. If one of them takes writes and was promoted later, it is
   * used from now on. What is being done here goes on meanwhile, since the call may just take long.
   */
  seekRival(): void {
    if (this.#isOver || !this.#isSure || this.#options.wanted === 'any') return
    this.#seeking ??= this.#seek().finally(() => {
      this.#seeking = undefined
    })
  }

  /**
   * Connects a client, which is used until it ends or its server is left. That may happen while it connects: a server that goes may take
   * the call and say nothing, and the client would wait for its limit.
   * @throws if its server is not what is wanted
   */
  async join(client: pg.Client, host: Host, connect: () => Promise<unknown>): Promise<void> {
    this.#clients.set(client, host)
    client.once('end', () => this.#clients.delete(client))
    try {
      await connect()
      if (!(await this.#isWanted(client))) throw readOnly(host.name)
    } catch (error) {
      this.#clients.delete(client)
      throw error
    }
  }

  close(): void {
    this.#isOver = true
    this.#looking?.search.end()
  }

  #look() {
    if (this.#isOver) throw new InterlockError('closed', 'the store is closed; make a new one')
    this.#looking ??= this.#begin()
    return this.#looking
  }

  #begin() {
    const { hosts, wanted } = this.#options
    const ask = (host: Host) => this.#probe(host)
    const search = new Search({ hosts, ask, inOrder: wanted === 'any' })
    const host = search.found
      .then((claim) => this.#choose(search, claim))
      .then((found) => this.#use(found))
      .finally(() => {
        search.end()
        this.#looking = undefined
      })
    host.catch(() => {})
    return { search, host }
  }

  async #seek(): Promise<void> {
    const used = this.#used
    const all = await Promise.all(this.#options.hosts.map((host) => this.#probe(host).catch(() => null)))
    const claims = all.filter((claim) => claim !== null)
    try {
      const mine = claims.filter(({ host }) => host === used)
      const rivals = claims.filter(({ host }) => host !== used)
      if (rivals.length === 0) return
      const found = await newest([...mine, ...rivals])
      // Its own server may answer too late. It is not left for one that was promoted before it.
      const isOlder = mine.length === 0 && this.#timeline > 0 && found.timeline < this.#timeline
      if (used === this.#used && !this.#isOver && !isOlder) this.#use(found)
    } finally {
      for (const { client } of claims) client.end().catch(() => {})
    }
  }

  async #choose(search: Search, claim: FoundServer): Promise<ServerInUse> {
    if (this.#options.wanted === 'any') return { host: claim.host, timeline: 0 }
    const found = await newest([claim])
    // The one that was used may only be slow: it has all the time that a server has, before one takes its place that was promoted earlier.
    const ms = found.timeline < this.#timeline ? this.#options.connectMs : RIVAL_MS
    const rivals = await search.rivalsOf(claim, ms)
    return rivals.length === 0 ? found : newest([claim, ...rivals])
  }

  #use({ host, timeline }: ServerInUse): Host {
    const before = this.#used
    this.#used = host
    this.#timeline = timeline
    this.#isSure = true
    if (before === undefined || before === host) return host
    // They may hang for as long as TCP tries.
    for (const [client, at] of this.#clients) if (at !== host) client.connection.stream.destroy()
    this.#options.onMoved(host, before)
    return host
  }

  /** @throws Error what the server said, if it is not what is wanted */
  async #probe(host: Host): Promise<FoundServer> {
    const { driver, config, connectMs } = this.#options
    const client = new driver.Client({
      ...config,
      connectionTimeoutMillis: connectMs,
      query_timeout: connectMs,
    })
    at(client, host)
    client.on('error', () => {})
    try {
      await client.connect()
      if (!(await this.#isWanted(client))) throw new Error('takes no writes (a standby?)')
      return { host, client }
    } catch (error) {
      leave(client)
      const { message, code } = error as { readonly message?: string; readonly code?: string }
      throw new Error(`${host.name}: ${message || code}`)
    }
  }

  async #isWanted(client: pg.Client): Promise<boolean> {
    const { wanted } = this.#options
    if (wanted === 'any') return true
    const word = wanted === 'primary' ? 'in_hot_standby' : 'transaction_read_only'
    const { rows } = await client.query<{ word: string }>(`select current_setting('${word}') as word`)
    return rows[0]?.word === 'off'
  }
}

/** A class of clients that connect to whichever server is used when they do. */
export function clientOf(hosts: Hosts, { Client }: PgDriver): PgDriver['Client'] {
  return class extends Client {
    override connect(): Promise<pg.Client>
    override connect(callback: (error: Error) => void): void
    override connect(callback?: (error: Error) => void): Promise<pg.Client> | undefined {
      const connected = this.#connect()
      if (callback === undefined) return connected
      connected.then(() => (callback as (error?: Error) => void)(), callback)
      return undefined
    }

    async #connect(): Promise<pg.Client> {
      const host = await hosts.find()
      at(this, host)
      // The pool listens to errors once this has resolved. A server that goes a moment earlier would end the process.
      this.on('error', () => {})
      try {
        await hosts.join(this, host, () => super.connect())
        return this
      } catch (error) {
        hosts.doubt()
        leave(this)
        throw error
      }
    }
  }
}

/** Says where a client connects to; the driver looks here when it does, and again for the files that hold passwords. */
function at(client: pg.Client, { host, port }: Host): void {
  const { connectionParameters } = client as unknown as { readonly connectionParameters: object }
  Object.assign(client, { host, port })
  Object.assign(connectionParameters, { host, port })
}

/** Without waiting for the answer of a server that may be gone. */
function leave(client: pg.Client): void {
  client.on('error', () => {})
  client.end().catch(() => {})
  client.connection.stream.destroy()
}

/**
 * Each promotion begins a timeline, so the highest is the last one promoted; the others have not heard of it. A server that does not say
 * (Aurora) counts as the oldest.
 */
async function newest(rivals: readonly FoundServer[]): Promise<ServerInUse> {
  const timelines = await Promise.all(rivals.map(({ client }) => timelineOf(client)))
  const highest = Math.max(...timelines)
  const found = rivals[timelines.indexOf(highest)]
  if (found === undefined) throw new Error('none')
  return { host: found.host, timeline: highest }
}

async function timelineOf(client: pg.Client): Promise<number> {
  const text = 'select left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) as timeline'
  const answer = await client.query<{ timeline: string }>(text).catch(() => undefined)
  return Number.parseInt(answer?.rows[0]?.timeline ?? '0', 16)
}

/** The way the server itself says it, so that it counts as the same. */
const readOnly = (name: string) =>
  Object.assign(new Error(`${name} takes no writes (a standby?)`), { code: '25006' })

function noHost(said: readonly string[]): InterlockError {
  const all = said.join('; ')
  if (said.every(isStartupRefused)) return startupRefused(all)
  return new InterlockError(
    'store_unavailable',
    `no server takes writes now (${all}); Interlock asks them again by itself`,
    { cause: 'no_primary' },
  )
}
