import { once } from 'node:events'
import {
  defaultPolicy,
  isInterlockError,
  type JobRow,
  type Ledger,
  MICROS_PER_MS,
  Replayer,
  type StateRow,
} from '../../engine/core/index.ts'
import { parseAddresses } from '../../engine/events/index.ts'
import type {
  Adoptable,
  Checkup,
  LogCheck,
  OutsideLine,
  Projection,
  Submitted,
  WorkerRow,
} from '../../engine/store/index.ts'
import type { Opened } from '../history/access.ts'
import { checkChainEnd } from '../history/chain.ts'
import { compareRows, pageAfter, ROWS } from '../history/compare-rows.ts'
import { type PausedModel, pausedModels } from '../history/documents.ts'
import { foldedFrom } from '../history/fold.ts'
import type { BadEvent, Difference } from '../history/index.ts'
import { operatorsOf } from '../history/operators.ts'
import { eachEvent } from '../history/read-events.ts'
import { noState } from '../history/row-differences.ts'
import { type LearnedLimit, learnedLimits } from '../insight/limits.ts'
import { deadLately, MOST_DEAD } from '../insight/wrong-facts.ts'
import { LiveRows } from './live-rows.ts'
import { ownChecks } from './own-checks.ts'

/** Events at the end of the hash chain that are checked. */
export const CHAINED = 1_000
/** Less than an hour says nothing about a day. */
const LEAST_MS = 3_600_000
const DAY_MS = 86_400_000

/** By how many bytes a day this queue makes the log grow; null: too early to tell. */
export function logGrowth({ bytes, events, week }: LogCheck): number | null {
  if (week === null || week.ageMs < LEAST_MS || events === 0) return null
  return Math.round(((bytes / events) * week.events * DAY_MS) / week.ageMs)
}

/**
 * The age in days of the oldest event, if it should have left the log by now; else null. Events leave once an hour: a day late means that no
 * process sees to it, or none can.
 */
export function overdueDays({ checkup: { log, now }, state }: Pick<Facts, 'checkup' | 'state'>) {
  const retentionDays = state?.policy?.retentionDays ?? null
  if (retentionDays === null || log.oldestAt === null) return null
  const days = (now - log.oldestAt) / MICROS_PER_MS / DAY_MS
  return days > retentionDays + ownChecks.retention.ms / DAY_MS ? days : null
}

/** What the checks judge: read once, at one time. */
export interface Facts {
  readonly checkup: Checkup
  /** The row of the queue; null: nobody has opened it. */
  readonly state: StateRow | null
  readonly rows: LiveRows
  readonly workers: readonly WorkerRow[]
  readonly adoptable: Adoptable
  readonly submitted: Submitted
  readonly outside: OutsideLine | null
  /** Dead letters of the last hour, counted to {@link MOST_DEAD}. */
  readonly dead: number
  readonly ending: ReadonlySet<string>
  /** The last events of the hash chain; null: the queue keeps none. */
  readonly chain: { readonly bad: BadEvent | null } | null
  readonly drift: Drift
  /** What answers of providers say of limits that the policy does not keep. */
  readonly limits: readonly LearnedLimit[]
  /** The schema that the installation has for itself; undefined: it is the default. */
  readonly schema: string | undefined
  /** How the database is reached. */
  readonly over: 'postgres' | 'supabase' | 'pglite' | 'memory'
  /** A Supabase project on this machine, for development. */
  readonly isLocalProject: boolean
  /** This machine's clock in milliseconds, right before and right after the database's clock was read. */
  readonly clock: { readonly before: number; readonly after: number }
  /** How long this program had been connecting when it looked at the session, in milliseconds. */
  readonly connectedMs: number
  /** Null if no connection listens. */
  readonly notificationsArrive: boolean | null
  /** How long a job may wait without a note, in milliseconds. */
  readonly waitingMs: number
}

