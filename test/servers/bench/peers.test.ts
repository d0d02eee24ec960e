import { describe, expect, it } from 'vitest'
import { peers } from '../../../bench/peers/all.ts'
import { cells } from '../../../bench/peers/cells/index.ts'
import { chosenCells, chosenPeers } from '../../../bench/peers/choose.ts'
import { pivotOf } from '../../../bench/peers/pivot.ts'
import { payloadOf, tasksOn, thousands } from '../../../bench/peers/tasks.ts'

const ids = (only: readonly string[], quick = false) => chosenCells(cells, only, quick).map(({ id }) => id)

describe('the rows of peers', () => {
  it('have ids of their own, and names of their own', () => {
    expect(new Set(cells.map(({ id }) => id)).size).toBe(cells.length)
    const whats = cells.flatMap(({ figures }) => figures.map(({ what }) => what))
    expect(new Set(whats).size).toBe(whats.length)
  })

  it('are chosen by id or by what it begins with, at a slash', () => {
    expect(ids(['drain/10-keys/2'])).toEqual(['drain/10-keys/2'])
    expect(ids(['drain/1-key'])).toEqual([
      'drain/1-key/1',
      'drain/1-key/2',
      'drain/1-key/4',
      'drain/1-key/16',
    ])
    expect(ids(['rest', 'enqueue'])).toHaveLength(5)
  })

  it('are all there unless chosen, and of each kind one with --quick', () => {
    expect(ids([])).toHaveLength(cells.length)
    const kinds = (all: readonly string[]) => new Set(all.map((id) => id.split('/', 1)[0]))
    expect(kinds(ids([], true))).toEqual(kinds(ids([])))
    expect(ids([], true).length).toBeLessThan(19)
  })

  it('are named when an unknown one is asked for', () => {
    expect(() => ids(['drain/11-keys'])).toThrow(
      /there is no row drain\/11-keys; there are enqueue\/one-by-one/,
    )
    expect(() => chosenPeers(peers, ['bull'], false)).toThrow(/there is no peer bull; there are interlock, /)
  })

  it('leave variants of a peer out of --quick unless they are named', () => {
    expect(chosenPeers(peers, [], true).every(({ variant }) => variant !== true)).toBe(true)
    expect(chosenPeers(peers, ['bullmq always'], true)).toHaveLength(1)
  })
})

describe('the rows of jobs by many', () => {
  it('are measured of each queue, in one of its columns at least', () => {
    const packs = (all: typeof peers) => new Set(all.map(({ pack }) => pack))
    expect(packs(peers.filter(({ takesMany }) => takesMany?.includes('throughput')))).toEqual(packs(peers))
    const inBatch = peers.filter(({ takesMany }) => takesMany?.includes('in-batch'))
    expect(inBatch.map(({ name }) => name)).toEqual(['interlock', 'pg-boss'])
  })
})

describe('the jobs of peers', () => {
  it('have a payload of some 90 bytes', () => {
    const bytes = JSON.stringify(payloadOf(4_711)).length
    expect(bytes).toBeGreaterThanOrEqual(85)
    expect(bytes).toBeLessThanOrEqual(100)
  })

  it('are spread evenly over the keys, in order, and go on where they stopped', () => {
    expect(tasksOn(['a', 'b'], 3, 1)).toEqual([
      { n: 1, key: 'b' },
      { n: 2, key: 'a' },
      { n: 3, key: 'b' },
    ])
    expect(tasksOn([], 1)).toEqual([{ n: 0, key: null }])
    expect([...thousands(tasksOn([], 2_001))].map(({ length }) => length)).toEqual([1_000, 1_000, 1])
  })
})

describe('the table of peers', () => {
  it('puts them side by side, and says why a figure is missing', () => {
    const rows = [
      { what: 'drain', unit: 'jobs/s', samples: [100, 300, 200], by: 'ours' },
      { what: 'drain', unit: 'jobs/s', samples: [], by: 'theirs', note: 'no redis-server' },
      { what: 'rest', unit: 'MB', samples: [], by: 'theirs', note: 'no redis-server' },
    ]
    const table = pivotOf(rows)
    expect(table).toMatch(/what +│ unit +│ ours │ +theirs/)
    expect(table).toMatch(/drain │ jobs\/s │ +200 │ +— \(1\) │/)
    expect(table).toMatch(/rest +│ MB +│ +│ +— \(1\) │/)
    expect(table.split('\n').at(-1)).toBe('(1) no redis-server')
  })

  it('says the load of the machine while a row was measured', () => {
    const row = { what: 'drain', unit: 'jobs/s', samples: [100, 300] }
    const table = pivotOf([
      { ...row, by: 'ours', load: [1, 2] },
      { ...row, by: 'theirs', load: [3] },
    ])
    expect(table).toMatch(/ theirs │ load │/)
    expect(table).toMatch(/drain │ jobs\/s │ +200 │ +200 │ +2\.0 │/)
  })
})
