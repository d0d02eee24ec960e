/** What the guides about Supabase say of tables that have other names, of a migration for them, of how to check it, and of keys. */
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { migrationScript } from '../../../src/engine/migrate/index.ts'
import { clientOf, startProject } from '../../support/supabase/project.ts'
import { interlock } from '../cli/support.ts'
import { blocksOf, pageOf } from '../docs/markdown.ts'
import { docsBlock, type Project, startMigrated, storeOn } from './support.ts'

let project: Project
beforeAll(async () => {
  project = await startMigrated(docsBlock('sql own'))
})
afterAll(() => project.close())

it('rows of a table with another name become jobs, which write their status back and end with the row', async () => {
  const store = storeOn(project)
  const coordinator = await createCoordinator({ store, queue: 'own', logger: silentLogger })
  onTestFinished(async () => {
    await coordinator.close()
    await store.close()
  })
  await coordinator.setPolicy('by-model')
  coordinator.offering(null, 1)
  const user = clientOf(
    project,
    project.keys.publishable,
    await project.keys.signIn('00000000-0000-0000-0000-00000000000a'),
  )
  const other = clientOf(
    project,
    project.keys.publishable,
    await project.keys.signIn('00000000-0000-0000-0000-00000000000b'),
  )
  const insert = async () => {
    const row = user.from('renders').insert({ model: 'flux-dev', prompt: 'a fox' }).select('id, status')
    return (await row.single().throwOnError()).data.id as string
  }
  const status = async (id: string) =>
    (await user.from('renders').select('status').eq('id', id).single().throwOnError()).data.status
  const [first, second] = [await insert(), await insert()]
  expect((await other.from('renders').select()).data).toEqual([])
  expect((await user.from('renders').insert({ model: 'made-up', prompt: 'a fox' })).error?.code).toBe('23514')
  for (const own of [{ status: 'completed' }, { url: 'mine' }])
    expect((await user.from('renders').update(own).eq('id', first)).error?.code).toBe('42501')

  expect(await coordinator.takeIn({ max: 10 })).toBe(2)
  const [started] = await coordinator.claim({ max: 1, kinds: null })
  expect(started?.spec.jobId).toBe(first)
  await expect.poll(() => status(first)).toBe('running')
  if (started !== undefined) await coordinator.fail(started.lease, { retryAt: null })
  await expect.poll(() => status(first)).toBe('failed')

  await user.from('renders').delete().eq('id', second).throwOnError()
  const end = await new Promise((resolve) => coordinator.ended$(second).subscribe(resolve))
  expect(end).toMatchObject({ outcome: 'cancelled' })
  // What a handler hears that writes into the missing row.
  const server = clientOf(project, project.keys.secret)
  expect((await server.from('renders').update({ url: 'late' }).eq('id', second)).error).toBe(null)
  const one = await server.from('renders').update({ url: 'late' }).eq('id', second).select().single()
  expect(one.error?.code).toBe('PGRST116')
})

it('SQL alone says whether all is set up', async () => {
  const check = docsBlock('sql checkup')
  const good = { followed: true, missing: [], open: [], account: [], realtime: true }
  expect(await project.query(check)).toEqual([good])
  await project.query('grant select on job_queue_log to anon')
  expect(await project.query(check)).toEqual([{ ...good, open: ['anon: job_queue_log'] }])
  await project.query('revoke select on job_queue_log from anon')
})

it('removing Interlock leaves jobs with its rows, and takes all else; the migration can run again', async () => {
  const blocks = ['sql policy', 'sql listen', 'sql position', 'sql cancel', 'sql own']
  const old = await startMigrated(blocks.map(docsBlock).join('\n'))
  onTestFinished(() => old.close())
  await old.query("insert into jobs (job_id, model) values ('before', 'flux-dev')")
  const scripts = blocksOf(pageOf('docs/guides/deployment.md')).filter(({ info }) => info === 'sql check')
  await old.query(scripts.at(-1)?.code ?? '')
  await old.query("insert into jobs (job_id, model) values ('after', 'flux-dev')")
  expect(await old.query('select job_id from jobs order by 1 desc')).toEqual([
    { job_id: 'before' },
    { job_id: 'after' },
  ])
  expect(await old.query("select to_regnamespace('interlock') as schema")).toEqual([{ schema: null }])
  const left = `select relname as name from pg_class where relname ~ 'job_queue'
    union select proname from pg_proc where proname ~ 'job_queue' union select tgname from pg_trigger where tgname ~ 'job_queue'`
  expect(await old.query(left)).toEqual([])
  const published = "select tablename from pg_publication_tables where pubname = 'supabase_realtime'"
  expect(await old.query(published)).toEqual([{ tablename: 'jobs' }])
  await old.query(migrationScript())
  expect(await old.query('select status from jobs')).toHaveLength(2)
})

it('a server submits a job by the secret key alone', async () => {
  const jobs = { job_id: 'by-rpc', models: ['flux-dev'], payload: { prompt: 'a fox' } }
  const server = clientOf(project, project.keys.secret)
  const { data } = await server.rpc('job_queue_submit', { jobs, queue: 'by-rpc' }).throwOnError()
  expect(data).toEqual(expect.any(String))
  const browser = clientOf(project, project.keys.publishable)
  expect((await browser.rpc('job_queue_submit', { jobs })).error?.code).toBe('42501')
})

it('a refused key: calls say so, and a new process is refused at once', async () => {
  const keys = { ...project.keys, secret: 'sb_secret_deleted' }
  const store = storeOn({ url: project.url, keys }, { wake: 'poll' })
  onTestFinished(() => store.close())
  await expect(createCoordinator({ store, logger: silentLogger })).rejects.toMatchObject({
    code: 'store_unavailable',
    message: expect.stringContaining('the key is refused; give the secret key of this project'),
    details: { status: 401 },
  })
})

describe('the migration that the page has', () => {
  const made = async (sql: string, ...words: string[]) => {
    const { stdout } = await interlock(['migrate', '--print', ...words])
    return startProject(sql + stdout)
  }

  it('makes jobs beside other tables, for the server alone', async () => {
    const beside = await made('create table other (id int);', '--make-jobs')
    onTestFinished(() => beside.close())
    const jobs = (key: string) => clientOf(beside, key).from('jobs').insert({ model: 'm' })
    expect((await jobs(beside.keys.secret)).error).toBe(null)
    expect((await jobs(beside.keys.publishable)).error?.code).toBe('42501')
  })

  it("follows a jobs with the user's own names", async () => {
    const words = /`(--follow jobs)`[^`]*`(--column [^`]+)`/.exec(pageOf('docs/guides/supabase.md').text)
    const named = await made(
      `create table jobs (id uuid primary key default gen_random_uuid(), status text not null default 'new', model text);
       grant select, insert, update, delete on public.jobs to service_role;`,
      ...(words?.slice(1) ?? []).flatMap((part) => part.split(' ')),
    )
    onTestFinished(() => named.close())
    await clientOf(named, named.keys.secret).from('jobs').insert({ model: 'm' }).throwOnError()
    expect(await named.query('select count(*)::int from interlock.job_queue_arrivals')).toEqual([
      { count: 1 },
    ])
  })
})
