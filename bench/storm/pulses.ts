import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'

/** A process that can be stopped and told to go on. */
export interface Pausable {
  signal(name: 'SIGSTOP' | 'SIGCONT'): void
}

/** How many processes stand still at once, at most. */
const AT_ONCE = 3
/** How often it is the combiner that is stopped. */
const COMBINER_SHARE = 1 / 3
/** How long a stop lasts, and the rest after it, in leases: at random between these. */
const LASTS = { least: 1.1, most: 1.9 }
const RESTS = { least: 0.05, most: 0.4 }

/** Stops processes at random, each for longer than its lease, until they are all healed. */
export class Pulses {
  readonly #processes: readonly Pausable[]
  readonly #leaseMs: number
  readonly #client: pg.Client
  readonly #stopped = new Set<number>()
  readonly #over = new AbortController()
  readonly #loops: readonly Promise<void>[]
  count = 0
  /** Of those, how many hit the combiner. */
  onCombiner = 0

  constructor(processes: readonly Pausable[], leaseMs: number, client: pg.Client) {
    this.#processes = processes
    this.#leaseMs = leaseMs
    this.#client = client
    this.#loops = Array.from({ length: AT_ONCE }, () => this.#loop())
  }

  /** Everybody goes on, and is stopped no more. */
  async heal(): Promise<void> {
    this.#over.abort()
    await Promise.all(this.#loops)
  }

  async #loop(): Promise<void> {
    while (!this.#over.signal.aborted) {
      await this.#pause(RESTS)
      const number = await this.#choose()
      if (this.#over.signal.aborted || number === undefined) continue
      this.#stopped.add(number)
      this.count++
      this.#processes[number]?.signal('SIGSTOP')
      await this.#pause(LASTS)
      this.#processes[number]?.signal('SIGCONT')
      this.#stopped.delete(number)
    }
  }

  async #choose(): Promise<number | undefined> {
    const combiner = Math.random() < COMBINER_SHARE ? await this.#combiner() : undefined
    const awake = [...this.#processes.keys()].filter((number) => !this.#stopped.has(number))
    if (combiner !== undefined && awake.includes(combiner)) {
      this.onCombiner++
      return combiner
    }
    return awake[Math.floor(Math.random() * awake.length)]
  }

  /** A process keeps its first worker id as a name, which begins with the name that it was given. */
  async #combiner(): Promise<number | undefined> {
    const text =
      "select substring(combiner from '^process-(\\d+)')::integer as number from interlock.job_queue_combiners"
    return (await this.#client.query<{ number: number | null }>(text)).rows[0]?.number ?? undefined
  }

  #pause({ least, most }: typeof LASTS): Promise<void> {
    const ms = this.#leaseMs * (least + Math.random() * (most - least))
    return delay(ms, undefined, { signal: this.#over.signal }).catch(() => {})
  }
}
