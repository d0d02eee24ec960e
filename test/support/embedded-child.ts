/** Makes the templates of `embedded.ts` in a folder: `node embedded-child.ts <folder>`. */
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { pgliteStore } from '../../src/adapter/pglite/index.ts'
import { migrate } from '../../src/migrate/index.ts'

const [folder = ''] = process.argv.slice(2)

const db = await PGlite.create()
// Each start clears them all, which takes a third of its time; what a test writes fits in a few.
await db.exec("alter system set shared_buffers = '8MB'")
const dump = async (name: string): Promise<Blob> => {
  const data = await db.dumpDataDir('none')
  await writeFile(path.join(folder, name), Buffer.from(await data.arrayBuffer()))
  return data
}
await dump('empty.tar')
await migrate({
  query: async (sql, values) =>
    (await db.query<Record<string, unknown>>(sql, values ? [...values] : undefined)).rows,
  exec: async (sql) => void (await db.exec(sql)),
})
const migrated = await dump('migrated.tar')
await db.close()

// Filled with that, where the store keeps it, in place of a second `initdb` and migration.
const directory = path.join(folder, 'migrated')
await mkdir(directory, { mode: 0o700 })
const filled = await PGlite.create({ dataDir: path.join(directory, 'database'), loadDataDir: migrated })
await filled.close()
const store = pgliteStore(directory)
await store.open('default')
await store.close()
