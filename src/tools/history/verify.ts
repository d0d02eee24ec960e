import type { Ledger, RecordedEvent } from '../../engine/core/index.ts'
import { checkCall } from '../../engine/events/index.ts'
import type { Projection } from '../../engine/store/index.ts'
import { type Access, type Opened, opened } from './access.ts'
import { type Anchor, type BadEvent, declareVoid, giveAsWritten, restore } from './bad-event.ts'
import { anchorOf, checkChain, markOf } from './chain.ts'
import { compareRows, ROWS } from './compare-rows.ts'
import { compareSnapshot, snapshotsAfter } from './compare-snapshots.ts'
import { firstLedger, noteCut } from './fold.ts'
import { foldSound, type Sound } from './fold-checked.ts'
import { foldFiles } from './fold-files.ts'
import { checkKept, unlessGone } from './kept-events.ts'
import { type ComparedPayloads, PayloadHashes } from './payloads.ts'
import { type Difference, incomingDifferences, noState, onceDifferences } from './row-differences.ts'

/** What `verify` gives: the document that `interlock verify --json` prints. */
export interface Verification {
  /** Whether everything is right; exit code 3 if not. */
  readonly ok: boolean
  /** The version that the rows say they are at; both sides are compared there. */
  readonly version: number
  /** The first event that was replayed. Above 1: those before it are gone, and a snapshot told what they led to. */
  readonly fromSeq: number
  /** How many events were replayed. */
  readonly events: number
  /** How many live jobs the rows have. */
  readonly jobs: number
  /** `{ seq, what, todo }`: the first event that is missing, unreadable, or impossible; no row is compared then. Null: there is none. */
  readonly firstBad: BadEvent | null
  /** `{ row, field, stored, folded }`: the value in the row, and by the log; of a snapshot (`job_queue_snapshots 50000`) the first one. */
  readonly differences: readonly Difference[]
  /** The payloads beside the log, compared with the hashes in it; null: the log is not sound, so they were not compared. */
  readonly payloads: ComparedPayloads | null
  /** `{ from, head }`: events after `from` are on the hash chain; `head` is the hash of the last one checked. Null: the queue keeps none. */
  readonly chain: { readonly from: number; readonly head: string } | null
}

/** What is verified besides the rows. */
export interface VerifyOptions {
  /** Called with every event, so that the log is read once. */
  readonly alsoSee?: ((event: RecordedEvent) => void) | undefined
  /** `<number>:<hash>`, as {@link chain} once returned it. It has to lie on the chain. */
  readonly anchor?: string | undefined
}

/**
 * Folds the whole log and compares the result with the rows, field by field, and what is kept of payloads with their hashes in the log.
 * Each snapshot above the cut is compared with what the log comes to at its number.
 * A log that was cut or edited is a finding, not a failure; so are missing rows, changed payloads, and an anchor that the chain does not
 * meet. Archive files in front of the log are doubted before the database is.
 * @throws InterlockError `invalid_input`; `archived` without the snapshot of the cut; `store_unavailable`
 * @example const { ok, firstBad, differences } = await verify({ store })
 */
export async function verify(given: Access, options: VerifyOptions = {}): Promise<Verification> {
  const hashes = new PayloadHashes()
  const see = (event: RecordedEvent) => {
    hashes.see(event)
    options.alsoSee?.(event)
  }
  const access = opened(given)
  checkCall('verify', options)
  const { store, queue, files } = access
  const anchor = options.anchor === undefined ? undefined : anchorOf(options.anchor)
  const { version: before, archivedSeq } = await store.rows(queue, 0, 1)
  const first = await store.projectionPage(queue, { after: null, limit: ROWS })
  const version = first === null ? before : first.state.version
  const { version: after } = await store.rows(queue, 0, 1)
  const kept = files === undefined ? await checkKept(access) : null
  const snapshots: Difference[] = []
  const folding = foldAll(access, Math.min(version, after), see, (found) => snapshots.push(found))
  const folded = await unlessGone(kept, folding, unfolded)
  const isComparable = folded.ledger !== null && version <= after
  const { differences, rows, sound } = isComparable
    ? await compared(access, first, { ...folded, ledger: folded.ledger }, see)
    : { differences: [], rows: first?.jobs.length ?? 0, sound: folded }
  const { bad, fromSeq, through } = sound
  noteCut(access, fromSeq - 1)
  const marks = [
    ...(anchor === undefined ? [] : [markOf(anchor)]),
    ...(files?.mark == null ? [] : [files.mark]),
  ]
  const chain = await checkChain(access, marks)
  const unmet = chain === null && anchor !== undefined ? noChain(anchor) : null
  const found = [bad, files?.bad ?? null, chain?.bad ?? null, unmet, kept, await beyondHead(access)]
  const isVoidable = chain?.bad == null && (bad?.seq ?? 0) > archivedSeq
  const firstBad = withRemedy(found.reduce(earlier), { hasFiles: files !== undefined, isVoidable })
  const once = isComparable ? onceDifferences(await store.checkOnce(queue)) : []
  const incoming = isComparable ? incomingDifferences(await store.checkIncoming(queue)) : []
  const all = [...behind(version, before, after), ...differences, ...snapshots, ...once, ...incoming]
  const payloads = firstBad === null && isComparable ? await hashes.compare(access, sound) : null
  return {
    ok: firstBad === null && all.length === 0 && (payloads?.changed ?? 0) === 0,
    version: isComparable ? Math.max(version, through) : version,
    fromSeq,
    events: through - fromSeq + 1,
    jobs: rows,
    differences: all,
    payloads,
    firstBad,
    chain: chain === null ? null : { from: chain.from, head: chain.head },
  }
}

