import { describe, expect, it } from 'vitest'
import { copyParts, LedgerParts } from '../../../src/engine/core/state/ledger.ts'

describe('the parts of a ledger', () => {
  it('are copied all of them, each to its place', () => {
    const from = new LedgerParts()
    const to = new LedgerParts()
    for (const part of Object.keys(from)) Object.assign(from, { [part]: `the ${part}` })
    copyParts(to, from)
    expect(to).toEqual(from)
  })
})
