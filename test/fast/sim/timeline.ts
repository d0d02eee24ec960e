import { AsyncLocalStorage } from 'node:async_hooks'
import type { Dice } from './dice.ts'

/** Where a piece of work belongs: it stops with its process, waits while that is blocked, and throws its dice. */
export interface Host {
  readonly name: string
  readonly dice: Dice
  readonly isAlive: boolean
  readonly blockedUntil: number
}

export interface Entry {
  readonly at: number
  readonly order: number
  readonly host: Host | undefined
  readonly run: () => void
  off: boolean
}

const turnOfTheLoop = setImmediate

/** Whose work runs right now; what it leaves for later is its own as well. */
export const here = new AsyncLocalStorage<Host | undefined>()

/**
 * The one clock of a run, and everything that is to happen, in the order of time. Whatever runs does so to its end, with all
 * promises that it settles, before time goes on.
 */
export class Timeline {
  /** Milliseconds. */
  now = 0
  #count = 0
  readonly #heap: Entry[] = []

  /** @param host whose it is; undefined: nobody's, like the database */
  later(ms: number, host: Host | undefined, run: () => void): Entry {
    return this.#push({ at: this.now + Math.max(0, ms), order: this.#count++, host, run, off: false })
  }

  /** Runs what comes next; undefined when nothing does, or not by then. */
  async step(until: number): Promise<Entry | undefined> {
    for (;;) {
      const entry = this.#heap[0]
      if (entry === undefined || entry.at > until) {
        this.now = Math.max(this.now, Math.min(until, entry?.at ?? until))
        return undefined
      }
      this.#pop()
      const { host } = entry
      if (entry.off || host?.isAlive === false) continue
      this.now = Math.max(this.now, entry.at)
      if (host !== undefined && host.blockedUntil > this.now) {
        this.#postpone(entry, host)
        continue
      }
      here.run(host, entry.run)
      await new Promise((resolve) => turnOfTheLoop(resolve))
      return entry
    }
  }

  /** After a pause of its process it is anybody's guess what comes first: a timer that was due, or an answer that has come. */
  #postpone(entry: Entry, host: Host): void {
    const order = this.#count++ + host.dice.between(-50, 50)
    this.#push(Object.assign(entry, { at: host.blockedUntil, order }))
  }

  #push(entry: Entry): Entry {
    const heap = this.#heap
    heap.push(entry)
    for (let i = heap.length - 1; i > 0; ) {
      const parent = (i - 1) >> 1
      if (!isBefore(heap[i] as Entry, heap[parent] as Entry)) break
      swap(heap, i, parent)
      i = parent
    }
    return entry
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop() as Entry
    if (heap.length === 0) return
    heap[0] = last
    for (let i = 0; ; ) {
      const [left, right] = [2 * i + 1, 2 * i + 2]
      let least = i
      if (left < heap.length && isBefore(heap[left] as Entry, heap[least] as Entry)) least = left
      if (right < heap.length && isBefore(heap[right] as Entry, heap[least] as Entry)) least = right
      if (least === i) return
      swap(heap, i, least)
      i = least
    }
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}

function swap(heap: Entry[], i: number, j: number): void {
  const entry = heap[i] as Entry
  heap[i] = heap[j] as Entry
  heap[j] = entry
}
