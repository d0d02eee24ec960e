import { createClient } from '@supabase/supabase-js'
import { expect } from 'vitest'
import { runCli } from '../../src/apps/cli/program.ts'

const user = '00000000-0000-0000-0000-00000000000a'

/** `interlock dev` serves this database, migrated, to those who have the keys it prints. */
export async function expectServed(url: string): Promise<void> {
  const ending = new AbortController()
  const printed = Promise.withResolvers<string>()
  let said = ''
  const write = (text: string) => {
    said += text
    if (said.endsWith('\n')) printed.resolve(said)
  }
  const words = ['dev', '--port', '0', '--json', '--secret', 'kept', '--user', user, '--url', url]
  const io = { stdout: { write }, stderr: { write: () => {} }, env: {}, signal: ending.signal }
  const running = runCli(words, io).finally(() => printed.resolve(said))
  const settings: Record<string, string> = JSON.parse(await printed.promise)
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
}
