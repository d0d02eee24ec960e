import { type RedisServer, startRedis } from '../frame/redis.ts'
import type { Servers } from '../frame/servers.ts'
import { redis } from './others.ts'
import { NotMeasured, type Peer } from './peer.ts'

/** Where the cells are measured: each on a fresh copy, so that nothing of the cell before is left. */
export class Ground implements AsyncDisposable {
  readonly #servers: Servers
  readonly #redis = new Map<string, Promise<RedisServer | undefined>>()

  constructor(servers: Servers) {
    this.#servers = servers
  }

  /** Works on a fresh database, or an empty Redis, and drops what is in it. @throws NotMeasured where there is no Redis */
  async fresh<Out>(peer: Peer, work: (url: string) => Promise<Out>): Promise<Out> {
    if (peer.on !== 'postgres') return work(await this.#emptyRedis(peer.on))
    const url = await this.#servers.copy(peer.pack ?? peer.name, peer.migrate)
    try {
      await peer.change?.(url)
      return await work(url)
    } finally {
      await this.#servers.drop(url)
    }
  }

  async #emptyRedis(on: 'redis' | 'redis-always'): Promise<string> {
    const starting = this.#redis.get(on) ?? startRedis(on === 'redis' ? 'everysec' : 'always')
    this.#redis.set(on, starting)
    const server = await starting
    if (server === undefined)
      throw new NotMeasured('no redis-server on this machine (apt-get install redis-server)')
    await (await redis()).empty(server.url)
    return server.url
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#redis.values()].map(async (starting) => (await starting)?.remove()))
  }
}
