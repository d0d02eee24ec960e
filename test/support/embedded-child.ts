/** Makes the templates of `embedded.ts` in a folder: `node embedded-child.ts <folder>`. */
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { pgliteStore } from '../../src/adapter/pglite/index.ts'
import { migrate } from '../../src/migrate/index.ts'

const [folder = ''] = process.argv.slice(2)

const db = await PGlite.create()
const dump = async (name: string): Promise<void> => {
  const data = await db.dumpDataDir('none')
  await writeFile(path.join(folder, name), Buffer.from(await data.arrayBuffer()))
}
await dump('empty.tar')
await migrate({
  query: async (sql, values) =>
    (await db.query<Record<string, unknown>>(sql, values ? [...values] : undefined)).rows,
  exec: async (sql) => void (await db.exec(sql)),
})
await dump('migrated.tar')
await db.close()

const store = pgliteStore(path.join(folder, 'migrated'))
await store.open('default')
await store.close()
