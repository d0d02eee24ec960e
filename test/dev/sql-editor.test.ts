/** SQL for a local Supabase, which has no editor; and with it what a signed-in user may do, as docs/guides/supabase.md has it. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { embeddedDatabase, type LocalSupabase, startLocalSupabase } from '../../src/apps/dev/index.ts'
import { migrationScript } from '../../src/engine/migrate/index.ts'
import { docsBlock } from '../supabase/support.ts'
import { embedded } from '../support/embedded.ts'
import { clientOf } from './support.ts'

let local: LocalSupabase
beforeAll(async () => {
  const { db: pglite, close } = await embedded()
  const db = embeddedDatabase('embedded', pglite, close)
  local = await startLocalSupabase({ db })
  await db.exec(migrationScript())
})
afterAll(() => local.close())

async function sql(body: string, key = local.keys.secret, headers: Record<string, string> = {}) {
  const answer = await fetch(`${local.url}/pg/query`, {
    method: 'POST',
    headers: { apikey: key, ...headers },
    body,
  })
  return [answer.status, await answer.json()]
}

it('answers the rows of the last statement', async () => {
  expect(
    await sql(`create table t (a int8); insert into t values (9007199254740993); select * from t`),
  ).toEqual([200, [{ a: '9007199254740993' }]])
  const json = { 'Content-Type': 'application/json' }
  expect(await sql('{"query": "select 1 as one"}', local.keys.serviceRoleJwt, json)).toEqual([
    200,
    [{ one: 1 }],
  ])
})

it('says what is wrong with it, and takes the next', async () => {
  expect(await sql('begin; selec 1')).toEqual([400, { message: expect.stringContaining('syntax error') }])
  expect((await sql('set role anon; begin'))[0]).toBe(200)
  expect(await sql('select current_user = session_user as own')).toEqual([200, [{ own: true }]])
})

it('is for the secret key', async () => {
  for (const key of [local.keys.publishable, local.keys.anonJwt, await local.keys.signIn('u'), 'x', ''])
    expect(await sql('select 1', key)).toEqual([403, { message: expect.stringContaining('secret key') }])
})

it('a user submits jobs under the policy of the page, and decides of them no more than the model', async () => {
  const [status] = await sql(`alter table jobs add column kind text; ${docsBlock('sql policy')}`)
  expect(status).toBe(200)
  const [alice, bob] = ['a', 'b'].map((last) => `00000000-0000-0000-0000-00000000000${last}`)
  const as = async (id = '') => clientOf(local, local.keys.publishable, await local.keys.signIn(id))
  const [a, b] = [await as(alice), await as(bob)]
  expect((await a.from('jobs').insert({ model: 'flux-dev' }).select('status')).data).toEqual([
    { status: 'pending' },
  ])
  expect((await b.from('jobs').select('job_id')).data).toEqual([])
  for (const more of [{ kind: 'admin' }, { status: 'completed' }, { user_id: bob }, { priority: 100 }])
    expect((await a.from('jobs').insert({ model: 'flux-dev', ...more })).error?.code).toBe('42501')
  expect((await a.from('jobs').insert({ model: 'made-up' })).error?.code).toBe('42501')
})
