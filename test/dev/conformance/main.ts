/**
 * `npm run conformance [-- <database>]`: replays the recorded answers against a local Supabase and prints how many are alike.
 * Exit 3 when one is different. The database is made empty by nobody: name one that is; without one, the embedded.
 */
import { PGlite } from '@electric-sql/pglite'
import { postgresDatabase } from '../../../src/apps/dev/database/postgres.ts'
import { embeddedDatabase, startLocalSupabase } from '../../../src/apps/dev/index.ts'
import { conformanceSchema, conformanceSchemas, jwtSecret, recordedAnswers, replay } from './replay.ts'

const [url] = process.argv.slice(2)
const db = url === undefined ? await embedded() : await postgresDatabase(url)
const server = await startLocalSupabase({ db, schemas: conformanceSchemas, jwtSecret })
await db.exec(conformanceSchema)

const answers = recordedAnswers()
let different = 0
for (const recorded of answers) {
  const verdict = await replay(recorded, server)
  if (verdict.kind === 'alike') continue
  different++
  console.log(`${recorded.section}: ${recorded.label} as ${recorded.as}`)
  console.log(`  ${recorded.status} ${recorded.answer ?? ''}\n  ${verdict.status} ${verdict.body}`)
}
console.log(`${answers.length - different} alike, ${different} different (${db.name})`)
await server.close()
process.exitCode = different === 0 ? 0 : 3

async function embedded() {
  const pglite = await PGlite.create()
  return embeddedDatabase('the embedded database', pglite, () => pglite.close())
}
