import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import path from 'node:path'
import { createClient } from '@supabase/supabase-js'
import { describe, expect, it, onTestFinished } from 'vitest'
import { runCli } from '../../src/apps/cli/program.ts'
import { createDatabase } from '../support/postgres-database.ts'
import { interlock, temporaryFolder } from './support.ts'

it.each([
  ['PostgreSQL', () => createDatabase('dev')],
  ['the embedded database', async () => `pglite:${await temporaryFolder()}`],
])(
  'dev serves %s, migrated, to those who have the keys it prints',
  { timeout: 120_000 },
  async (_, place) => {
    const url = await place()
    const ending = new AbortController()
    const user = '00000000-0000-0000-0000-00000000000a'
    let printed = ''
    const running = runCli(
      ['dev', '--port', '0', '--json', '--secret', 'kept', '--user', user, '--url', url],
      {
        stdout: { write: (text) => (printed += text) },
        stderr: { write: () => {} },
        env: {},
        signal: ending.signal,
      },
    )
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
    const claims = JSON.parse(
      Buffer.from(settings['SUPABASE_USER_TOKEN']?.split('.')[1] ?? '', 'base64url').toString(),
    )
    expect(claims).toMatchObject({ sub: user, role: 'authenticated' })
    ending.abort()
    expect(await running).toBe(0)
  },
)

it.each([
  ['memory:', 'give --url pglite:<folder> or postgres://'],
  ['https://project.supabase.co', 'give --url pglite:<folder> or postgres://'],
  ['', 'the address of the database is empty'],
])('dev refuses %j, which it cannot serve, and says what it can', async (url, message) => {
  const { code, stderr } = await interlock(['dev', '--url', url], { env: { SUPABASE_SECRET_KEY: 'secret' } })
  expect([code, stderr]).toEqual([2, expect.stringContaining(message)])
})

describe('before it makes anything, interlock dev', () => {
  it.each(['70000', 'abc'])('refuses --port %s', async (port) => {
    const folder = path.join(await temporaryFolder(), 'new')
    expect(await interlock(['dev', '--url', `pglite:${folder}`, '--port', port])).toMatchObject({ code: 2 })
    expect(existsSync(folder)).toBe(false)
  })

  it('refuses a user that is no UUID', async () => {
    expect(await interlock(['dev', '--user', 'alice'])).toMatchObject({ code: 2 })
  })

  it('says that the port is taken, and what to do', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void other.close())
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const folder = path.join(await temporaryFolder(), 'new')
    const refused = await interlock(['dev', '--url', `pglite:${folder}`, '--port', String(port)])
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('to do: use --port 0') })
    expect(existsSync(folder)).toBe(false)
  })
})

it('dev says that the server is away as migrate does', async () => {
  const words = ['--url', 'postgres://127.0.0.1:1/none']
  const { code, stderr } = await interlock(['dev', '--port', '0', ...words])
  expect([code, stderr]).toEqual([1, (await interlock(['migrate', ...words])).stderr])
  expect(stderr).toContain('check that it runs')
})
