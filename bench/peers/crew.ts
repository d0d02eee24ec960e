import { setTimeout as delay } from 'node:timers/promises'
import { connected } from '../frame/servers.ts'
import { sum } from '../frame/statistics.ts'
import { clock } from './clock.ts'
import type { Labour, Many, Peer, Setting, Task } from './peer.ts'
import { BenchProcess, type Report } from './process.ts'
import { thousands } from './tasks.ts'

/** How long ends may lag behind, and how often that is looked at. */
const LAG_MS = 10_000
const LOOK_MS = 5

export interface Place {
  readonly url: string
  readonly slots: number
  readonly keys: readonly string[]
  readonly intake?: boolean
  readonly labour?: Labour | undefined
  readonly many?: Many | undefined
}

export interface Round {
  /** How many handlers each process has called in that time. */
  readonly counts: readonly number[]
  /** From the first handler to the last; all the time there was, where not all were done. */
  readonly elapsedMs: number
  readonly reports: readonly Report[]
}

/** Worker processes on one line of a peer, which is filled while they rest. */
export class Crew implements AsyncDisposable {
  readonly #peer: Peer
  readonly #place: Place
  readonly #processes: readonly BenchProcess[]

  private constructor(peer: Peer, place: Place, processes: readonly BenchProcess[]) {
    this.#peer = peer
    this.#place = place
    this.#processes = processes
  }

  /** Resolves when all have connected. */
  static async start(peer: Peer, place: Place, processes: number): Promise<Crew> {
    const starting = Array.from({ length: processes }, (_, process) =>
      BenchProcess.start(peer.name, { ...place, process, processes }),
    )
    const settled = await Promise.allSettled(starting)
    const started = settled.flatMap((it) => (it.status === 'fulfilled' ? [it.value] : []))
    const crew = new Crew(peer, place, started)
    const failed = settled.find((it) => it.status === 'rejected')
    if (failed === undefined) return crew
    await crew[Symbol.asyncDispose]()
    throw failed.reason
  }

  /** Fills the line from this process, which then leaves: nobody is there but the workers. */
  async fill(tasks: readonly Task[]): Promise<void> {
    const session = await this.producer()
    for (const some of thousands(tasks)) await session.enqueue(some)
    await session.close()
    // As the server does by itself before a minute is over.
    if (this.#peer.on === 'postgres') await connected(this.#place.url, (client) => client.query('analyze'))
  }

  producer() {
    const setting: Setting = { ...this.#place, process: 0, processes: 1 }
    return this.#peer.connect(setting)
  }

  /** Lets all of them work, until they leave. */
  async work(): Promise<void> {
    await this.#all({ do: 'work', each: false })
  }

  /**
   * Lets all of them work at once until so many handlers were called, or the time is over.
   *
   * @param all those are all jobs there are: the ends of the last belong to the time
   */
  async round(enough: number, mostMs: number, all = false): Promise<Round> {
    const over = this.#overAfter(enough)
    const from = clock()
    await this.work()
    const waiting = new AbortController()
    const inTime = await Promise.race([
      over.then(() => true),
      delay(mostMs, false, { signal: waiting.signal }),
    ]).finally(() => {
      over.catch(() => {})
      waiting.abort()
    })
    const end = clock()
    const emptied = inTime && all ? await this.#emptied(end) : undefined
    const reports = (await this.#all({ do: 'stop' })) as readonly Report[]
    const counts = reports.map(({ starts }) => starts.filter((at) => at <= end).length)
    // Of those that were not done in time, the time before the first handler counts too: it may be nearly all of it.
    const first = inTime && sum(counts) > 1 ? Math.min(...reports.map(firstOf)) : from
    const last = emptied ?? (inTime ? Math.max(...reports.map(lastOf)) : end)
    return { counts, elapsedMs: last - first, reports }
  }

  /** Lets all of them work for so long, and something happen in the middle of it. What those say that are still there. */
  async during(ms: number, event: () => Promise<void>): Promise<readonly Report[]> {
    await this.work()
    await delay(ms / 2)
    await event()
    await delay(ms / 2)
    const alive = this.#processes.filter((process) => process.isAlive)
    return Promise.all(alive.map((process) => process.ask<Report>({ do: 'stop' })))
  }

  /** False: there is no such process. */
  kill(number: number): boolean {
    return this.#processes[number]?.kill() === true
  }

  /** The one process of a crew of one. */
  get only(): BenchProcess {
    const [first] = this.#processes
    if (first === undefined) throw new Error('nobody works')
    return first
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#processes.map((process) => process[Symbol.asyncDispose]()))
  }

  /** When nothing was left; undefined where that is a moment after the last handler. */
  async #emptied(from: number): Promise<number | undefined> {
    if (this.#peer.left === undefined) return undefined
    while ((await this.#peer.left(this.#place.url)) > 0 && clock() < from + LAG_MS) await delay(LOOK_MS)
    return clock()
  }

  #all(order: Parameters<BenchProcess['ask']>[0]): Promise<unknown[]> {
    return Promise.all(this.#processes.map((process) => process.ask(order)))
  }

  #overAfter(enough: number): Promise<void> {
    const counts = new Map<BenchProcess, number>()
    return new Promise((resolve) => {
      for (const process of this.#processes)
        process.onHandled = (handled) => {
          counts.set(process, handled)
          if (sum([...counts.values()]) >= enough) resolve()
        }
    })
  }
}

const firstOf = ({ starts }: Report): number => starts[0] ?? Number.POSITIVE_INFINITY
const lastOf = ({ starts }: Report): number => starts.at(-1) ?? Number.NEGATIVE_INFINITY
