import { once } from 'node:events'
import { MICROS_PER_MS, type StateRow } from '../core/index.ts'
import type { BadEvent } from '../history/index.ts'
import { checkChainEnd, type Opened, ROWS } from '../history/parts.ts'
import type { Adoptable, Checkup, LogCheck, WorkerRow } from '../port/index.ts'
import { type Drift, driftOf } from './drift.ts'
import { LiveRows } from './live-rows.ts'

/** Of the hash chain that many events are looked at. */
const CHAINED = 1_000
/** Less than an hour tells nothing of a day. */
const LEAST_MS = 3_600_000
const DAY_MS = 86_400_000

/** By how many bytes a day this queue lets the log grow; null while nobody can tell. */
export function logGrowth({ bytes, events, week }: LogCheck): number | null {
  if (week === null || week.ageMs < LEAST_MS || events === 0) return null
  return Math.round(((bytes / events) * week.events * DAY_MS) / week.ageMs)
}

/** Events leave once an hour: a day later than they should nobody sees to it, or nobody can. */
const SLACK_DAYS = 1

/** How many days ago the oldest event of the log happened, if it should have left by now; else null. */
export function overdueDays({ checkup: { log, now }, state }: Pick<Facts, 'checkup' | 'state'>) {
  const retentionDays = state?.policy?.retentionDays ?? null
  if (retentionDays === null || log.oldestAt === null) return null
  const days = (now - log.oldestAt) / MICROS_PER_MS / DAY_MS
  return days > retentionDays + SLACK_DAYS ? days : null
}

/** What the checks judge: seen once, at one time. */
export interface Facts {
  readonly checkup: Checkup
  /** The row of the queue; null: nobody has opened it. */
  readonly state: StateRow | null
  readonly rows: LiveRows
  readonly workers: readonly WorkerRow[]
  readonly adoptable: Adoptable
  /** The last events of the hash chain; null: the queue keeps none. */
  readonly chain: { readonly bad: BadEvent | null } | null
  readonly drift: Drift
  /** How the database is reached. */
  readonly over: 'postgres' | 'supabase' | 'pglite' | 'memory'
  /** A project on this machine, which is for development. */
  readonly isLocalProject: boolean
  /** This machine's clock in milliseconds, right before and right after the database's was read. */
  readonly clock: { readonly before: number; readonly after: number }
  /** How long this program had been connecting when the session was looked at, in milliseconds. */
  readonly connectedMs: number
  /** Null where nobody listens on a connection. */
  readonly notificationsArrive: boolean | null
  /** How long a job may wait before that is worth a word, in milliseconds. */
  readonly patienceMs: number
}

/** What the doctor is told beside the store. */
export interface ExamineOptions {
  /** How long a job may wait before that is worth a note: milliseconds, 1 to 60,000,000,000; half an hour unless given. */
  readonly patienceMs?: number | undefined
  /**
   * The address of the server: two connections of their own then show whether notifications arrive. Not looked at unless given, nor
   * for a store that does not speak to the server by itself.
   */
  readonly url?: string | undefined
  /**
   * How long ago the store was made, in milliseconds: a session that is older was somebody else's before, so there is a pooler between.
   * Not looked at unless given: sessions of a store that has been there for long are old.
   */
  readonly openedMs?: number | undefined
}

/**
 * Looks at the database once. Null where there is nothing to look at (a store in memory).
 * @throws InterlockError `unknown_queue`, `not_migrated`, `database_older`, `database_newer`, `store_unavailable`, `store_unwritable`
 */
export async function gather(
  access: Opened,
  { patienceMs, url, openedMs = Number.POSITIVE_INFINITY }: ExamineOptions & { readonly patienceMs: number },
): Promise<Facts | null> {
  const { store, queue } = access
  const over = overOf(store.name)
  if (over === 'memory') return null
  const began = performance.now()
  await store.open(queue, { make: false })
  const look = await lookAt(access, patienceMs)
  if (look === null) return null
  return {
    ...look,
    connectedMs: openedMs + performance.now() - began,
    patienceMs,
    over,
    // Only an address of this machine may be without TLS.
    isLocalProject: over === 'supabase' && store.name.includes('http:'),
    notificationsArrive: over === 'postgres' && url !== undefined ? await notificationsArrive(url) : null,
  }
}

/** Each store says in its name what it is. */
function overOf(name: string): Facts['over'] {
  if (name === 'memory') return 'memory'
  if (name.startsWith('postgres:')) return 'postgres'
  return name.startsWith('pglite:') ? 'pglite' : 'supabase'
}

async function lookAt(access: Opened, patienceMs: number) {
  const { store, queue } = access
  const before = Date.now()
  const checkup = await store.checkup(queue)
  if (checkup === null) return null
  const first = await store.projectionPage(queue, { after: null, limit: ROWS })
  const rows = new LiveRows(checkup.now, patienceMs)
  return {
    checkup,
    state: first?.state ?? null,
    rows,
    drift: await driftOf(access, first, (page) => rows.take(page)),
    chain: await checkChainEnd(store, queue, CHAINED),
    clock: { before, after: Date.now() },
    workers: await store.workers(queue),
    adoptable: await store.adoptable({ limit: 1 }),
  }
}

/** Long for a notification, which takes a millisecond, and short for somebody who waits for the answer. */
const PATIENCE_MS = 2_000

/**
 * Whether a session hears what another one says, which a pooler in transaction mode prevents. Listens on a channel of its
 * own, so that nobody else is woken.
 */
async function notificationsArrive(url: string): Promise<boolean> {
  const { Client } = (await import('pg')).default
  const made = () =>
    new Client({
      connectionString: url,
      connectionTimeoutMillis: 5_000,
      application_name: 'interlock doctor',
    })
  const [ear, mouth] = [made(), made()]
  const channel = `interlock_doctor_${crypto.randomUUID().replaceAll('-', '_')}`
  try {
    await Promise.all([ear.connect(), mouth.connect()])
    await ear.query(`listen ${channel}`)
    const heard = once(ear, 'notification', { signal: AbortSignal.timeout(PATIENCE_MS) }).then(
      () => true,
      // Time is up, or the connection broke: either way a listener misses what is said.
      () => false,
    )
    await mouth.query(`notify ${channel}`)
    return await heard
  } finally {
    await Promise.allSettled([ear.end(), mouth.end()])
  }
}
