/** A row of the user's tables never acts on a life that is not its own (S19): each way to plant one, against each path from a row to a job. */
import { describe, expect, it } from 'vitest'
import { type BrowserAccount, type BrowserRole, browserAccount, followed } from './browser.ts'

const all = { max: 100, kinds: null }
const plant = (jobId: string, status = 'pending') =>
  `insert into jobs (job_id, status, model, prompt, user_id) values ('${jobId}', '${status}', 'mallory', 'evil', 'mallory')`

/** How somebody comes to a row with the id of a job that is not his. `before`, `after`: the job came into the queue. */
const ways: Readonly<
  Record<
    string,
    {
      before?: (db: BrowserAccount, jobId: string, role: BrowserRole) => Promise<void>
      after?: (db: BrowserAccount, jobId: string, role: BrowserRole) => Promise<void>
    }
  >
> = {
  'inserted while the job is live': { after: (db, id, role) => db.as('mallory', plant(id), role) },
  'inserted before the job came': { before: (db, id, role) => db.as('mallory', plant(id, 'held'), role) },
  'inserted as pending before the job came': { before: (db, id, role) => db.as('mallory', plant(id), role) },
  'an own row under another id': {
    after: (db, id, role) =>
      db.as(
        'mallory',
        `${plant(`own-${id}`, 'held')}; update jobs set job_id = '${id}' where job_id = 'own-${id}'`,
        role,
      ),
  },
  'an own row under another id, as if the projection wrote it': {
    after: (db, id, role) =>
      db.as(
        'mallory',
        `${plant(`own-${id}`, 'held')}; select set_config('interlock.projecting', 'on', true);
         update jobs set job_id = '${id}' where job_id = 'own-${id}'`,
        role,
      ),
  },
  'an own row whose id follows another table': {
    before: (db, id, role) => db.as('mallory', `insert into assets values ('own-${id}', 'mallory')`, role),
    after: (db, id, role) =>
      db.as(
        'mallory',
        `insert into jobs (job_id, status, user_id, asset) values ('own-${id}', 'held', 'mallory', 'own-${id}');
         update assets set id = '${id}' where id = 'own-${id}'`,
        role,
      ),
  },
  'inserted again after it was deleted': {
    after: (db, id, role) =>
      db.as(
        'mallory',
        `${plant(id, 'held')}; delete from jobs where job_id = '${id}'; ${plant(id, 'held')}`,
        role,
      ),
  },
  'inserted twice, one of them deleted': {
    after: async (db, id, role) => {
      await db.exec('alter table jobs drop constraint if exists jobs_pkey')
      await db.as('mallory', `${plant(id, 'held')}; ${plant(id, 'held')}`, role)
      await db.exec(`delete from jobs where ctid = (select max(ctid) from jobs where job_id = '${id}')`)
    },
  },
}

const assets = `create table assets (id text primary key, owner text);
  alter table jobs add asset text references assets on update cascade;
  create function follow() returns trigger language plpgsql as 'begin new.job_id := coalesce(new.asset, new.job_id); return new; end';
  create trigger follow before update on jobs for each row execute function follow();
  grant all on assets to anon, authenticated`

const inboxOf = async (db: BrowserAccount) =>
  (
    await db.query(
      "select queue, command ->> 'job_id' as id from interlock.job_queue_inbox order by created_at",
    )
  ).map(({ queue, id }) => `${queue}: ${id}`)
const rowOf = async (db: BrowserAccount, table: string, key: string, jobId: string) =>
  (await db.query(`select * from ${table} where ${key} = $1`, [jobId]))[0]

/** Of each way an active job, and one that it blocks. */
const idsOf = (way: string) => [`${way}: active`, `${way}: blocked`]