/** What you may tell the doctor beside the store. */
export interface ExamineOptions {
  /** How long a job may wait before the doctor notes it: milliseconds, 1 to 60,000,000,000; half an hour unless given. */
  readonly waitingMs?: number | undefined
  /**
   * The address of the server. Two new connections then test whether notifications arrive. Not tested unless given, nor if the
   * store does not connect to the server itself.
   */
  readonly url?: string | undefined
  /**
   * How long ago you made the store, in milliseconds. An older session belonged to another client before, so there is a pooler
   * between. Not tested unless given: a store that has been open for long has old sessions.
   */
  readonly openedMs?: number | undefined
}

/**
 * Reads the database once. Null if there is nothing to examine (a store in memory).
 * @throws InterlockError `unknown_queue`, `not_migrated`, `database_older`, `database_newer`, `store_unavailable`, `store_unwritable`
 */
export async function gather(
  access: Opened,
  { waitingMs, url, openedMs = Number.POSITIVE_INFINITY }: ExamineOptions & { readonly waitingMs: number },
): Promise<Facts | null> {
  const { store, queue } = access
  const over = overOf(store.name)
  if (over === 'memory') return null
  const began = performance.now()
  await store.open(queue, { make: false })
  const look = await lookAt(access, waitingMs)
  if (look === null) return null
  return {
    ...look,
    connectedMs: openedMs + performance.now() - began,
    waitingMs,
    schema: store.schema,
    over,
    // Only an address of this machine may be without TLS.
    isLocalProject: over === 'supabase' && store.name.includes('http:'),
    notificationsArrive: over === 'postgres' && url !== undefined ? await notificationsArrive(url) : null,
  }
}

/** The name of a store says what it is. */
function overOf(name: string): Facts['over'] {
  if (name === 'memory') return 'memory'
  if (name.startsWith('postgres:')) return 'postgres'
  return name.startsWith('pglite:') ? 'pglite' : 'supabase'
}

async function lookAt(access: Opened, waitingMs: number) {
  const { store, queue } = access
  const before = Date.now()
  const checkup = await store.checkup(queue)
  if (checkup === null) return null
  const first = await store.projectionPage(queue, { after: null, limit: ROWS })
  const rows = new LiveRows(checkup.now, waitingMs)
  return {
    checkup,
    state: first?.state ?? null,
    rows,
    drift: await driftOf(access, first, (page) => rows.take(page)),
    chain: await checkChainEnd(store, queue, CHAINED),
    limits: await limitsAt(access, first?.state),
    clock: { before, after: Date.now() },
    workers: await store.workers(queue),
    adoptable: await store.adoptable({ limit: 1 }),
    submitted: await store.submitted(queue, 1),
    outside: await store.backlog(queue),
    dead: deadLately(await store.dead(queue, { limit: MOST_DEAD }), checkup.now),
    ending: new Set(await store.committedEnds(queue)),
  }
}

/** None of a log that cannot be read: that is told by itself. */
async function limitsAt(access: Opened, state: StateRow | undefined): Promise<readonly LearnedLimit[]> {
  if (state === undefined) return []
  try {
    return await learnedLimits(access, state.version, state.policy ?? defaultPolicy)
  } catch (error) {
    if (!isInterlockError(error, 'corrupt_log') && !isInterlockError(error, 'unknown_event')) throw error
    return []
  }
}

/** Long for a notification, which takes a millisecond, and short for a person who waits for the answer. */
const PATIENCE_MS = 2_000

/**
 * Whether one session hears another; a pooler in transaction mode prevents it. Uses a channel of its own, so that nobody else
 * wakes.
 */
async function notificationsArrive(url: string): Promise<boolean> {
  const { each } = parseAddresses(url, 'url')
  for (const [i, address] of each.entries()) {
    try {
      return await notificationsArriveAt(address)
    } catch (error) {
      // A standby lets nobody listen, and of several servers some may be away: the one that takes writes counts.
      if (i === each.length - 1) throw error
    }
  }
  return false
}

