/** A row that a signed-in user inserts wakes a worker; what he forges changes nothing. */
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { createCoordinator } from '../../../src/engine/coordinator/index.ts'
import { clientOf } from '../../support/supabase/project.ts'
import { docsBlock, type Project, startMigrated, storeOn } from './support.ts'

const alice = '00000000-0000-0000-0000-00000000000a'
const bob = '00000000-0000-0000-0000-00000000000b'
const NEVER = 3_600_000

let project: Project
beforeAll(async () => {
  // Every column: what the page grants keeps browsers from these before the guard has to.
  project = await startMigrated(`${docsBlock('sql policy')} grant insert on jobs to authenticated;
    alter table jobs add column site text;
    insert into interlock.job_queue_settings (key, value) values ('columns', '{"jobs": {"dedupe_key": "site"}}')`)
})
afterAll(() => project.close())

it('an insert under row level security wakes a worker, which takes it in', async () => {
  const store = storeOn(project, { pollMs: NEVER })
  const silent = { info: () => {}, warn: () => {}, error: () => {} }
  const coordinator = await createCoordinator({ store, logger: silent, leaseMs: NEVER, pollMs: NEVER })
  onTestFinished(async () => {
    await coordinator.close()
    await store.close()
  })
  let arrivals = 0
  const watch = coordinator.intake$.subscribe(() => arrivals++)
  onTestFinished(() => watch.unsubscribe())
  // Once it listens, every wake-up without a version looks for arrivals too.
  await new Promise((resolve) => setTimeout(resolve, 500))
  const before = arrivals
  const user = clientOf(project, project.keys.publishable, await project.keys.signIn(alice))
  expect((await user.from('jobs').insert({ job_id: 'mine', model: 'flux-dev' })).error).toBeNull()
  await expect.poll(() => arrivals, { timeout: 5_000 }).toBeGreaterThan(before)
  await coordinator.takeIn({ max: 100 })
  expect(await coordinator.explain('mine')).toMatchObject({ jobId: 'mine' })
  const [claimed] = await coordinator.claim({ max: 1, kinds: null })
  expect(claimed?.spec).toMatchObject({ jobId: 'mine', models: ['flux-dev'], priority: 0 })
  await coordinator.complete(claimed?.lease ?? never())
  await expect
    .poll(async () => (await user.from('jobs').select('job_id, status')).data, { timeout: 5_000 })
    .toEqual([{ job_id: 'mine', status: 'completed' }])
})

it.each([
  { priority: 1_000 },
  { required_models: [] },
  { queued_at: '2020-01-01T00:00:00Z' },
  { blocked_by_job_id: 'mine' },
])('a row with %j is refused', async (forged) => {
  const user = clientOf(project, project.keys.publishable, await project.keys.signIn(alice))
  const { error } = await user.from('jobs').insert({ job_id: 'forged', model: 'flux-dev', ...forged })
  expect(error?.code).toBe('JQ102')
  expect((await project.query("select 1 from jobs where job_id = 'forged'")).length).toBe(0)
})

it('a row whose key a job has follows that job, also under row level security', async () => {
  const store = storeOn(project, { pollMs: NEVER })
  const silent = { info: () => {}, warn: () => {}, error: () => {} }
  const coordinator = await createCoordinator({ store, logger: silent, leaseMs: NEVER, pollMs: NEVER })
  onTestFinished(async () => {
    await coordinator.close()
    await store.close()
  })
  const user = clientOf(project, project.keys.publishable, await project.keys.signIn(alice))
  for (const job_id of ['index-1', 'index-2'])
    expect((await user.from('jobs').insert({ job_id, model: 'flux-dev', site: 's' })).error).toBeNull()
  await coordinator.takeIn({ max: 100 })
  const seen = async () =>
    (await user.from('jobs').select('status, blocked_by_job_id, conflict_reason').eq('job_id', 'index-2'))
      .data
  const reason = 'deduplicated: job index-1 stands for it'
  await expect
    .poll(seen, { timeout: 10_000 })
    .toEqual([{ status: 'pending', blocked_by_job_id: 'index-1', conflict_reason: reason }])
  const [claimed] = await coordinator.claim({ max: 1, kinds: null })
  await coordinator.complete(claimed?.lease ?? never())
  await expect
    .poll(seen, { timeout: 10_000 })
    .toEqual([{ status: 'completed', blocked_by_job_id: null, conflict_reason: reason }])
})

it('a user sees his own jobs and nobody else does, in the way that the documentation shows', async () => {
  const [a, b] = await Promise.all(
    [alice, bob].map(async (id) =>
      clientOf(project, project.keys.publishable, await project.keys.signIn(id)),
    ),
  )
  expect((await a?.from('jobs').insert({ job_id: 'of-alice', model: 'flux-dev' }))?.error).toBeNull()
  expect((await a?.from('jobs').select('job_id').eq('job_id', 'of-alice'))?.data).toHaveLength(1)
  expect((await b?.from('jobs').select('job_id'))?.data).toEqual([])
  const refused: readonly { job_id: string; model: string; user_id?: string; status?: string }[] = [
    { job_id: 'as-alice', model: 'flux-dev', user_id: alice },
    { job_id: 'done', model: 'flux-dev', status: 'completed' },
    { job_id: 'made-up', model: 'no-such-model' },
  ]
  for (const row of refused) {
    expect((await b?.from('jobs').insert(row))?.error?.code).toBe('42501')
  }
  const stolen = await b?.from('jobs').update({ status: 'cancelled' }).eq('job_id', 'of-alice').select()
  expect(stolen?.error?.code).toBe('42501')
  const nobody = clientOf(project, project.keys.publishable)
  expect((await nobody.from('jobs').select('job_id')).error?.code).toBe('42501')
  expect((await nobody.from('jobs').insert({ job_id: 'x', model: 'flux-dev' })).error?.code).toBe('42501')
})

it.each([
  ['job_queue_state', '42501'],
  ['job_queue_jobs', '42501'],
  ['job_queue_log', '42501'],
  // The API does not even expose it.
  ['job_queue_data', 'PGRST205'],
])('%s is closed to a user', async (table, code) => {
  const user = clientOf(project, project.keys.publishable, await project.keys.signIn(alice))
  expect((await user.from(table).select()).error?.code).toBe(code)
})

function never(): never {
  throw new Error('nothing was claimed')
}
