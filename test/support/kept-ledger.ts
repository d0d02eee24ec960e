/** A ledger as it comes back from a database that kept a snapshot of it. */

import { type Ledger, LedgerReader, snapshotLines } from '../../src/engine/core/index.ts'
import { decodeSnapshotLine } from '../../src/engine/events/index.ts'

export const linesOf = (ledger: Ledger): readonly string[] =>
  [...snapshotLines(ledger)].flatMap((line) => (line === null ? [] : [JSON.stringify(line)]))

export function readLedger(seq: number, lines: readonly string[]): Ledger {
  const reader = new LedgerReader(seq)
  for (const line of lines) reader.push(decodeSnapshotLine(seq, line))
  const finish = reader.finish()
  for (;;) {
    const { done, value } = finish.next()
    if (done) return value
  }
}

/** As it comes back from a database. */
export const kept = (ledger: Ledger): Ledger => readLedger(ledger.version, linesOf(ledger))
