/** Commands in one append at most: it bounds the time under the queue's lock to some tens of milliseconds. */
const MOST_COMMANDS = 500
/** Data in one append at most, in characters of JSON: what is larger goes ahead of it. A quarter of a second at 1 MB/s. */
const MOST_DATA = 262_144

/** Takes what goes into the next append from the head of those that wait. */
export function takeBatch<Item extends { readonly weight?: number }>(
  pending: Item[],
  most = MOST_COMMANDS,
): Item[] {
  let count = 0
  let whole = 0
  for (const { weight = 0 } of pending) {
    whole += weight
    if (count > 0 && (count >= most || whole > MOST_DATA)) break
    count++
  }
  return pending.splice(0, count)
}
