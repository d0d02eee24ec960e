import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { interlockTables } from '../../../src/engine/migrate/version.ts'

const root = path.resolve(import.meta.dirname, '../../..')
const page = readFileSync(path.join(root, 'docs/inside/growth.md'), 'utf8')
const [, section = ''] = page.split('### What bounds what')
const rows =
  section
    .split('\n## ')[0]
    ?.split('\n')
    .filter((line) => line.startsWith('| `')) ?? []

describe('what bounds what, on the page of growth', () => {
  it('is said of every table', () => {
    const named = rows.flatMap((row) => row.split('|')[1]?.match(/job_queue_\w+/gu) ?? [])
    expect(named.toSorted()).toEqual([...interlockTables].toSorted())
  })
})
