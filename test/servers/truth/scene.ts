/** One situation of one job, made for real: its own queue on a real server, and the processes that come and go there. */
import pg from 'pg'
import {
  type Coordinator,
  type CoordinatorOptions,
  createCoordinator,
  silentLogger,
} from '../../../src/engine/coordinator/index.ts'
import type { LogStore } from '../../../src/engine/store/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { createDatabase } from '../../support/postgres-database.ts'
import { eventually } from '../../support/this-test.ts'
import { type Clocked, clockOf } from '../contract/clocked.ts'

/** A database that situations share, or that one has for itself. */
export interface Place {
  readonly url: string
  readonly pool: pg.Pool
  readonly store: LogStore
  /** Sets the clock of the database: so many seconds from the real one. */
  readonly setClock: Clocked['set']
  close(): Promise<void>
}

export async function placeOf(): Promise<Place> {
  const url = await createDatabase('truth', 'migrated')
  const pool = new pg.Pool({ connectionString: url, max: 4 })
  const setClock = await clockOf(pool)
  const store = postgresStore(url)
  const close = async () => {
    await store.close()
    await pool.end()
  }
  return { url, pool, store, setClock, close }
}

/** Longer than what passes in any situation. */
const LEASE_MS = 3_600_000

type Json = Readonly<Record<string, unknown>>

export interface WorkerAs {
  readonly kinds?: readonly string[]
  readonly freeSlots?: number
  readonly graceMs?: number
}

export class Scene {
  readonly queue: string
  readonly url: string
  readonly pool: pg.Pool
  readonly store: LogStore
  readonly #setClock: Clocked['set']
  readonly #open: Coordinator[] = []

  constructor({ url, pool, store, setClock }: Place, queue: string) {
    this.url = url
    this.pool = pool
    this.store = store
    this.#setClock = setClock
    this.queue = queue
  }

  get #options(): CoordinatorOptions {
    const { store, queue } = this
    return { store, queue, logger: silentLogger, pollMs: 200, leaseMs: LEASE_MS }
  }

  /** The value of the first column of the first row. */
  async value(sql: string, values: readonly unknown[] = []): Promise<unknown> {
    const { rows } = await this.pool.query<Record<string, unknown>>(sql, [...values])
    return Object.values(rows[0] ?? {})[0]
  }

  /** A process that stays until the situation is over. */
  async join(): Promise<Coordinator> {
    const joined = await createCoordinator(this.#options)
    this.#open.push(joined)
    return joined
  }

  /** The process that stays, with handlers for these kinds and so many free slots. */
  async offering(kinds: readonly string[], freeSlots: number): Promise<Coordinator> {
    const joined = await this.join()
    joined.offering(kinds, freeSlots)
    const { workerId } = joined
    const own = async () => (await this.store.workers(this.queue)).find((row) => row.workerId === workerId)
    await eventually(async () => (await own())?.kinds).toEqual(kinds)
    return joined
  }

  /** A process that is gone afterwards. */
  async briefly<Out>(work: (coordinator: Coordinator) => Promise<Out>): Promise<Out> {
    const coordinator = await createCoordinator(this.#options)
    try {
      return await work(coordinator)
    } finally {
      await coordinator.close()
    }
  }

  /** A worker in another language: it has a lease, and decides nothing. */
  async worker(id: string, { kinds, freeSlots = 1, graceMs = 0 }: WorkerAs = {}): Promise<void> {
    await this.value('select job_queue_beat($1, $2, $3, $4, $5, $6, $7)', [
      ...[this.queue, id, kinds ?? null, freeSlots, 'python', LEASE_MS, graceMs],
    ])
  }

  /** As if it had been killed so long ago. */
  async killed(id: string, ago: string): Promise<void> {
    await this.pool.query(
      `update interlock.job_queue_workers set beat_at = test_clock() - $3::interval, expires_at = test_clock() - $3::interval
        where queue = $1 and worker_id = $2`,
      [this.queue, id, ago],
    )
  }

  request(command: Json): Promise<unknown> {
    return this.value('select job_queue_request($1, $2)', [JSON.stringify(command), this.queue])
  }

  /** A command by SQL that a process has decided. */
  async ask(command: Json): Promise<Json> {
    const id = await this.request(command)
    const look = () => this.value('select job_queue_answer($1, $2)', [id, this.queue])
    await eventually(look).not.toBeNull()
    return (await look()) as Json
  }

  /** Starts a job in a worker of another language. @returns its fencing token */
  async start(jobId: string, models: readonly string[], workerId: string, more: Json = {}): Promise<number> {
    const job = { job_id: jobId, models, ...more }
    const { lease } = await this.ask({ type: 'start', worker_id: workerId, job })
    return (lease as { fencing_token: number }).fencing_token
  }

  /** So many minutes go by at once, in the whole database: a situation that wants this has one for itself. */
  pass(minutes: number): Promise<void> {
    return this.#setClock(60 * minutes)
  }

  async close(): Promise<void> {
    for (const coordinator of this.#open.splice(0)) await coordinator.close()
  }
}