async function notificationsArriveAt(connectionString: string): Promise<boolean> {
  const { Client } = (await import('pg')).default
  // One that breaks hears nothing, and that is the answer.
  const made = () =>
    new Client({
      connectionString,
      connectionTimeoutMillis: 5_000,
      application_name: 'interlock doctor',
    }).on('error', () => {})
  const [listening, sending] = [made(), made()]
  const channel = `interlock_doctor_${crypto.randomUUID().replaceAll('-', '_')}`
  try {
    await Promise.all([listening.connect(), sending.connect()])
    await listening.query(`listen ${channel}`)
    const arrived = once(listening, 'notification', { signal: AbortSignal.timeout(PATIENCE_MS) }).then(
      () => true,
      // Time is up, or the connection broke: a listener would miss notifications in both cases.
      () => false,
    )
    await sending.query(`notify ${channel}`)
    return await arrived
  } finally {
    await Promise.allSettled([listening.end(), sending.end()])
  }
}

/** Folding more events than that takes too long for a quick look. `verify` takes its time. */
const MOST_EVENTS = 100_000

interface Drift {
  /** Fields of rows that differ from the log; null: looking would take too long. */
  readonly fields: readonly Difference[] | null
  /** Paused models, which only the log knows; null: looking would take too long. */
  readonly paused: readonly PausedModel[] | null
  /** The fold of the log, if the rows are as it says; null: they are not, or nobody looked. */
  readonly ledger: Ledger | null
  /** So many events follow the newest snapshot that nobody looked; null: they are few enough. */
  readonly unfolded: number | null
  /** Why the log cannot be folded; null: it can. */
  readonly unreadable: string | null
  /** What is wrong with snapshots that were passed over for it. */
  readonly passedOver: readonly string[]
}

/**
 * Compares the rows with the log, folded from its last snapshot. Cheaper than `verify`, which trusts no snapshot.
 * @param first the first page of the rows; null: the queue has none
 * @param onRows called with all of them, whether they are compared or not
 */
async function driftOf(
  access: Opened,
  first: Projection | null,
  onRows: (rows: readonly JobRow[]) => void,
): Promise<Drift> {
  const { store, queue } = access
  // A queue without its row may still have a log: then the row is wrong.
  const version = first === null ? (await store.rows(queue, 0, 1)).version : first.state.version
  const kept = await store.snapshot(queue, version)
  const passedOver: string[] = []
  const newer = version - (kept?.seq ?? 0)
  const ledger =
    newer > MOST_EVENTS ? { ...unlooked, unfolded: newer } : await foldedAt(access, version, passedOver)
  if (!('jobs' in ledger) || first === null) {
    for (let page = first; page !== null; page = await pageAfter(access, page)) onRows(page.jobs)
    if (!('jobs' in ledger)) return ledger
    return { ...unlooked, fields: version === 0 ? [] : [noState], paused: pausedModels(ledger), passedOver }
  }
  const paused = pausedModels(ledger, await operatorsOf(access, ledger))
  const readOn = async (from: Ledger, upTo: number) => {
    const replayer = new Replayer(from)
    await eachEvent(access, 'replayed', (event) => replayer.push(event), { after: from.version, upTo })
    return replayer.ledger()
  }
  const compared = await compareRows(access, first, ledger, readOn, onRows)
  const { differences: fields = null, ledger: last = null } = compared ?? {}
  return { ...unlooked, fields, paused, ledger: fields?.length === 0 ? last : null, passedOver }
}

const unlooked: Drift = {
  fields: null,
  paused: null,
  ledger: null,
  unfolded: null,
  unreadable: null,
  passedOver: [],
}

/** The fold at a version, or why the log cannot be folded. */
async function foldedAt(access: Opened, version: number, passedOver: string[]): Promise<Ledger | Drift> {
  try {
    return await foldedFrom(access, version, (error) => {
      if (isInterlockError(error, 'corrupt_log')) passedOver.push(error.message)
    })
  } catch (error) {
    if (!isInterlockError(error, 'corrupt_log') && !isInterlockError(error, 'unknown_event')) throw error
    return { ...unlooked, unreadable: error.message, passedOver }
  }
}
