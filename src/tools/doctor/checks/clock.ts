import { MICROS_PER_MS, type Micros } from '../../../engine/core/index.ts'
import { duration } from '../../format/index.ts'
import type { Facts } from '../facts.ts'
import { type Finding, note } from '../finding.ts'

/** Below that it may just be a slow answer. */
const APART_MS = 1_000

/**
 * Compares this machine's clock with the database's. Only a note: Interlock uses the database's clock alone, but people compare
 * both.
 */
export function checkClock({
  checkup: { now },
  clock: { before, after },
}: Pick<Facts, 'clock'> & { readonly checkup: { readonly now: Micros } }): Finding[] {
  const there = now / MICROS_PER_MS
  const apart = there < before ? there - before : there > after ? there - after : 0
  if (Math.abs(apart) < APART_MS) return []
  const what = `the clock of the database is ${duration(Math.abs(apart))} ${apart > 0 ? 'ahead of' : 'behind'} this machine's`
  return [
    note('clock', what, "let both machines keep time by NTP; leases and times in the log are the database's"),
  ]
}
