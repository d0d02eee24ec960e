import { InterlockError, MICROS_PER_MS } from '../core/index.ts'
import type { LogStore } from '../port/index.ts'

const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** A time to look back to, in microseconds: `10m` before now, or a time with its zone. @throws InterlockError `invalid_input` */
export function sinceTime(text: string, now: number): number {
  const ago = /^(\d+)([smhd])$/.exec(text)
  if (ago !== null) return now - Number(ago[1]) * unitMs[ago[2] as keyof typeof unitMs] * MICROS_PER_MS
  const at = /(Z|[+-]\d\d:?\d\d)$/.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(at)) return at * MICROS_PER_MS
  throw new InterlockError(
    'invalid_input',
    `--since ${text}: must be such as 10m (s, m, h, d) or 2026-11-24T15:00:00Z`,
  )
}

/** The sequence number of the last event before a time. Times rise with the numbers, so halving finds it in 20 reads. */
export async function seqBefore(store: LogStore, queue: string, time: number): Promise<number> {
  let low = 0
  let high = (await store.read(queue, 0, 1)).version
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    const [event] = (await store.read(queue, middle - 1, 1)).events
    if (event !== undefined && event.at < time) low = middle
    else high = middle - 1
  }
  return low
}
