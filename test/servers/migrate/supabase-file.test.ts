import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { writeSupabaseMigration } from '../../../src/engine/migrate/index.ts'
import { freshDatabase, interlockObjects } from './support.ts'

async function folder(): Promise<string> {
  const made = await mkdtemp(path.join(tmpdir(), 'interlock-supabase-'))
  onTestFinished(() => rm(made, { recursive: true }))
  return path.join(made, 'supabase', 'migrations')
}

const [monday, tuesday] = [new Date('2026-11-23T09:05:07Z'), new Date('2026-11-24T00:00:00Z')]

it('writes a file with the time in its name, once', async () => {
  const there = await folder()
  const first = await writeSupabaseMigration(there, monday)
  expect(first).toEqual({ file: path.join(there, '20261123090507_interlock_027.sql'), written: true })
  expect(await writeSupabaseMigration(there, tuesday)).toEqual({ ...first, written: false })
  expect(await readdir(there)).toHaveLength(1)
})

it('writes another one when the text is another', async () => {
  const there = await folder()
  const { file } = await writeSupabaseMigration(there, monday)
  await writeFile(file, '-- of an earlier release')
  expect(await writeSupabaseMigration(there, tuesday)).toMatchObject({ written: true })
  expect(await readFile(file, 'utf8')).toBe('-- of an earlier release')
})

it('writes what can be pushed, twice too', async () => {
  const { file } = await writeSupabaseMigration(await folder(), monday)
  const db = await freshDatabase()
  const script = await readFile(file, 'utf8')
  await db.exec(script)
  const objects = await interlockObjects(db)
  expect(objects.length).toBeGreaterThan(50)
  await db.exec(script)
  expect(await interlockObjects(db)).toEqual(objects)
})