describe('a row that is planted in whatever way', () => {
  it.each(['authenticated', 'anon'] as const)('by %s moves, feeds and reads nothing', async (role) => {
    const db = await browserAccount(undefined, assets)
    const coordinator = await db.coordinator()
    await coordinator.setPolicy('by-model')
    const plantAll = async (moment: 'before' | 'after') => {
      for (const [way, how] of Object.entries(ways))
        for (const id of idsOf(way)) await how[moment]?.(db, id, role)
    }
    await plantAll('before')
    const ids = Object.keys(ways).flatMap(idsOf)
    await coordinator.enqueue(
      Object.keys(ways).flatMap((way) =>
        idsOf(way).map((jobId) => ({ jobId, models: [way], payload: { mine: true } })),
      ),
    )
    await coordinator.claim(all)
    await plantAll('after')
    // Also for what walks the whole log again.
    await db.query("select job_queue_reproject('default')")
    await followed(db)

    for (const id of ids) {
      expect(await rowOf(db, 'jobs', 'job_id', id), id).toMatchObject({
        required_models: null,
        blocked_by_job_id: null,
        conflict_reason: null,
        queued_at: null,
      })
    }
    const data = await coordinator.data(ids)
    expect(data.map(({ row, payload }) => [row, payload])).toEqual(ids.map(() => [null, { mine: true }]))
    await db.as('mallory', "update jobs set status = 'cancelled'", role)
    expect(await inboxOf(db)).toEqual([])
    await db.as('mallory', "delete from jobs where job_id not like '%again%'", role)
    expect(await inboxOf(db)).toEqual([])
    await db.as('mallory', 'truncate jobs', role)
    expect(await inboxOf(db)).toEqual([])
    expect(coordinator.state()).toMatchObject({ activeCount: ids.length / 2, waitingCount: ids.length / 2 })
    // Nothing is left of it.
    expect(await db.value('select count(*)::int from interlock.job_queue_unlinked')).toBe(0)
  })
})

describe('a planted row', () => {
  it('that arrives is no job in a queue that knows the id, and a job of its own in another', async () => {
    const db = await browserAccount()
    const one = await db.coordinator(undefined, 'one')
    await one.enqueue([{ jobId: 'x', models: ['secret'] }])
    await db.as('mallory', plant('x'))
    const two = await db.coordinator(undefined, 'two')
    expect(await two.takeIn({ max: 10 })).toBe(1)
    await followed(db, 'two')
    await followed(db, 'one')
    expect(await rowOf(db, 'jobs', 'job_id', 'x')).toMatchObject({ required_models: ['mallory'] })
    expect((await one.data(['x']))[0]?.row).toBeNull()
    await db.as('mallory', 'delete from jobs')
    expect(await inboxOf(db)).toEqual(['two: x'])
  })

  it('in place of one that was taken in and deleted is not that one', async () => {
    const db = await browserAccount()
    const coordinator = await db.coordinator()
    await db.as('alice', "insert into jobs (job_id, model, user_id) values ('x', 'secret', 'alice')")
    await coordinator.takeIn({ max: 10 })
    const [started] = await coordinator.claim(all)
    await followed(db)
    await db.as('alice', 'delete from jobs')
    expect(await inboxOf(db)).toHaveLength(1)
    await db.as('mallory', plant('x', 'held'))
    if (started) await coordinator.fail(started.lease, { retryAt: new Date() }).catch(() => {})
    await followed(db)
    expect(await rowOf(db, 'jobs', 'job_id', 'x')).toMatchObject({ status: 'held', required_models: null })
    expect((await coordinator.data(['x']))[0]?.row).toBeNull()
  })

  it('beside one of the same id is not that one, where ids are not unique', async () => {
    const db = await browserAccount('primary key (job_id, made_at)')
    const coordinator = await db.coordinator()
    await db.as('alice', "insert into jobs (job_id, model, user_id) values ('x', 'secret', 'alice')")
    await coordinator.takeIn({ max: 10 })
    await followed(db)
    await db.as('mallory', plant('x', 'held'))
    await coordinator.claim(all)
    await followed(db)
    expect(await db.query('select status, required_models from jobs order by user_id')).toEqual([
      { status: 'running', required_models: ['secret'] },
      { status: 'held', required_models: null },
    ])
    await db.as('mallory', 'delete from jobs')
    expect(await inboxOf(db)).toHaveLength(0)
    await db.as('alice', 'delete from jobs')
    expect(await inboxOf(db)).toHaveLength(1)
  })

  it('of workflow_executions reads nothing', async () => {
    const db = await browserAccount()
    const coordinator = await db.coordinator()
    await db.as(
      'mallory',
      "insert into workflow_executions (id, user_id) values ('before', 'mallory'), ('own', 'mallory')",
    )
    await coordinator.enqueue(
      ['before', 'after', 'moved'].map((jobId) => ({ jobId, jobType: 'workflow', models: ['secret'] })),
    )
    await db.as(
      'mallory',
      "insert into workflow_executions (id, user_id) values ('after', 'mallory'); update workflow_executions set id = 'moved' where id = 'own'",
    )
    await db.query("select job_queue_reproject('default')")
    await followed(db)
    expect(await db.query('select required_models, conflict_reason from workflow_executions')).toEqual(
      Array.from({ length: 3 }, () => ({ required_models: null, conflict_reason: null })),
    )
    await db.as('mallory', 'truncate workflow_executions')
    expect(await db.value('select count(*)::int from interlock.job_queue_unlinked')).toBe(0)
  })
})

