import { createClient } from '@supabase/supabase-js'
import { expect, it } from 'vitest'
import { runCli } from '../../src/cli/program.ts'
import { createDatabase } from '../support/postgres-database.ts'
import { interlock, temporaryFolder } from './support.ts'

it.each([
  ['PostgreSQL', () => createDatabase('dev')],
  ['the embedded database', async () => `pglite:${await temporaryFolder()}`],
])('dev serves %s, migrated, to whoever has the keys it prints', { timeout: 120_000 }, async (_, place) => {
  const url = await place()
  const ending = new AbortController()
  let printed = ''
  const running = runCli(['dev', '--port', '0', '--json', '--secret', 'kept', '--url', url], {
    stdout: { write: (text) => (printed += text) },
    stderr: { write: () => {} },
    env: {},
    signal: ending.signal,
  })
  await expect.poll(() => printed, { timeout: 90_000 }).toMatch(/\n$/)
  const settings: Record<string, string> = JSON.parse(printed)
  const options = { auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false } }
  const clientWith = (key: string) =>
    createClient(settings['SUPABASE_URL'] ?? '', settings[key] ?? '', options)
  for (const key of ['SUPABASE_SECRET_KEY', 'SUPABASE_SERVICE_ROLE_KEY']) {
    const { data, error } = await clientWith(key).rpc('job_queue_open', { queue: 'default' })
    expect([error, data?.version]).toEqual([null, 0])
  }
  const secret = clientWith('SUPABASE_SECRET_KEY')
  const inserted = await secret.from('jobs').insert({ job_id: 'first', model: 'm' }).select()
  expect(inserted.error).toBeNull()
  const deleted = await secret.from('job_queue_state').delete().eq('queue', 'default').select()
  expect(deleted.error?.code).toBe('42501')
  for (const key of ['SUPABASE_PUBLISHABLE_KEY', 'SUPABASE_ANON_KEY']) {
    const { error } = await clientWith(key).rpc('job_queue_open', { queue: 'default' })
    expect(error?.code).toBe('42501')
  }
  ending.abort()
  expect(await running).toBe(0)
})

it('dev refuses what it cannot serve, and a port that is none', async () => {
  expect(await interlock(['dev', '--url', 'memory:'])).toMatchObject({ code: 2 })
  const url = `pglite:${await temporaryFolder()}`
  expect(await interlock(['dev', '--url', url, '--port', '70000'])).toMatchObject({ code: 2 })
})
