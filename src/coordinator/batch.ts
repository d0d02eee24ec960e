import type { DataChange } from '../core/index.ts'

/** Commands in one append at most: it bounds the time under the queue's lock to some tens of milliseconds. */
const MOST_COMMANDS = 500
/** Data in one append at most, in characters of JSON, unless a single command has more. */
const MOST_DATA = 4_194_304

/** Takes what goes into the next append from the head of those that wait. */
export function takeBatch<Item extends { readonly data?: readonly DataChange[] }>(pending: Item[]): Item[] {
  let count = 0
  let weight = 0
  for (const { data = [] } of pending) {
    if (data.length > 0) weight += JSON.stringify(data).length
    if (count > 0 && (count >= MOST_COMMANDS || weight > MOST_DATA)) break
    count++
  }
  return pending.splice(0, count)
}
