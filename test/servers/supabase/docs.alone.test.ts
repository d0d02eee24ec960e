/** What the guides about Supabase tell people to run in other places than Node: in the database, and as an Edge Function. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { createJobWorker } from '../../../src/engine/worker/index.ts'
import { clientOf } from '../../support/supabase/project.ts'
import { appendNow, queuedEvent, standOf, waitingRow } from '../contract/hand-made.ts'
import { docsBlock, type Project, startMigrated, storeOn } from './support.ts'

let project: Project
beforeAll(async () => {
  // As with a table that somebody made before: Supabase grants new ones to both roles.
  project = await startMigrated(
    `grant all on jobs to anon, authenticated; ${docsBlock('sql policy')} ${docsBlock('sql cancel')}`,
  )
})
afterAll(() => project.close())

it('a user submits jobs under the policy of the page, and decides of them no more than the model', async () => {
  await project.query('alter table jobs add column kind text')
  const token = await project.keys.signIn('00000000-0000-0000-0000-00000000000a')
  const jobs = () => clientOf(project, project.keys.publishable, token).from('jobs')
  expect((await jobs().insert({ model: 'flux-dev' }).select('status')).data).toEqual([{ status: 'pending' }])
  for (const more of [{ kind: 'admin' }, { status: 'completed' }, { priority: 100 }])
    expect((await jobs().insert({ model: 'flux-dev', ...more })).error?.code).toBe('42501')
})

it('users cancel their own jobs that have not ended, and change nothing else of any', async () => {
  const [ann, ben] = ['00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-00000000000b']
  await project.query(`insert into jobs (job_id, status, model, user_id) values
    ('waits', 'pending', 'flux-dev', '${ann}'), ('ended', 'completed', 'flux-dev', '${ann}'), ('of-ben', 'pending', 'flux-dev', '${ben}')`)
  const jobs = clientOf(project, project.keys.publishable, await project.keys.signIn(ann)).from('jobs')
  const change = (id: string, columns: Record<string, string>) =>
    jobs.update(columns).eq('job_id', id).select('status')
  for (const more of [{ status: 'completed' }, { model: 'motion-2.0-fast' }, { user_id: ben }])
    expect((await change('waits', more)).error?.code).toBe('42501')
  expect((await change('waits', { status: 'cancelled' })).data).toEqual([{ status: 'cancelled' }])
  for (const id of ['ended', 'of-ben'])
    expect(await change(id, { status: 'cancelled' })).toMatchObject({ data: [], error: null })
  expect((await jobs.delete().eq('job_id', 'ended').select('job_id')).data).toHaveLength(1)
  expect((await jobs.delete().eq('job_id', 'of-ben').select('job_id')).data).toEqual([])
})

it('users who may read three columns submit, see their own, and read no other column', async () => {
  await project.query(docsBlock('sql columns'))
  const token = await project.keys.signIn('00000000-0000-0000-0000-00000000000c')
  const jobs = clientOf(project, project.keys.publishable, token).from('jobs')
  expect((await jobs.insert({ model: 'flux-dev' }).select('job_id')).data).toHaveLength(1)
  expect((await jobs.select('job_id, status, queued_at')).data).toMatchObject([{ status: 'pending' }])
  expect((await jobs.select('blocked_by_job_id')).error?.code).toBe('42501')
})

describe('a table of your own', () => {
  const ann = '00000000-0000-0000-0000-00000000000a'
  const ben = '00000000-0000-0000-0000-00000000000b'
  let own: Project
  beforeAll(async () => {
    own = await startMigrated(`${docsBlock('sql own')} ${docsBlock('sql own-cancel')}`)
  })
  afterAll(() => own.close())

  it('rows that were pending before its triggers become jobs, once', async () => {
    await own.query('alter table renders disable trigger renders_to_jobs')
    const [pending] = await own.query(`insert into renders (user_id, model, prompt, status) values
      ('${ann}', 'flux-dev', 'a fox', 'pending'), ('${ann}', 'flux-dev', 'a hen', 'completed') returning id`)
    await own.query('alter table renders enable trigger renders_to_jobs')
    await own.query(docsBlock('sql own-before').repeat(2))
    const job = { job_id: pending?.['id'], model: 'flux-dev', status: 'pending' }
    expect(await own.query('select job_id, model, status from jobs')).toEqual([job])
    expect(await own.query('select job_id from interlock.job_queue_arrivals')).toEqual([
      { job_id: pending?.['id'] },
    ])
    await own.query('delete from renders')
  })

  it('users cancel their own rows that have not ended, and keep them', async () => {
    const store = storeOn(own)
    const coordinator = await createCoordinator({ store, logger: silentLogger })
    onTestFinished(async () => {
      await coordinator.close()
      await store.close()
    })
    await coordinator.setPolicy('by-model')
    const worker = createJobWorker({
      ...{ coordinator, intake: true, concurrency: 2 },
      handlers: {
        // One model's jobs run until they are told to stop.
        normal: ({ models }, { signal }) =>
          models[0] === 'flux-dev' &&
          new Promise((_, stop) => signal.addEventListener('abort', () => stop(signal.reason))),
      },
    })
    worker.start()
    const rendersOf = async (user: string) =>
      clientOf(own, own.keys.publishable, await own.keys.signIn(user)).from('renders')
    const [renders, others] = [await rendersOf(ann), await rendersOf(ben)]
    const insert = async (model: string): Promise<string> =>
      (await renders.insert({ model, prompt: 'a fox' }).select('id').single().throwOnError()).data.id
    const statusOf = async (id: string) =>
      (await renders.select('status').eq('id', id).single().throwOnError()).data.status
    const change = (id: string, columns: Record<string, string>, table = renders) =>
      table.update(columns).eq('id', id).select('status')
    const runs = await insert('flux-dev')
    await expect.poll(() => statusOf(runs)).toBe('running')
    const [waits, ended] = [await insert('flux-dev'), await insert('motion-2.0-fast')]
    await expect.poll(() => statusOf(ended)).toBe('completed')

    for (const more of [{ status: 'completed' }, { model: 'motion-2.0-fast' }])
      expect((await change(waits, more)).error?.code).toBe('42501')
    expect(await change(ended, { status: 'cancelled' })).toMatchObject({ data: [], error: null })
    expect(await change(waits, { status: 'cancelled' }, others)).toMatchObject({ data: [], error: null })
    for (const id of [waits, runs]) {
      expect((await change(id, { status: 'cancelled' })).data).toEqual([{ status: 'cancelled' }])
      const end = await new Promise((resolve) => coordinator.ended$(id).subscribe(resolve))
      expect(end).toMatchObject({ outcome: 'cancelled' })
    }
    // It said `running` again until its handler had stopped.
    await expect.poll(() => statusOf(runs)).toBe('cancelled')
    expect(
      await own.query('select 1 from jobs where status <> all ($1)', [['cancelled', 'completed']]),
    ).toEqual([])
  })
})

describe('the jobs of pg_cron', () => {
  const jobs = Object.fromEntries(
    [...docsBlock('sql cron').matchAll(/cron\.schedule\('([\w-]+)', '[^']+',\s+\$\$(.*?)\$\$\)/gs)].map(
      ([, name = '', sql = '']) => [name, sql],
    ),
  )
  const run = (name: string) => project.query(jobs[name] ?? `no job ${name}`)

  it('are four', () => {
    const names = ['interlock-project', 'interlock-forget', 'interlock-archive', 'interlock-alarm']
    expect(Object.keys(jobs)).toEqual(names)
  })

  it('bring the rows up to date', async () => {
    const store = storeOn(project, { wake: 'poll' })
    onTestFinished(() => store.close())
    await project.query("insert into jobs (job_id, model) values ('of-cron', 'm')")
    const { at } = await standOf(store, 'cron')
    await appendNow(store, 'cron', [queuedEvent('of-cron')], { jobs: [waitingRow('of-cron', at)] })
    await run('interlock-project')
    expect(await project.query("select required_models from jobs where job_id = 'of-cron'")).toEqual([
      { required_models: ['m'] },
    ])
  })

  it('forget what is old, and not live', async () => {
    await project.query(`
      insert into interlock.job_queue_data (queue, job_id, payload, updated_at) values
        ('cron', 'of-cron', '1', now() - interval '40 days'), ('cron', 'old', '1', now() - interval '40 days'),
        ('cron', 'new', '1', now())`)
    await run('interlock-forget')
    const left = await project.query(
      "select job_id from interlock.job_queue_data where queue = 'cron' order by 1",
    )
    expect(left.map((row) => row['job_id'])).toEqual(['new', 'of-cron'])
  })

  it('archive below a snapshot of which every event is old', async () => {
    await project.query(
      "insert into interlock.job_queue_snapshots (queue, seq, state) values ('cron', 1, '{}')",
    )
    await run('interlock-archive')
    expect(await project.query("select 1 from interlock.job_queue_log_archive where queue = 'cron'")).toEqual(
      [],
    )
    await project.query('alter table job_queue_log disable trigger user')
    await project.query(
      "update job_queue_log set created_at = now() - interval '30.5 days' where queue = 'cron'",
    )
    await project.query('alter table job_queue_log enable trigger user')
    await run('interlock-archive')
    const archived = await project.query(
      "select seq::int from interlock.job_queue_log_archive where queue = 'cron'",
    )
    expect(archived).toEqual([{ seq: 1 }])
    const heads = await project.query(
      "select archived_seq::int from interlock.job_queue_heads where queue = 'cron'",
    )
    expect(heads).toEqual([{ archived_seq: 1 }])
  })

  it('raise an alarm while jobs wait and nobody is there', async () => {
    await project.query("update job_queue_state set waiting_count = 1 where queue = 'cron'")
    await expect(run('interlock-alarm')).rejects.toThrow('division by zero')
    const store = storeOn(project, { wake: 'poll' })
    onTestFinished(() => store.close())
    const beat = { queue: 'cron', workerId: 'w', kinds: null, freeSlots: 1, release: '0' }
    await store.beat({ ...beat, ttlMs: 60_000, graceMs: 0 })
    await expect(run('interlock-alarm')).resolves.toBeDefined()
    await store.leave('cron', 'w')
    await project.query("update job_queue_state set waiting_count = 0 where queue = 'cron'")
    await expect(run('interlock-alarm')).resolves.toEqual([])
  })
})

it('the Edge Function submits under the rights of its caller', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'interlock-edge-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const file = path.join(folder, 'edge.mts')
  const supabase = import.meta.resolve('@supabase/supabase-js')
  await writeFile(file, docsBlock('ts edge').replace('npm:@supabase/supabase-js@2', supabase))
  const env: Record<string, string> = { SUPABASE_URL: project.url, SUPABASE_ANON_KEY: project.keys.anonJwt }
  let handle: (request: Request) => Promise<Response> = () => Promise.reject(new Error('nothing is served'))
  vi.stubGlobal('Deno', {
    env: { get: (name: string) => env[name] },
    serve: (own: typeof handle) => (handle = own),
  })
  await import(pathToFileURL(file).href)
  const submit = async (token: string, model: string) => {
    const headers = { Authorization: `Bearer ${token}` }
    return handle(new Request('http://edge', { method: 'POST', headers, body: JSON.stringify({ model }) }))
  }
  // A browser asks first, without a token.
  const asked = await handle(new Request('http://edge', { method: 'OPTIONS' }))
  expect([asked.ok, asked.headers.get('access-control-allow-origin')]).toEqual([true, '*'])
  const token = await project.keys.signIn('00000000-0000-0000-0000-00000000000a')
  const accepted = await submit(token, 'flux-dev')
  expect([accepted.status, await accepted.json()]).toEqual([202, { job_id: expect.any(String) }])
  expect(accepted.headers.get('access-control-allow-origin')).toBe('*')
  expect((await submit(token, 'made-up')).status).toBe(400)
  expect((await submit(project.keys.anonJwt, 'flux-dev')).status).toBe(400)
})
