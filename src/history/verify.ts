import type { Frame } from '../cli/frame.ts'
import { projectionOf, type RecordedEvent } from '../core/index.ts'
import type { LogStore } from '../port/index.ts'
import { checkChain, markOf } from './chain.ts'
import type { Anchor } from './chain-walk.ts'
import { type FromArchive, giveAsWritten } from './files/archive-file.ts'
import { foldFiles } from './fold-files.ts'
import { checkKept, unlessGone } from './kept.ts'
import { type Difference, rowDifferences } from './row-differences.ts'
import { type BadEvent, foldSound, restore, type Sound } from './sound.ts'

export interface Verification {
  readonly ok: boolean
  /** How far into the log the rows say they are; both sides are compared there. */
  readonly version: number
  /** The first event that was replayed; above 1 where those before it are gone, and what they led to was taken from a snapshot. */
  readonly fromSeq: number
  /** How many were replayed. */
  readonly events: number
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
  /** Files that were put in front of the log: they are what is doubted then, and not the database. */
  readonly files?: FromArchive | null
}

/**
 * Rebuilds the whole state from the log, and compares it with the rows field by field. A log that was cut or edited is a
 * finding, not a failure; so are rows that are gone, and an anchor that nothing can meet.
 */
export async function verify(
  frame: Frame,
  store: LogStore,
  { alsoSee, anchor, files = null }: VerifyOptions = {},
): Promise<Verification> {
  const { version: before } = await store.read(frame.queue, 0, 1)
  const stored = await store.projection(frame.queue)
  const version = stored === null ? before : stored.state.version
  const { version: after } = await store.read(frame.queue, 0, 1)
  const kept = files === null ? await checkKept(frame, store) : null
  const { ledger, bad, fromSeq, through } = await unlessGone(
    kept,
    foldAll(frame, store, Math.min(version, after), files, alsoSee),
    { ledger: null, bad: null, fromSeq: 1, through: 0 },
  )
  const differences = [
    ...behind(version, before, after),
    ...(ledger === null || version > after ? [] : rowDifferences(stored, projectionOf(ledger))),
  ]
  const marks = [
    ...(anchor === undefined ? [] : [markOf(anchor)]),
    ...(files?.mark == null ? [] : [files.mark]),
  ]
  const chain = await checkChain(frame, store, marks)
  const unmet = chain === null && anchor !== undefined ? noChain(anchor) : null
  const all = [bad, files?.bad ?? null, chain?.bad ?? null, unmet, kept, await beyondHead(frame, store)]
  const firstBad = all.reduce(earlier)
  return {
    ok: firstBad === null && differences.length === 0,
    ...{ version, fromSeq, events: through - fromSeq + 1 },
    ...{ jobs: stored?.jobs.length ?? 0, differences },
    firstBad: firstBad !== null && files !== null ? doubtFiles(firstBad) : firstBad,
    chain: chain === null ? null : { from: chain.from, head: chain.head },
  }
}

/** The files first, if there are any: what they come to is checked before the log goes on from it. */
async function foldAll(
  frame: Frame,
  store: LogStore,
  upTo: number,
  files: FromArchive | null,
  alsoSee: VerifyOptions['alsoSee'],
): Promise<Sound> {
  if (files === null) return foldSound(frame, store, upTo, { alsoSee })
  const before = await foldFiles(frame, store, files, alsoSee)
  if (before.ledger === null) return before
  const all = await foldSound(frame, store, upTo, { alsoSee, from: before.ledger })
  return { ...all, fromSeq: before.fromSeq }
}

/** A wrong file looks like a log that was changed, and a database must not be restored for it. */
const doubtFiles = (bad: BadEvent): BadEvent =>
  bad.todo.includes(restore) ? { ...bad, todo: giveAsWritten } : bad

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