describe('a row that is its own (job_queue_link)', () => {
  it('acts as before, whether it was followed yet or not', async () => {
    const db = await browserAccount()
    const coordinator = await db.coordinator()
    await coordinator.setPolicy('by-model')
    await db.as(
      'alice',
      "insert into jobs (job_id, model, prompt, user_id) values ('a', 'm', 'a train', 'alice'), ('b', 'n', '', 'alice')",
    )
    await coordinator.takeIn({ max: 10 })
    expect((await coordinator.data(['a']))[0]?.row).toMatchObject({ prompt: 'a train' })
    await db.as('alice', "delete from jobs where job_id = 'b'")
    expect(await inboxOf(db)).toHaveLength(1)
    await coordinator.claim({ max: 1, kinds: null })
    await followed(db)
    expect(await rowOf(db, 'jobs', 'job_id', 'a')).toMatchObject({
      status: 'running',
      required_models: ['m'],
    })
    expect((await coordinator.data(['a']))[0]?.row).toMatchObject({ prompt: 'a train' })
    expect(await db.query('select job_id, queue, life::int, late from interlock.job_queue_unlinked')).toEqual(
      [{ job_id: 'a', queue: 'default', life: 2, late: false }],
    )
    await db.as('alice', "update jobs set status = 'cancelled'")
    expect(await inboxOf(db)).toHaveLength(2)
  })

  it('is one of the server, however its job came; and one of a browser that the server links', async () => {
    const db = await browserAccount()
    const coordinator = await db.coordinator()
    await db.serve(
      "insert into jobs (job_id, status, user_id) values ('served', 'held', 'alice'); insert into workflow_executions (id) values ('served-run')",
    )
    await db.as(
      'alice',
      "insert into jobs (job_id, status, user_id) values ('linked', 'held', 'alice'), ('written', 'held', 'alice'); insert into workflow_executions (id, user_id) values ('linked-run', 'alice')",
    )
    await db.serve(
      "select job_queue_link('jobs', array['linked']), job_queue_link('workflow_executions', array['linked-run'])",
    )
    await db.serve("update jobs set required_models = '{m}' where job_id = 'written'")
    const ids = ['served', 'linked', 'written']
    await coordinator.enqueue([...ids, 'served-run', 'linked-run'].map((jobId) => ({ jobId, models: ['m'] })))
    await followed(db)
    for (const id of ids) {
      expect(await rowOf(db, 'jobs', 'job_id', id)).toMatchObject({
        required_models: ['m'],
        queued_at: expect.any(Date),
      })
      expect((await coordinator.data([id]))[0]?.row).toMatchObject({ job_id: id })
    }
    expect(await db.query('select required_models from workflow_executions')).toEqual([
      { required_models: ['m'] },
      { required_models: ['m'] },
    ])
    await db.as('alice', 'delete from jobs')
    expect(await inboxOf(db)).toHaveLength(3)
  })

  it('of one queue says nothing of a job of its id in another', async () => {
    const db = await browserAccount()
    const [one, two] = [await db.coordinator(undefined, 'one'), await db.coordinator(undefined, 'two')]
    await db.serve("insert into jobs (job_id, model) values ('x', 'm')")
    await one.takeIn({ max: 10 })
    await two.enqueue([{ jobId: 'x', models: ['other'] }])
    await followed(db, 'one')
    await followed(db, 'two')
    expect(await rowOf(db, 'jobs', 'job_id', 'x')).toMatchObject({ required_models: ['m'] })
    expect((await two.data(['x']))[0]?.row).toBeNull()
    await db.serve('delete from jobs')
    expect(await inboxOf(db)).toEqual(['one: x'])
  })

  it('stays the one of a job that is put in line again', async () => {
    const db = await browserAccount()
    const coordinator = await db.coordinator()
    await db.as('alice', "insert into jobs (job_id, model, user_id) values ('x', 'm', 'alice')")
    await coordinator.takeIn({ max: 10 })
    const [started] = await coordinator.claim(all)
    if (started) await coordinator.fail(started.lease, { retryAt: null })
    await followed(db)
    await coordinator.retryDead({ jobIds: ['x'] })
    await followed(db)
    expect(await rowOf(db, 'jobs', 'job_id', 'x')).toMatchObject({ status: 'pending' })
    await db.as('alice', 'delete from jobs')
    expect(await inboxOf(db)).toHaveLength(1)
  })
})
