import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { interlockTables } from '../../src/engine/migrate/version.ts'

const root = path.resolve(import.meta.dirname, '../..')
const page = readFileSync(path.join(root, 'docs/inside/growth.md'), 'utf8')
const [, section = ''] = page.split('### What bounds what')
const rows =
  section
    .split('\n## ')[0]
    ?.split('\n')
    .filter((line) => line.startsWith('| `')) ?? []

/** Parts of a process that lives for months. The store in memory is one that keeps everything. */
const folders = [
  'engine/coordinator',
  'engine/worker',
  'engine/workflow',
  'engine/process',
  'engine/store/postgres',
  'engine/store/supabase',
  'engine/store/sql',
]

/** A field that holds a collection which begins empty. */
const growing = /^ {2}(?:static )?readonly (#\w+)(?:: .+?)? = (?:new (?:Map|Set|WeakMap|Recent)\b|\[\])/gmu

function fieldsOf(folder: string): readonly { readonly file: string; readonly field: string }[] {
  const files = readdirSync(path.join(root, 'src', folder), { recursive: true, encoding: 'utf8' })
  return files
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => {
      const text = readFileSync(path.join(root, 'src', folder, file), 'utf8')
      return [...text.matchAll(growing)].map(([, field = '']) => ({ file: path.basename(file), field }))
    })
}

describe('what bounds what, on the page of growth', () => {
  it('is said of every table', () => {
    const named = rows.flatMap((row) => row.split('|')[1]?.match(/job_queue_\w+/gu) ?? [])
    expect(named.toSorted()).toEqual([...interlockTables].toSorted())
  })

  it('is said of every collection that a process holds', () => {
    const fields = folders.flatMap(fieldsOf)
    expect(fields.length).toBeGreaterThan(20)
    const unsaid = fields.filter(
      ({ file, field }) => !rows.some((row) => row.includes(`\`${file}\``) && row.includes(`\`${field}\``)),
    )
    expect(unsaid).toEqual([])
  })
})
