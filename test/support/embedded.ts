/** Embedded databases in moments. The tests of how one comes to be make theirs from nothing. */
import { execFile } from 'node:child_process'
import { mkdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { PGlite } from '@electric-sql/pglite'
import { madeOnce } from './once.ts'

/** What a store with the embedded database leaves in its folder: Interlock's tables, and nothing in them. */
export async function embeddedIn(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  // A thousand files: by `cp`, which takes a tenth of the time that Node takes.
  await promisify(execFile)('cp', ['-R', `${path.join(await madeOnce('embedded'), 'migrated')}/.`, folder])
}

/** A database in memory, as `PGlite.create()` makes it, or with Interlock's tables. */
export async function embeddedInMemory(like: 'empty' | 'migrated' = 'empty'): Promise<PGlite> {
  const data = await readFile(path.join(await madeOnce('embedded'), `${like}.tar`))
  return PGlite.create({ loadDataDir: new Blob([data]) })
}
