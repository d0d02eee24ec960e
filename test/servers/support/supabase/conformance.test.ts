/** The stand-in for Supabase answers as PostgREST does: requests whose answers were recorded from the real one. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createDatabase } from '../../../support/postgres-database.ts'
import {
  answerOf,
  conformanceSchema,
  droppedAnswers,
  jwtSecret,
  recordedAnswers,
  replay,
} from '../../../support/supabase/conformance/replay.ts'
import { postgresDatabase } from '../../../support/supabase/database.ts'
import { type LocalSupabase, startLocalSupabase } from '../../../support/supabase/index.ts'

let server: LocalSupabase
beforeAll(async () => {
  const db = await postgresDatabase(await createDatabase('conformance'))
  server = await startLocalSupabase({ db, jwtSecret })
  await db.exec(conformanceSchema)
})
afterAll(() => server.close())

// In order: some requests write what later ones see.
it.each(recordedAnswers().map((each) => [`${each.section}: ${each.label} as ${each.as}`, each] as const))(
  '%s',
  async (_, recorded) => {
    expect(await replay(recorded, server)).toEqual({ kind: 'alike' })
  },
)

it.each(droppedAnswers().map((each) => [`${each.section}: ${each.label}: ${each.request}`, each] as const))(
  '%s is not answered as by the real one, and says so',
  async (_, recorded) => {
    const { status, body } = await answerOf(recorded, server)
    expect({ status, body: body.replaceAll('\\"', '"') }).toEqual({
      status: recorded.now,
      body: expect.stringContaining(recorded.names),
    })
  },
)
