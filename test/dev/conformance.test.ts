/** The local Supabase answers as PostgREST does: requests whose answers were recorded from the real one. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { postgresDatabase } from '../../src/apps/dev/database/postgres.ts'
import { embeddedDatabase, type LocalSupabase, startLocalSupabase } from '../../src/apps/dev/index.ts'
import { embedded } from '../support/embedded.ts'
import { createDatabase } from '../support/postgres-database.ts'
import {
  answerOf,
  conformanceSchema,
  conformanceSchemas,
  droppedAnswers,
  jwtSecret,
  recordedAnswers,
  replay,
} from './conformance/replay.ts'

const answers = recordedAnswers()
const dropped = droppedAnswers()

describe.each([
  ['PostgreSQL', async () => postgresDatabase(await createDatabase('dev'))],
  ['PGlite', async () => pglite()],
])('over %s', (_, open) => {
  let server: LocalSupabase

  beforeAll(async () => {
    const db = await open()
    server = await startLocalSupabase({ db, schemas: conformanceSchemas, jwtSecret })
    await db.exec(conformanceSchema)
  })
  afterAll(() => server.close())

  // In order: some requests write what later ones see.
  it.each(answers.map((each) => [`${each.section}: ${each.label} as ${each.as}`, each] as const))(
    '%s',
    async (_, recorded) => {
      expect(await replay(recorded, server)).toEqual({ kind: 'alike' })
    },
  )

  it.each(dropped.map((each) => [`${each.section}: ${each.label}: ${each.request}`, each] as const))(
    '%s is not answered as by the real one, and says so',
    async (_, recorded) => {
      const { status, body } = await answerOf(recorded, server)
      expect({ status, body: body.replaceAll('\\"', '"') }).toEqual({
        status: recorded.now,
        body: expect.stringContaining(recorded.names),
      })
    },
  )
})

async function pglite() {
  const { db, close } = await embedded()
  return embeddedDatabase('pglite:memory', db, close)
}
