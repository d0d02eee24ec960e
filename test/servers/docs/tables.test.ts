import { describe, expect, it } from 'vitest'
import { interlockTables } from '../../../src/engine/migrate/version.ts'
import { pageOf } from './markdown.ts'

const { text } = pageOf('docs/inside/names.md')
const rows = text.split('\n').filter((line) => line.startsWith('| `job_queue_'))

describe('what bounds the size of each table, on the page of names', () => {
  it('is said of every table', () => {
    const bounded = rows.filter((row) => row.split('|')[3]?.trim() !== '')
    const named = bounded.map((row) => /^\| `(job_queue_\w+)` \|/u.exec(row)?.[1])
    expect(named.toSorted()).toEqual([...interlockTables].toSorted())
  })
})
