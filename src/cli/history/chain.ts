import { createHash } from 'node:crypto'
import { InterlockError } from '../../core/index.ts'
import type { ChainPage, LogStore } from '../../port/index.ts'
import type { Frame } from '../frame.ts'
import { progressOf } from '../terminal/progress.ts'
import { type BadEvent, restore } from './sound.ts'

/** A number of the log and the hash that its event carried when somebody noted it. */
export interface Anchor {
  readonly seq: number
  readonly hash: string
}

/** The chain of a queue, checked. */
export interface Chain {
  /** Events after this one are chained. */
  readonly from: number
  readonly version: number
  /** The hash of the last event that was checked. */
  readonly head: string
  readonly bad: BadEvent | null
}

const PAGE = 5_000

/** `812:5f1c…`, as `interlock chain` prints it. @throws InterlockError `invalid_input` */
export function anchorOf(text: string): Anchor {
  const [, seq, hash] = /^(\d{1,16}):([0-9a-f]{64})$/.exec(text) ?? []
  if (seq !== undefined && hash !== undefined) return { seq: Number(seq), hash }
  throw new InterlockError(
    'invalid_input',
    `--anchor ${text}: must be as interlock chain printed it, <number>:<hash>`,
  )
}

/** The hash from which a chain starts. */
const startOf = (queue: string, from: number): Buffer => sha256(Buffer.from(`interlock:${queue}:${from}`))

const sha256 = (...parts: readonly Buffer[]): Buffer => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/**
 * Computes every hash of the chain again, here and not in the database. Null for a queue that keeps none.
 * @param anchor has to lie on the chain: a tail that was cut off and written anew is found by that alone
 */
export async function checkChain(frame: Frame, store: LogStore, anchor?: Anchor): Promise<Chain | null> {
  const first = await store.chain(frame.queue, 0, 1)
  if (first === null) return null
  const { chainFrom: from, version } = first
  const start = first.start === null ? startOf(frame.queue, from) : Buffer.from(first.start, 'hex')
  const walk = new Walk(start, from, anchor)
  const progress = progressOf(frame, 'hashes checked', version - from)
  try {
    while (walk.bad === null && walk.at < version) {
      const page = await store.chain(frame.queue, walk.at, Math.min(PAGE, version - walk.at))
      for (const event of page?.events ?? []) walk.take(event)
      if (page === null || page.events.length === 0) walk.missing()
      progress.update(walk.at - from)
      frame.signal.throwIfAborted()
    }
  } finally {
    progress.stop()
  }
  const last = await store.chain(frame.queue, version, 1)
  // The head moves with every append; only a head that stood still can be compared.
  if (last?.version === version) walk.end(last.head)
  return { from, version: walk.at, head: walk.head, bad: walk.bad }
}

/**
 * The same for the last events alone, which is cheap however long the chain: each has to follow from the hash that the one
 * before it carries. Null for a queue that keeps none.
 */
export async function checkChainEnd(
  store: LogStore,
  queue: string,
  events: number,
): Promise<Pick<Chain, 'bad'> | null> {
  const head = await store.chain(queue, 0, 1)
  if (head === null) return null
  const { chainFrom, version, start } = head
  const after = Math.max(chainFrom, version - events)
  const page = await store.chain(queue, Math.max(chainFrom, after - 1), events + 1)
  const [before, ...rest] = page?.events ?? []
  if (after > chainFrom && before?.hash != null) return ended(rest, Buffer.from(before.hash, 'hex'), after)
  const from = start === null ? startOf(queue, chainFrom) : Buffer.from(start, 'hex')
  return ended(page?.events ?? [], from, chainFrom)
}

function ended(events: ChainPage['events'], start: Buffer, from: number): Pick<Chain, 'bad'> {
  const walk = new Walk(start, from, undefined)
  for (const event of events) walk.take(event)
  return { bad: walk.bad }
}

class Walk {
  bad: BadEvent | null = null
  at: number
  #hash: Buffer
  readonly #anchor: Anchor | undefined

  constructor(start: Buffer, from: number, anchor: Anchor | undefined) {
    this.#hash = start
    this.at = from
    this.#anchor = anchor
    if (anchor !== undefined && anchor.seq < from) {
      const what = `the anchor cannot be met: of event ${anchor.seq} nothing is on the chain, which goes on from event ${from}`
      this.#report(anchor.seq, what, `give an anchor of event ${from} or later`)
    }
    this.#compare()
  }

  get head(): string {
    return this.#hash.toString('hex')
  }

  take({
    seq,
    text,
    hash,
  }: {
    readonly seq: number
    readonly text: string
    readonly hash: string | null
  }): void {
    if (this.bad !== null) return
    if (seq !== this.at + 1) return this.missing()
    this.#hash = sha256(this.#hash, Buffer.from(text))
    this.at = seq
    if (hash !== this.head)
      this.#report(seq, `event ${seq} is not what its hash was made over: it was changed`)
    else this.#compare()
  }

  /** Nothing more comes, though the log goes on. */
  missing(): void {
    this.#report(this.at + 1, `event ${this.at + 1} of the chain is missing`)
  }

  end(head: string): void {
    if (this.bad === null && head !== this.head) {
      const what = `the head of the queue carries the hash of another last event: the log ends too early, or the head was changed`
      this.#report(this.at + 1, what)
    }
    if (this.bad === null && this.#anchor !== undefined && this.#anchor.seq > this.at) {
      this.#report(this.at + 1, `the log ends before event ${this.#anchor.seq}, which the anchor names`)
    }
  }

  #compare(): void {
    if (this.#anchor?.seq === this.at && this.#anchor.hash !== this.head) {
      this.#report(
        this.at,
        'the log up to here is not the one that the anchor was taken of: it was written anew',
      )
    }
  }

  #report(seq: number, what: string, todo = restore): void {
    this.bad ??= { seq, what, todo }
  }
}
