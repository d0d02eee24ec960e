/** A row that a signed-in user inserts wakes a worker; what he forges changes nothing. */
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { createCoordinator } from '../../src/coordinator/index.ts'
import { clientOf } from '../dev/support.ts'
import { type Project, startMigrated, storeOn } from './support.ts'

const alice = '00000000-0000-0000-0000-00000000000a'
const NEVER = 3_600_000

/** As docs/supabase.md tells users to do it. */
const ownJobs = `
  alter table public.jobs add column user_id uuid default auth.uid();
  grant select, insert on public.jobs to authenticated;
  drop policy jobs_nobody on public.jobs;
  create policy jobs_own on public.jobs for select to authenticated using ((select auth.uid()) = user_id);
  create policy jobs_insert on public.jobs for insert to authenticated with check ((select auth.uid()) = user_id);`

let project: Project
beforeAll(async () => {
  project = await startMigrated(ownJobs)
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

function never(): never {
  throw new Error('nothing was claimed')
}
