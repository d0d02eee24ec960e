import { isDeepStrictEqual } from 'node:util'
import { type JobRow, projectionOf, type RecordedEvent, type StateRow } from '../core/index.ts'
import type { LogStore, Projection } from '../port/index.ts'
import type { Frame } from './frame.ts'
import { type Anchor, checkChain } from './history/chain.ts'
import { type BadEvent, foldSound, restore } from './history/sound.ts'

/** A field of a row that is not what the log says. */
export interface Difference {
  readonly row: string
  readonly field: string
  readonly stored: unknown
  readonly folded: unknown
}

export interface Verification {
  readonly ok: boolean
  /** How far into the log the rows say they are; both sides are compared there. */
  readonly version: number
  readonly jobs: number
  /** The first event that is missing, cannot be read, or cannot have happened. Rows are not compared then. */
  readonly firstBad: BadEvent | null
  readonly differences: readonly Difference[]
  /** The hash chain, if the queue keeps one: events after `from` are on it, `head` is the hash of the last one checked. */
  readonly chain: { readonly from: number; readonly head: string } | null
}

/** What is verified besides the rows. */
export interface VerifyOptions {
  /** Is shown every event on the way, so that the log is read once. */
  readonly alsoSee?: (event: RecordedEvent) => void
  /** Has to lie on the chain. */
  readonly anchor?: Anchor | undefined
}

type Row = Readonly<Record<string, unknown>>

/**
 * Rebuilds the whole state from the log, and compares it with the rows field by field. A log that was cut or edited is a
 * finding, not a failure; so are rows that are gone, and an anchor that nothing can meet.
 */
export async function verify(
  frame: Frame,
  store: LogStore,
  { alsoSee, anchor }: VerifyOptions = {},
): Promise<Verification> {
  const { version: before } = await store.read(frame.queue, 0, 1)
  const stored = await store.projection(frame.queue)
  const version = stored === null ? before : stored.state.version
  const { version: after } = await store.read(frame.queue, 0, 1)
  const { ledger, bad } = await foldSound(frame, store, Math.min(version, after), alsoSee)
  const differences = [
    ...behind(version, before, after),
    ...(ledger === null || version > after ? [] : rowDifferences(stored, projectionOf(ledger))),
  ]
  const chain = await checkChain(frame, store, anchor)
  const unmet = chain === null && anchor !== undefined ? noChain(anchor) : null
  const firstBad = [bad, chain?.bad ?? null, unmet, await beyondHead(frame, store)].reduce(earlier)
  return {
    ok: firstBad === null && differences.length === 0,
    ...{ version, jobs: stored?.jobs.length ?? 0, firstBad, differences },
    chain: chain === null ? null : { from: chain.from, head: chain.head },
  }
}

const earlier = (a: BadEvent | null, b: BadEvent | null): BadEvent | null =>
  a === null || (b !== null && b.seq < a.seq) ? b : a

/** Whoever wiped the log can have wiped its chain as well: only the anchor, which lies elsewhere, still knows of it. */
const noChain = ({ seq }: Anchor): BadEvent => ({
  seq,
  what: 'the queue keeps no hash chain, and the anchor is of one',
  todo: `see that --queue and --url are those of the anchor; if they are, the log was written anew: ${restore}`,
})

/** Events after the number at which the head says that the log ends. */
async function beyondHead(frame: Frame, store: LogStore): Promise<BadEvent | null> {
  const { version } = await store.read(frame.queue, 0, 1)
  const { events, version: head } = await store.read(frame.queue, version, 1)
  const [next] = events
  if (next === undefined || next.seq <= head) return null
  const what = `the log has event ${next.seq}, and the head of the queue says that it ends with ${head}`
  return { seq: next.seq, what, todo: restore }
}

/** The rows move with the log, in the same transaction: they cannot be of a version that it did not have meanwhile. */
function behind(version: number, before: number, after: number): readonly Difference[] {
  if (version >= before && version <= after) return []
  return [{ row: 'job_queue_state', field: 'version', stored: version, folded: after }]
}

/** Every field of every row that is not what the fold of the log says. @param stored null: the row of the queue is gone */
export function rowDifferences(stored: Projection | null, folded: Projection): Difference[] {
  if (stored === null) {
    if (folded.state.version === 0) return []
    return [{ row: 'job_queue_state', field: '*', stored: 'no row', folded: 'a row' }]
  }
  return [
    ...differencesOf('job_queue_state', rowOf(stored.state), rowOf(folded.state)),
    ...jobDifferences(stored.jobs, folded.jobs),
  ]
}

/** A queue without an event has no time of its own yet. */
function rowOf(state: StateRow): Row {
  return state.version === 0 ? { ...state, updated_at: 0 } : { ...state }
}

function jobDifferences(stored: readonly JobRow[], folded: readonly JobRow[]): Difference[] {
  const wanted = new Map(folded.map((row) => [row.job_id, row]))
  const found: Difference[] = []
  for (const row of stored) {
    const name = `job_queue_jobs ${row.job_id}`
    const twin = wanted.get(row.job_id)
    if (twin === undefined) found.push({ row: name, field: '*', stored: 'a row', folded: 'no row' })
    else found.push(...differencesOf(name, { ...row }, { ...twin }))
    wanted.delete(row.job_id)
  }
  for (const jobId of wanted.keys()) {
    found.push({ row: `job_queue_jobs ${jobId}`, field: '*', stored: 'no row', folded: 'a row' })
  }
  return found
}

function differencesOf(row: string, stored: Row, folded: Row): Difference[] {
  return Object.keys(folded)
    .filter((field) => !isDeepStrictEqual(stored[field], folded[field]))
    .map((field) => ({ row, field, stored: stored[field], folded: folded[field] }))
}