const unfolded: Sound = { ledger: null, bad: null, fromSeq: 1, through: 0 }

/** Compares the rows with the fold, which goes on with what is appended meanwhile. */
async function compared(
  access: Opened,
  first: Projection | null,
  from: Sound & { readonly ledger: Ledger },
  alsoSee: VerifyOptions['alsoSee'],
): Promise<{ readonly differences: readonly Difference[]; readonly rows: number; readonly sound: Sound }> {
  if (first === null) return { differences: from.through === 0 ? [] : [noState], rows: 0, sound: from }
  let sound: Sound = from
  const advance = async (ledger: Ledger, version: number): Promise<Ledger | null> => {
    const next = await foldSound(access, version, { alsoSee, from: ledger })
    sound = { ...next, fromSeq: from.fromSeq }
    return next.ledger
  }
  const found = await compareRows(access, first, from.ledger, advance)
  return { differences: found?.differences ?? [], rows: found?.rows ?? 0, sound }
}

/** Checks the files first, if there are any: the log goes on from what they lead to. */
async function foldAll(
  access: Opened,
  upTo: number,
  alsoSee: VerifyOptions['alsoSee'],
  onWrong: (snapshot: Difference) => void,
): Promise<Sound> {
  const { files } = access
  let since = Number.POSITIVE_INFINITY
  const see = (event: RecordedEvent) => {
    if (event.type === 'policy_changed' && event.passesStay === true) since = Math.min(since, event.at)
    alsoSee?.(event)
  }
  const before = files === undefined ? await begun(access) : await foldFiles(access, files, see)
  let sound = before
  for (const kept of before.ledger === null ? [] : await snapshotsAfter(access, before.through, upTo)) {
    if (sound.ledger === null) break
    sound = await foldSound(access, kept.seq, { alsoSee: see, from: sound.ledger })
    const found = sound.ledger && (await compareSnapshot(access, kept, sound.ledger, since))
    if (found !== null) onWrong(found)
  }
  if (sound.ledger !== null) sound = await foldSound(access, upTo, { alsoSee, from: sound.ledger })
  return { ...sound, fromSeq: before.fromSeq }
}

/** Where the log begins, before its first event is read. */
async function begun(access: Opened): Promise<Sound> {
  const ledger = await firstLedger(access)
  return { ledger, bad: null, fromSeq: ledger.version + 1, through: ledger.version }
}

/**
 * A wrong file looks like a changed log, and nobody must restore a database because of it. An archived event cannot be declared void,
 * and one on a broken chain was changed after it was written.
 */
function withRemedy(
  bad: BadEvent | null,
  { hasFiles, isVoidable }: { readonly hasFiles: boolean; readonly isVoidable: boolean },
): BadEvent | null {
  if (bad === null) return null
  const { todo } = bad
  if (hasFiles && (todo === declareVoid || todo.includes(restore))) return { ...bad, todo: giveAsWritten }
  return todo === declareVoid && !isVoidable ? { ...bad, todo: restore } : bad
}

const earlier = (a: BadEvent | null, b: BadEvent | null): BadEvent | null =>
  a === null || (b !== null && b.seq < a.seq) ? b : a

/** If the log was wiped, its chain may be wiped too. Only the anchor, kept elsewhere, can show it. */
const noChain = ({ seq }: Anchor): BadEvent => ({
  seq,
  what: 'the anchor is of a hash chain, but the queue keeps none',
  todo: `check that --queue and --url are those of the anchor; if they are, somebody rewrote the log: ${restore}`,
})

/** The first event after the number at which the head says that the log ends, readable or not. */
async function beyondHead({ store, queue }: Opened): Promise<BadEvent | null> {
  const { version } = await store.rows(queue, 0, 1)
  const { rows, version: head } = await store.rows(queue, version, 1)
  const [next] = rows as readonly { readonly seq?: unknown }[]
  const seq = Number(next?.seq)
  if (!(seq > head)) return null
  const what = `the log has event ${seq}, but the head of the queue says that it ends with ${head}`
  return { seq, what, todo: restore }
}

/** Rows move with the log in one transaction, so they cannot be at a version that the log did not have meanwhile. */
function behind(version: number, before: number, after: number): readonly Difference[] {
  if (version >= before && version <= after) return []
  return [{ row: 'job_queue_state', field: 'version', stored: version, folded: after }]
}
