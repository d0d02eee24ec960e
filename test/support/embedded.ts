/** Embedded databases in moments. The tests of how one comes to be make theirs from nothing. */
import { cp, readFile } from 'node:fs/promises'
import path from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { madeOnce } from './once.ts'

/** What a store with the embedded database leaves in its folder: Interlock's tables, and nothing in them. */
export async function embeddedIn(folder: string): Promise<void> {
  await cp(path.join(await madeOnce('embedded'), 'migrated'), folder, { recursive: true })
}

/** A database in memory, as `PGlite.create()` makes it. */
export async function embeddedInMemory(): Promise<PGlite> {
  const data = await readFile(path.join(await madeOnce('embedded'), 'empty.tar'))
  return PGlite.create({ loadDataDir: new Blob([data]) })
}
