import { ledgerNear } from '../../../engine/coordinator/replica/snapshots.ts'
import {
  evolve,
  type InterlockError,
  isInterlockError,
  type Ledger,
  Replayer,
} from '../../../engine/core/index.ts'
import { decodeEvent, placeholderOf } from '../../../engine/events/index.ts'
import { type EngineStore, pagesAfter, type ToolStore } from '../../../engine/store/index.ts'

/** An unreadable event of the log: it counts as nothing once it is void. */
export interface Unreadable {
  readonly seq: number
  readonly row: Readonly<Record<string, unknown>>
  readonly why: string
}

export interface FoundUnreadable {
  readonly events: readonly Unreadable[]
  /** The queue at the end of the log, read without them. */
  readonly ledger: Ledger
}

const PAGE = 1_000

type ReadSource = Pick<EngineStore, 'read' | 'snapshot' | 'chunk'> & Pick<ToolStore, 'rows'>

/**
 * Looks for unreadable events, and for events that no longer follow once those count as nothing. Null: there are none.
 * @throws InterlockError `unknown_event` for an event of a newer release; `corrupt_log` if the log is damaged in another way
 */
export async function findUnreadable(store: ReadSource, queue: string): Promise<FoundUnreadable | null> {
  const first = await firstUnreadable(store, queue)
  if (first === null) return null
  const events: Unreadable[] = []
  const from = await ledgerNear(store, queue, first - 1, () => {})
  const sound = new Replayer(from)
  for await (const { events: page } of pagesAfter(store, queue, from.version, {
    upTo: first - 1,
  }))
    for (const event of page) sound.push(event)
  let ledger = sound.ledger()
  for await (const row of rowsAfter(store, queue, ledger.version)) {
    const read = readNext(ledger, row)
    if (read.unreadable !== null) events.push(read.unreadable)
    ledger = read.ledger
  }
  return { events, ledger }
}

async function firstUnreadable(store: Pick<ToolStore, 'rows'>, queue: string): Promise<number | null> {
  const { archivedSeq } = await store.rows(queue, 0, 1)
  for await (const row of rowsAfter(store, queue, archivedSeq)) {
    if (errorOf(() => decodeEvent(row)) !== null) return Number((row as { readonly seq?: unknown }).seq)
  }
  return null
}

async function* rowsAfter(
  store: Pick<ToolStore, 'rows'>,
  queue: string,
  after: number,
): AsyncGenerator<unknown> {
  for (let at = after; ; ) {
    const { rows, version } = await store.rows(queue, at, PAGE)
    yield* rows
    at += rows.length
    if (rows.length === 0 || at >= version) return
  }
}

interface ReadLedger {
  readonly ledger: Ledger
  readonly unreadable: Unreadable | null
}

/** After the first unreadable event: what followed from it may not follow without it. */
function readNext(ledger: Ledger, row: unknown): ReadLedger {
  const fault = errorOf(() => decodeEvent(row))
  if (fault === null) {
    const event = decodeEvent(row)
    const refused = errorOf(() => evolve(ledger, event))
    if (refused === null) return { ledger: evolve(ledger, event), unreadable: null }
    return unreadable(ledger, row, refused)
  }
  return unreadable(ledger, row, fault)
}

function unreadable(ledger: Ledger, given: unknown, error: InterlockError): ReadLedger {
  const row = given as Readonly<Record<string, unknown>>
  const placeholder = decodeEvent(placeholderOf(row))
  const why = error.message.split('; ')[0] ?? error.message
  return { ledger: evolve(ledger, placeholder), unreadable: { seq: placeholder.seq, row, why } }
}

/** The error that makes it impossible. Other errors are thrown on. */
function errorOf(work: () => unknown): InterlockError | null {
  try {
    work()
    return null
  } catch (error) {
    if (isInterlockError(error, 'corrupt_log')) return error
    throw error
  }
}
