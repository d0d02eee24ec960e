/** Embedded databases in moments. The tests of how one comes to be make theirs from nothing. */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { PGlite } from '@electric-sql/pglite'
import { madeOnce } from './once.ts'

/** What a store with the embedded database leaves in its folder: Interlock's tables, and nothing in them. */
export const embeddedIn = (folder: string): Promise<void> => copied('migrated', folder)

export interface Embedded {
  readonly db: PGlite
  /** Ends it, and deletes its files. */
  close(): Promise<void>
}

/** A database of its own, as `PGlite.create()` makes it, or with Interlock's tables. */
export async function embedded(like: 'empty' | 'tables' = 'empty'): Promise<Embedded> {
  // Not from an archive into the memory of this process: to unpack one takes twice as long as the start that follows.
  const folder = await mkdtemp(path.join(tmpdir(), 'interlock-pglite-'))
  await copied(like, folder)
  const db = await PGlite.create(folder)
  const close = async () => {
    await db.close()
    await rm(folder, { recursive: true })
  }
  return { db, close }
}

async function copied(template: 'empty' | 'tables' | 'migrated', folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  // A thousand files: by `cp`, which takes a tenth of the time that Node takes.
  await promisify(execFile)('cp', ['-R', `${path.join(await madeOnce('embedded'), template)}/.`, folder])
}
