import { readFileSync } from 'node:fs'
import { createClient } from '@supabase/supabase-js'
import { expect, it } from 'vitest'
import { currentDatabaseTypes, databaseTypesFile } from '../../../src/engine/migrate/database-types.ts'
import { openTables } from '../../../src/engine/migrate/version.ts'
import { type Database, supabaseStore } from '../../../src/engine/store/supabase/index.ts'

it('the types are those of the migrations: run `npm run generate -- bundle`', async () => {
  const text = await currentDatabaseTypes()
  expect(readFileSync(databaseTypesFile(), 'utf8')).toBe(text)
  for (const table of openTables) expect(text).toContain(`      ${table}: Table<{`)
})

it('a client with types is a client too, and knows the tables', () => {
  const client = createClient<Database>('http://127.0.0.1:1', 'key')
  expect(supabaseStore(client).name).toBe('http://127.0.0.1:1')
  type State = Database['public']['Tables']['job_queue_state']['Row']
  const status: Pick<State, 'status' | 'active_job_id'> = { status: 'idle', active_job_id: null }
  type Named = Database['public']['Functions']['job_queue_read']['Args']
  const args: Named = { queue: 'default', after: 0, lim: 10 }
  // @ts-expect-error a function without this argument
  const wrong: Named = { queue: 'default', since: 0 }
  expect([args.queue, wrong.queue]).toEqual(['default', 'default'])
  expect(status.active_job_id).toBeNull()
})
