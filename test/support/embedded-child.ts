/** Makes the templates of `embedded.ts` in a folder: `node embedded-child.ts <folder>`. */
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { pgliteStore } from '../../src/adapter/pglite/index.ts'

const [folder = ''] = process.argv.slice(2)

const empty = await PGlite.create()
const data = await empty.dumpDataDir('none')
await writeFile(path.join(folder, 'empty.tar'), Buffer.from(await data.arrayBuffer()))
await empty.close()

const store = pgliteStore(path.join(folder, 'migrated'))
await store.open('default')
await store.close()
