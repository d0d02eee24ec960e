import { invalidInput } from '../../engine/core/index.ts'
import { checkCall, fromHex } from '../../engine/events/index.ts'
import type { ChainPage, ToolStore } from '../../engine/store/index.ts'
import { type Access, type Opened, opened, telling } from './access.ts'
import { type Anchor, type BadEvent, badEventOf, type Mark } from './bad-event.ts'
import { ChainWalk, startOf } from './chain-walk.ts'

/** What `chain` gives: the document that `interlock chain --json` prints. */
export interface ChainDocument {
  /** Which queue. */
  readonly queue: string
  /** Events after this one are on the chain; null: the queue keeps no chain. */
  readonly from: number | null
  /** `<number>:<hash>` of the last event, for you to keep elsewhere; null: there is no chain, or it is broken. */
  readonly anchor: string | null
  /** `{ seq, what, todo }` where it is broken; null: it is not. */
  readonly bad: BadEvent | null
}

/**
 * Checks the hash chain of the log. Every hash is computed again here, not in the database.
 * @param options `start: true` begins a chain with the next event where the queue keeps none; a queue that has one keeps it
 * @throws InterlockError `invalid_input`, `unknown_event`, `store_unavailable`. A broken chain is a result
 */
export async function chain(
  given: Access,
  options: { readonly start?: boolean | undefined } = {},
): Promise<ChainDocument> {
  const access = opened(given)
  checkCall('chain', options)
  const { store, queue } = access
  if (options.start === true) await store.startChain(queue)
  const found = await checkChain(access)
  if (found === null) return { queue, from: null, anchor: null, bad: null }
  const { from, version, head, bad } = found
  return { queue, from, anchor: bad === null ? `${version}:${head}` : null, bad }
}

/** The chain of a queue, checked. */
export interface Chain {
  /** Events after this one are on the chain. */
  readonly from: number
  readonly version: number
  /** The hash of the last event that was checked. */
  readonly head: string
  readonly bad: BadEvent | null
}

const PAGE = 5_000

/**
 * `812:5f1c…`, as `chain` gives it.
 * @param path what it is called in messages
 * @throws InterlockError `invalid_input`
 */
export function anchorOf(text: string, path = 'anchor'): Anchor {
  const [, seq, hash] = /^(\d{1,16}):([0-9a-f]{64})$/.exec(text) ?? []
  if (seq !== undefined && hash !== undefined) return { seq: Number(seq), hash }
  throw invalidInput(`${path} ${text}: must be as interlock chain printed it, <number>:<hash>`, path)
}

/** An anchor as a mark that the chain has to meet. */
export const markOf = (anchor: Anchor): Mark => ({
  ...anchor,
  what: 'the log up to here is not the one of the anchor: it was written again',
})

/**
 * Computes every hash of the chain again, here and not in the database. Null if the queue keeps no chain.
 * @param marks have to lie on the chain. Only they show that its end was cut off and written again
 */
export async function checkChain(access: Opened, marks: readonly Mark[] = []): Promise<Chain | null> {
  const { store, queue, signal } = access
  const first = await store.chain(queue, 0, 1)
  if (first === null) return null
  const { chainFrom: from, version } = first
  const start = first.start === null ? startOf(queue, from) : fromHex(first.start)
  const walk = new ChainWalk(start, from, marks)
  const progress = telling(access, 'hashes checked', version - from)
  try {
    while (walk.bad === null && walk.at < version) {
      const page = await chainPage(store, queue, walk.at, Math.min(PAGE, version - walk.at))
      if ('todo' in page) walk.stop(page)
      else for (const event of page.events) walk.take(event)
      if ('events' in page && page.events.length === 0) walk.missing()
      progress.update(walk.at - from)
      signal.throwIfAborted()
    }
  } finally {
    progress.stop()
  }
  const last = await store.chain(queue, version, 1)
  // The head moves with every append, so it is compared only if it stood still.
  walk.end(last?.version === version ? last.head : null)
  return { from, version: walk.at, head: walk.head, bad: walk.bad }
}

/** What is wrong where a file has an event that cannot be read. */
async function chainPage(
  store: Pick<ToolStore, 'chain'>,
  queue: string,
  after: number,
  limit: number,
): Promise<Pick<ChainPage, 'events'> | BadEvent> {
  try {
    return (await store.chain(queue, after, limit)) ?? { events: [] }
  } catch (error) {
    return badEventOf(error)
  }
}

/**
 * Checks the chain of the last events alone: each has to follow from the hash of the one before it. Cheap however long the chain is.
 * Null if the queue keeps no chain.
 */
export async function checkChainEnd(
  store: Pick<ToolStore, 'chain'>,
  queue: string,
  events: number,
): Promise<Pick<Chain, 'bad'> | null> {
  const head = await store.chain(queue, 0, 1)
  if (head === null) return null
  const { chainFrom, version, start } = head
  const after = Math.max(chainFrom, version - events)
  const page = await store.chain(queue, Math.max(chainFrom, after - 1), events + 1)
  const [before, ...rest] = page?.events ?? []
  if (after > chainFrom && before?.hash != null) return ended(rest, fromHex(before.hash), after)
  const from = start === null ? startOf(queue, chainFrom) : fromHex(start)
  return ended(page?.events ?? [], from, chainFrom)
}

function ended(events: ChainPage['events'], start: Uint8Array, from: number): Pick<Chain, 'bad'> {
  const walk = new ChainWalk(start, from)
  for (const event of events) walk.take(event)
  return { bad: walk.bad }
}
