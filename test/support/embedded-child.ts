/** Makes the templates of `embedded.ts` in a folder: `node embedded-child.ts <folder>`. */
import { cp, mkdir } from 'node:fs/promises'
import path from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { migrate } from '../../src/engine/migrate/index.ts'
import { pgliteStore } from '../../src/engine/store/pglite/index.ts'

const [folder = ''] = process.argv.slice(2)
const at = (...names: readonly string[]): string => path.join(folder, ...names)

const empty = await PGlite.create(at('empty'))
// Each start clears them all, which takes a third of its time; what a test writes fits in a few.
await empty.exec("alter system set shared_buffers = '8MB'")
await empty.close()

// In place of a second `initdb`, and of a second migration.
await cp(at('empty'), at('tables'), { recursive: true })
const db = await PGlite.create(at('tables'))
await migrate({
  query: async (sql, values) =>
    (await db.query<Record<string, unknown>>(sql, values ? [...values] : undefined)).rows,
  exec: async (sql) => void (await db.exec(sql)),
})
await db.close()

// As the store keeps it.
await mkdir(at('migrated'), { mode: 0o700 })
await cp(at('tables'), at('migrated', 'database'), { recursive: true })
const store = pgliteStore(at('migrated'))
await store.open('default')
await store.close()
