/** Where a job stands, for the page of the user whose job it is: what docs/guides/supabase.md grants, asked by real clients under their own rights. */
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { positionSchema } from '../../../src/apps/dashboard/api/job-documents.ts'
import { createDashboard } from '../../../src/apps/dashboard/index.ts'
import { type Coordinator, createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { migrationScript } from '../../../src/engine/migrate/index.ts'
import type { LogStore } from '../../../src/engine/store/index.ts'
import { clientOf } from '../../support/supabase/project.ts'
import { clientOf as handlerOf } from '../dashboard/support.ts'
import { docsBlock, docsModule, type Project, startMigrated, storeOn } from './support.ts'

const ann = '00000000-0000-0000-0000-00000000000a'
const ben = '00000000-0000-0000-0000-00000000000b'
let project: Project
let store: LogStore
let coordinator: Coordinator
beforeAll(async () => {
  project = await startMigrated(docsBlock('sql policy') + docsBlock('sql position') + docsBlock('sql listen'))
  store = storeOn(project, { wake: 'poll' })
  coordinator = await createCoordinator({ store, logger: silentLogger })
  coordinator.offering(null, 1)
  await coordinator.setPolicy('by-model')
  const rows = [ann, ben, ann].map((user, n) => `('job-${n}', 'flux-dev', '${user}')`)
  await project.query(`insert into jobs (job_id, model, user_id) values ${rows.join(', ')}`)
  await coordinator.takeIn({ max: 10 })
  await coordinator.claim({ max: 1, kinds: null })
  await vi.waitUntil(
    async () => (await project.query('select 1 from jobs where queued_at is not null')).length === 3,
    { timeout: 20_000 },
  )
})
afterAll(async () => {
  await coordinator.close()
  await store.close()
  await project.close()
})

const signedIn = async (user: string) =>
  clientOf(project, project.keys.anonJwt, await project.keys.signIn(user))
const asked = async (user: string, job_id: string, queue = 'default') =>
  (await signedIn(user)).rpc('job_queue_explain', { job_id, queue })

describe('job_queue_explain, to a signed-in user', () => {
  it("says where the user's own job stands", async () => {
    const { data, error } = await asked(ann, 'job-2')
    expect(error).toBe(null)
    expect(data).toEqual({
      ...{ job_id: 'job-2', queue: 'default', state: 'waiting', ahead: 1, position: 1, code: 'model_in_use' },
      needs: null,
      models: [{ model: 'flux-dev', ahead: 1, running: 1, capacity: 1 }],
      reason: 'a model it needs is in use',
      ...{ starts_in_seconds: null, starts_from_seconds: null, starts_to_seconds: null },
      starts_reason: 'only a process can tell when it starts',
    })
    expect((await asked(ann, 'job-0')).data).toMatchObject({ state: 'active', code: null, reason: 'it runs' })
  })

  it('says nothing of the job of another one, nor that there is one', async () => {
    expect(await asked(ann, 'job-1')).toMatchObject({ data: null, error: null })
    expect(await asked(ann, 'no-job')).toMatchObject({ data: null, error: null })
    expect(await asked(ben, 'job-0')).toMatchObject({ data: null, error: null })
    expect((await asked(ben, 'job-1')).data).toMatchObject({ job_id: 'job-1', position: 0 })
    for (const job of ['job-0', 'job-2'])
      expect(JSON.stringify((await asked(ann, job)).data)).not.toMatch(/job-1/)
  })

  it('has no way around it: not by the view, not by its parts, not by a row under the id of another', async () => {
    const client = await signedIn(ann)
    const { data } = await client.from('job_queue_places').select('job_id, position, place').order('job_id')
    expect(data).toMatchObject([
      { job_id: 'job-0', position: { ahead: null } },
      { job_id: 'job-2', position: { ahead: 1 }, place: { position: 1 } },
    ])
    const own = await client.rpc('job_queue_own_rows', { job_ids: ['job-0', 'job-1'], names: {} })
    expect(own).toMatchObject({ data: [{ job_id: 'job-0' }], error: null })
    for (const table of ['job_queue_jobs', 'job_queue_log', 'job_queue_state'])
      expect((await client.from(table).select('*')).error?.code).toBe('42501')
    // Jobs without rows, under whose ids she puts rows of her own.
    await coordinator.enqueue([{ jobId: 'planted', models: ['flux-dev'] }])
    expect((await client.from('jobs').insert({ job_id: 'planted', model: 'flux-dev' })).error).toBe(null)
    expect((await client.from('jobs').select('job_id').eq('job_id', 'planted')).data).toHaveLength(1)
    await project.query("select job_queue_project('default', 1000)")
    expect(await asked(ann, 'planted')).toMatchObject({ data: null, error: null })
  })
})

it('a user who is not signed in may not ask', async () => {
  const { error } = await clientOf(project, project.keys.anonJwt).rpc('job_queue_explain', {
    job_id: 'job-0',
  })
  expect(error?.code).toBe('42501')
})

it('the server may, about every job; and what was granted stays through the next migration', async () => {
  const server = clientOf(project, project.keys.secret)
  expect((await server.rpc('job_queue_explain', { job_id: 'job-1' })).data).toMatchObject({ job_id: 'job-1' })
  await project.query(migrationScript())
  expect((await asked(ben, 'job-1')).data).toMatchObject({ job_id: 'job-1' })
})

it("the dashboard's handler says the same to a user whose grant has the job", async () => {
  const grant = { actor: 'customer', role: 'viewer', jobs: ['job-1'] } as const
  const dashboard = createDashboard({ store, authorize: () => grant })
  onTestFinished(() => dashboard.close())
  const answer = await handlerOf(dashboard).get('/api/queues/default/jobs/job-1/position')
  const said = positionSchema.parse(await answer.json())
  const { data } = await asked(ben, 'job-1')
  const { position, models, code } = said
  expect(data).toMatchObject({ position, models, code })
  expect(said).toMatchObject({ startsInSeconds: null, startsReason: expect.any(String) })
})

it('the doctor has nothing to say against what was granted', async () => {
  const open = "select job_queue_checkup('default') #> '{grants,open}' as open"
  expect(await project.query(open)).toEqual([{ open: [] }])
  await project.query('grant execute on function job_queue_explain(text, text) to anon')
  expect(await project.query(open)).toEqual([{ open: ['anon: job_queue_explain'] }])
  await project.query('revoke execute on function job_queue_explain(text, text) from anon')
})

describe('a page that follows one row', () => {
  it('hears of its changes and of its end, once the table is published', async () => {
    const { onJob } = await docsModule('js listen')
    const seen: unknown[] = []
    const client = clientOf(project, project.keys.secret)
    const end = onJob(client, 'heard', (row: unknown) => seen.push(row))
    const touch = () =>
      project.query(
        `insert into jobs (job_id, model, user_id) values ('heard', 'flux-dev', '${ann}'), ('other', 'flux-dev', '${ann}')
         on conflict (job_id) do update set user_id = excluded.user_id`,
      )
    // The channel is there some time after it was asked for.
    await expect
      .poll(async () => {
        await touch()
        return seen.at(-1)
      })
      .toMatchObject({ job_id: 'heard', status: 'pending' })
    for (const row of seen) if (row !== null) expect(row).toMatchObject({ job_id: 'heard' })
    await project.query("delete from jobs where job_id = 'heard'")
    await expect.poll(() => seen.at(-1)).toBe(null)
    await end()
  })

  it('is shown a change from before Realtime tells of changes, when it begins to', async () => {
    const { onJob } = await docsModule('js listen')
    const slow = await startMigrated(docsBlock('sql listen'), { changesAfterMs: 1_000 })
    onTestFinished(() => slow.close())
    await slow.query("insert into jobs (job_id, model) values ('early', 'flux-dev')")
    const seen: unknown[] = []
    const end = onJob(clientOf(slow, slow.keys.secret), 'early', (row: unknown) => seen.push(row))
    await expect.poll(() => seen).toMatchObject([{ status: 'pending' }])
    await slow.query("update jobs set status = 'draft'")
    // Earlier than it reads anyway.
    await expect.poll(() => seen.at(-1), { timeout: 8_000 }).toMatchObject({ status: 'draft' })
    await end()
  })

  it("is shown a job that has ended before it asked, if it is the user's own", async () => {
    const { onJob } = await docsModule('js listen')
    await project.query(
      `insert into jobs (job_id, status, model, user_id) values ('short', 'completed', 'flux-dev', '${ann}')`,
    )
    const shownTo = async (user: string) => {
      const shown = Promise.withResolvers<unknown>()
      const end = onJob(await signedIn(user), 'short', shown.resolve)
      const row = await shown.promise
      await end()
      return row
    }
    expect(await shownTo(ann)).toMatchObject({ job_id: 'short', status: 'completed' })
    expect(await shownTo(ben)).toBe(null)
  })
})

it('a page says it in a sentence', async () => {
  const { positionOf } = await docsModule('js position')
  const said = (found: object | null) =>
    positionOf({ rpc: async () => ({ data: found, error: null }) }, 'a') as Promise<string>
  const models = [{ model: 'flux-dev', ahead: 2 }]
  expect(await said({ state: 'waiting', models })).toBe('third in line for flux-dev')
  expect(await said({ state: 'waiting', models: [{ model: 'm', ahead: null }], reason: 'why' })).toBe('why')
  expect(await positionOf(await signedIn(ann), 'job-0')).toBe('it runs')
  expect(await positionOf(await signedIn(ann), 'job-1')).toMatch(/not in line/)
})
