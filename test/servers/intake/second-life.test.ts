/** A row speaks for the life that came of it and for the retries of that life: not for a later job of the server under the same id. */
import { describe, expect, it } from 'vitest'
import type { Coordinator } from '../../../src/engine/coordinator/index.ts'
import type { AttemptKey } from '../../../src/engine/core/index.ts'
import { migrate } from '../../../src/engine/migrate/index.ts'
import { NonRetryableError } from '../../../src/engine/worker/index.ts'
import { archive } from '../../../src/tools/history/index.ts'
import { createSupabaseRoles } from '../migrate/support.ts'
import { work } from '../worker/support.ts'
import { type BrowserAccount, type BrowserRole, browserAccount, followed } from './browser.ts'
import { account } from './support.ts'

const all = { max: 200, kinds: null }
const theirs = (jobId: string) => ({ jobId, models: [`of ${jobId}`], priority: 77, payload: { mine: true } })

/** The tenant's job runs under this lease, or ran. */
interface Tenancy {
  readonly db: BrowserAccount
  readonly coordinator: Coordinator
  readonly id: string
  readonly lease: AttemptKey
  /** Statements of the tenant. */
  as(sql: string): Promise<void>
}

const row = (id: string, status = 'pending') =>
  `insert into jobs (job_id, status, model, user_id) values ('${id}', '${status}', 'own ${id}', 'mallory')`

async function leaseOf(coordinator: Coordinator, id: string): Promise<AttemptKey> {
  const started = await coordinator.claim(all)
  return (started.find(({ lease }) => lease.jobId === id) ?? expect.unreachable(`${id} does not start`)).lease
}
const fail = ({ coordinator, lease }: Tenancy) => coordinator.fail(lease, { retryAt: null })
const retry = async ({ coordinator, id }: Tenancy) => {
  expect(await coordinator.retryDead({ jobIds: [id] })).toBe(1)
  return leaseOf(coordinator, id)
}

/** How the tenant's job ends, what he does then, how the server's job comes, and what he does while it runs. */
interface Situation {
  readonly ends?: (given: Tenancy) => Promise<unknown>
  readonly between?: (given: Tenancy) => Promise<unknown>
  readonly comes?: (given: Tenancy) => Promise<unknown>
  readonly later?: (given: Tenancy) => Promise<unknown>
}

const situations: Readonly<Record<string, Situation>> = {
  'completed, then enqueued': {},
  'completed, then submitted by SQL': {
    comes: async ({ db, id }) => {
      const job = { job_id: id, models: [`of ${id}`], priority: 77, payload: { mine: true } }
      await db.query('select job_queue_submit($1)', [JSON.stringify(job)])
      await expect.poll(() => db.value('select count(*)::int from interlock.job_queue_submissions')).toBe(0)
    },
  },
  'completed, then asked for at the gate': {
    comes: ({ coordinator, id }) =>
      coordinator.onJobStart(id, 'normal', [`of ${id}`], { priority: 77, payload: { mine: true } }),
  },
  'completed, then the row is pending again': {
    between: ({ as, id }) => as(`update jobs set status = 'pending' where job_id = '${id}'`),
  },
  'completed, then the row is deleted and inserted again': {
    between: ({ as, id }) => as(`delete from jobs where job_id = '${id}'; ${row(id, 'held')}`),
  },
  'completed, then the row goes to another id and back': {
    between: ({ as, id }) =>
      as(
        `update jobs set job_id = 'away' where job_id = '${id}'; update jobs set job_id = '${id}' where job_id = 'away'`,
      ),
  },
  'completed, and the row is inserted over while the other job runs': {
    later: ({ as, id }) =>
      as(`${row(id)} on conflict (job_id) do update set status = 'pending', model = 'x'`),
  },
  'completed, and the row is deleted and inserted while the other job runs': {
    later: ({ as, id }) => as(`delete from jobs where job_id = '${id}'; ${row(id)}`),
  },
  'completed, and the row is cancelled while the other job runs': {
    later: ({ as, id }) => as(`update jobs set status = 'cancelled' where job_id = '${id}'`),
  },
  'failed for good, then enqueued': { ends: fail },
  'failed for good, put in line again, completed, then enqueued': {
    ends: async (given) => {
      await fail(given)
      await given.coordinator.complete(await retry(given))
    },
  },
  'cancelled by its status, then enqueued': {
    ends: async ({ as, coordinator, lease, id }) => {
      await as(`update jobs set status = 'cancelled' where job_id = '${id}'`)
      await expect
        .poll(() =>
          coordinator.confirmCancel(lease).then(
            () => true,
            () => false,
          ),
        )
        .toBe(true)
    },
  },
  'failed for good, enqueued by the server, failed, put in line again': {
    ends: fail,
    comes: async (given) => {
      await given.coordinator.enqueue([theirs(given.id)])
      await given.coordinator.fail(await leaseOf(given.coordinator, given.id), { retryAt: null })
      expect(await given.coordinator.retryDead({ jobIds: [given.id] })).toBe(1)
    },
  },
}
const late = 'completed and enqueued before the row follows'

const inbox = (db: BrowserAccount) =>
  db.query(
    "select command ->> 'job_id' as id from interlock.job_queue_inbox where answered_at is null order by 1",
  )
/** The jobs that rows have cancelled, whether the coordinator beside has answered already or not. */
const cancelled = (db: BrowserAccount) =>
  db.query(
    "select command ->> 'job_id' as id from interlock.job_queue_inbox where command ->> 'type' = 'cancel' order by 1",
  )

async function explained(db: BrowserAccount, role: BrowserRole, id: string): Promise<unknown> {
  await db.exec(`begin; set local role ${role}; select set_config('request.user', 'mallory', true)`)
  const said = await db.value('select job_queue_explain($1)', [id])
  await db.exec('commit')
  return said
}

describe('the row of a job that has ended, under the id of a later one', () => {
  it.each(['authenticated', 'anon'] as const)('of %s moves, feeds and reads nothing', async (role) => {
    const db = await browserAccount()
    await db.exec(`grant select on job_queue_places to anon, authenticated;
      grant execute on function job_queue_explain(text, text), job_queue_own_rows(text[], jsonb), job_queue_user_path() to anon, authenticated`)
    const coordinator = await db.coordinator()
    await coordinator.setPolicy('by-model')
    const as = (sql: string) => db.as('mallory', sql, role)
    const ids = [...Object.keys(situations), late]
    await as(ids.map((id) => row(id)).join(';'))
    await coordinator.takeIn({ max: 100 })
    const leases = new Map((await coordinator.claim(all)).map(({ lease }) => [lease.jobId, lease]))
    await followed(db)
    expect(await db.value("select count(*)::int from jobs where status = 'running'")).toBe(ids.length)
    const tenancies = ids.map((id): Tenancy => {
      const lease = leases.get(id) ?? expect.unreachable(id)
      return { db, coordinator, id, lease, as }
    })
    for (const given of tenancies.slice(0, -1))
      await (situations[given.id]?.ends ?? (() => coordinator.complete(given.lease)))(given)
    await followed(db)
    const [last] = tenancies.slice(-1)
    if (last !== undefined) await coordinator.complete(last.lease)
    for (const given of tenancies) await situations[given.id]?.between?.(given)
    for (const given of tenancies)
      await (situations[given.id]?.comes ?? (() => coordinator.enqueue([theirs(given.id)])))(given)
    await coordinator.claim(all)
    for (const given of tenancies) await situations[given.id]?.later?.(given)
    await db.query("select job_queue_reproject('default')")
    await followed(db)

    expect(await inbox(db)).toEqual([])
    const rows = await db.query(
      'select job_id, status, required_models as models, priority, blocked_by_job_id as by from jobs',
    )
    expect(rows).toHaveLength(ids.length)
    for (const { job_id: id, status, models, by } of rows) {
      expect(status, String(id)).not.toBe('running')
      expect(JSON.stringify([models, by]), String(id)).not.toContain('of ')
    }
    expect(rows.filter(({ priority }) => priority === 77)).toEqual([])
    expect(rows.find(({ job_id: id }) => id === late)).toMatchObject({ status: 'completed' })
    for (const id of ids) expect(await explained(db, role, id), id).toBeNull()
    const data = await coordinator.data(ids)
    expect(data.map(({ row: its, payload }) => [its, payload])).toEqual(ids.map(() => [null, { mine: true }]))
    await as("update jobs set status = 'cancelled'")
    expect(await inbox(db)).toEqual([])
    await as('delete from jobs')
    expect(await inbox(db)).toEqual([])
    expect(coordinator.state()).toMatchObject({ activeCount: ids.length, waitingCount: 0 })
    expect(await db.value('select count(*)::int from interlock.job_queue_unlinked')).toBe(0)
  })

  it('an adopted one too, and one for which another job stood', async () => {
    const columns = { jobs: { dedupe_key: 'site' } }
    const db = await account(
      `create table jobs (job_id text primary key, status text not null default 'pending', model text, site text);
       grant all on jobs to anon`,
      createSupabaseRoles,
      columns,
    )
    const coordinator = await db.coordinator()
    await coordinator.setPolicy('by-model')
    const as = (sql: string) => db.exec(`begin; set local role anon; ${sql}; commit`)
    await as("insert into jobs (job_id, status, model) values ('adopted', 'held', 'm')")
    await db.exec("set interlock.notify = 'off'; alter table jobs disable trigger job_queue_status_set")
    await db.exec(
      "update jobs set status = 'pending'; alter table jobs enable trigger job_queue_status_set; reset interlock.notify",
    )
    expect(await db.value("select job_queue_adopt('default', array['adopted'])")).toEqual(['adopted'])
    await as("insert into jobs (job_id, model, site) values ('first', 'n', 's'), ('double', 'n', 's')")
    await coordinator.takeIn({ max: 10 })
    for (const { lease } of await coordinator.claim(all)) await coordinator.complete(lease)
    await followed(db)
    expect(await db.query('select status from jobs')).toEqual(
      Array.from({ length: 3 }, () => ({ status: 'completed' })),
    )
    await coordinator.enqueue(['adopted', 'double'].map(theirs))
    await coordinator.claim(all)
    await followed(db)
    expect(await db.query("select distinct status, required_models from jobs where model = 'm'")).toEqual([
      { status: 'completed', required_models: ['m'] },
    ])
    const data = await coordinator.data(['adopted', 'double'])
    expect(data.map((one) => one.row)).toEqual([null, null])
    await as('delete from jobs')
    expect(await db.value('select count(*)::int from interlock.job_queue_inbox')).toBe(0)
  })
})

describe('the row of the job itself', () => {
  it('follows its retries, also when the log does not have its first life any more', async () => {
    const db = await browserAccount()
    const coordinator = await db.coordinator()
    const as = (sql: string) => db.as('alice', sql)
    await as("insert into jobs (job_id, model, user_id) values ('x', 'm', 'alice')")
    await coordinator.takeIn({ max: 10 })
    for (let life = 1; life <= 3; life++) {
      const lease = await leaseOf(coordinator, 'x')
      await followed(db)
      expect(await db.query('select status from jobs')).toEqual([{ status: 'running' }])
      expect((await coordinator.data(['x']))[0]?.row).toMatchObject({ job_id: 'x' })
      await coordinator.fail(lease, { retryAt: null })
      expect(await coordinator.retryDead({ jobIds: ['x'] })).toBe(1)
      await followed(db)
      await archive({ store: db.store(), queue: 'default' }, { before: new Date(), keep: false })
    }
    expect(await db.query('select status, model from jobs')).toEqual([{ status: 'pending', model: 'm' }])
    await as("update jobs set status = 'cancelled'")
    expect(await db.value('select count(*)::int from interlock.job_queue_inbox')).toBe(1)
    await expect.poll(() => coordinator.state().waitingCount).toBe(0)
    await coordinator.enqueue([theirs('x')])
    await leaseOf(coordinator, 'x')
    await followed(db)
    expect((await coordinator.data(['x']))[0]?.row).toBeNull()
  })

  it.each(['service_role', 'app'])(
    'of a server (%s), or linked, follows whatever job comes under its id',
    async (role) => {
      const db = await browserAccount()
      await db.exec(`do $$ begin if to_regrole('app') is null then create role app; end if; end $$; grant all on jobs to app;
      create policy app on jobs to app using (true) with check (true)`)
      const coordinator = await db.coordinator()
      await db.exec(
        `begin; set local role ${role}; insert into jobs (job_id, model, user_id) values ('taken', 'm', 'alice');
       insert into jobs (job_id, status, user_id) values ('held', 'held', 'alice'); commit`,
      )
      await db.as('alice', "insert into jobs (job_id, status, user_id) values ('linked', 'held', 'alice')")
      await db.serve("select job_queue_link('jobs', array['linked'])")
      await coordinator.takeIn({ max: 10 })
      const ids = ['taken', 'held', 'linked']
      await coordinator.setPolicy('by-model')
      for (let life = 1; life <= 2; life++) {
        await coordinator.enqueue(
          ids.slice(life === 1 ? 1 : 0).map((jobId) => ({ jobId, models: [`${life}: ${jobId}`] })),
        )
        const started = await coordinator.claim(all)
        await followed(db)
        expect(await db.value('select count(*)::int from jobs where queued_at is not null')).toBe(3)
        expect((await coordinator.data(ids)).every((one) => one.row !== null)).toBe(true)
        if (life === 1) for (const { lease } of started) await coordinator.complete(lease)
      }
      expect(await db.query('select required_models[1] as model from jobs order by 1')).toEqual(
        ids.toSorted().map((id) => ({ model: `2: ${id}` })),
      )
      await db.as('alice', 'delete from jobs')
      expect(await cancelled(db)).toHaveLength(3)
    },
  )
})

it('a handler is given the row of its own job, and of a retry, and not that of an earlier job', async () => {
  const db = await browserAccount()
  const coordinator = await db.coordinator()
  const given: unknown[] = []
  await work({
    coordinator,
    intake: true,
    handlers: {
      '*': async (job) => {
        given.push([job.payload, (job.row as { model?: string } | null)?.model ?? null])
        if (given.length === 1) throw new NonRetryableError('no')
      },
    },
  })
  await db.as('mallory', row('x'))
  await expect.poll(() => coordinator.dead()).toHaveLength(1)
  await coordinator.retryDead({ jobIds: ['x'] })
  await expect.poll(() => given.length).toBe(2)
  await expect.poll(() => coordinator.state().activeCount).toBe(0)
  await coordinator.enqueue([theirs('x')])
  await expect.poll(() => given.length).toBe(3)
  expect(given).toEqual([
    [null, 'own x'],
    [null, 'own x'],
    [{ mine: true }, null],
  ])
})

it('rows of a database from before count as those of browsers: for the life that came of them, and what looks like its retries', async () => {
  const db = await browserAccount()
  const coordinator = await db.coordinator()
  await coordinator.setPolicy('by-model')
  const ids = ['later', 'lives', 'retried', 'gone', 'linked']
  await db.as('mallory', ids.map((id) => row(id, id === 'linked' ? 'held' : 'pending')).join(';'))
  await db.serve("select job_queue_link('jobs', array['linked'])")
  await db.serve("insert into jobs (job_id, status) values ('served', 'held')")
  await coordinator.takeIn({ max: 10 })
  await coordinator.enqueue(['linked', 'served'].map(theirs))
  for (const { lease } of await coordinator.claim(all)) {
    if (lease.jobId === 'retried') await coordinator.fail(lease, { retryAt: null })
    else if (lease.jobId !== 'lives') await coordinator.complete(lease)
  }
  await coordinator.retryDead({ jobIds: ['retried'] })
  await coordinator.enqueue(['later', 'linked', 'served'].map(theirs))
  await coordinator.claim(all)
  await followed(db)
  // As the release before left it: no note of a row that was queued, a row says what it is told of any life, retries say nothing.
  await db.exec(`delete from interlock.job_queue_unlinked;
    update jobs set queued_at = l.created_at, status = 'running', required_models = l.models, priority = 77
      from job_queue_log l where jobs.job_id = 'later' and l.job_id = 'later' and l.event_type = 'queued' and not l.data ? 'intake';
    alter table job_queue_log disable trigger user;
    update job_queue_log set data = data - 'retry_of';
    delete from job_queue_log where job_id = 'gone';
    alter table job_queue_log enable trigger user;
    update interlock.job_queue_heads set archived_seq = 1;
    alter table interlock.job_queue_unlinked drop column life, drop column queue`)
  await migrate(db, { again: true })
  await followed(db)
  expect(
    await db.query(
      `select job_id as id, late, life is not null as living from interlock.job_queue_unlinked order by job_id`,
    ),
  ).toEqual([
    { id: 'gone', late: true, living: false },
    { id: 'later', late: false, living: true },
    { id: 'lives', late: false, living: true },
    { id: 'retried', late: false, living: true },
  ])
  expect(await db.query("select status, required_models as models from jobs where job_id = 'later'")).toEqual(
    [{ status: 'completed', models: ['own later'] }],
  )
  const data = await coordinator.data(['later', 'lives', 'retried', 'linked', 'served'])
  expect(data.map((one) => one.row !== null)).toEqual([false, true, true, true, true])
  await db.as('mallory', "delete from jobs where job_id <> 'gone'")
  expect(await cancelled(db)).toEqual(['linked', 'lives', 'retried'].map((id) => ({ id })))
})

it('while a process of an older release is alive, a retry does not say which life it tries again', async () => {
  const db = await browserAccount()
  const coordinator = await db.coordinator()
  await db.query(`select job_queue_beat('default', 'older', null, 0, '0.1.0', 60000, 0)`)
  await db.query(`select job_queue_beat('default', 'by-sql', null, 0, 'python', 60000, 0)`)
  await coordinator.enqueue([{ jobId: 'x', models: ['m'] }])
  const lives: (readonly [number | undefined, number])[] = []
  for (const isOld of [true, false]) {
    await coordinator.fail(await leaseOf(coordinator, 'x'), { retryAt: null })
    if (!isOld) await db.query("select job_queue_leave('default', 'older')")
    await coordinator.heartbeat({ jobId: 'x', fencingToken: 1, epoch: 1 })
    await coordinator.retryDead({ jobIds: ['x'] })
    const [last] = (await db.log()).filter(({ type }) => type === 'queued').slice(-1)
    if (last?.type === 'queued') lives.push([last.retryOf, last.seq])
  }
  expect(lives).toEqual([
    [undefined, expect.any(Number)],
    [lives[0]?.[1], expect.any(Number)],
  ])
})

it('while a process of an older release is alive, a row follows what looks like a retry, also later, and no other job', async () => {
  const db = await browserAccount()
  const coordinator = await db.coordinator()
  await coordinator.setPolicy('by-model')
  await db.query(`select job_queue_beat('default', 'older', null, 0, '0.1.0', 60000, 0)`)
  const ids = ['other', 'retried', 'same but for its models']
  await db.as('mallory', ids.map((id) => row(id)).join(';'))
  await coordinator.takeIn({ max: 10 })
  for (const { lease } of await coordinator.claim(all)) await coordinator.fail(lease, { retryAt: null })
  await followed(db)
  const rows = async () => {
    await followed(db)
    const data = await coordinator.data(ids)
    const given = data.flatMap((one) => (one.row === null ? [] : [one.jobId]))
    return [given, (await db.query('select status from jobs order by job_id')).map(({ status }) => status)]
  }
  await coordinator.retryDead({ jobIds: ['retried'] })
  await coordinator.enqueue([theirs('other'), { jobId: ids[2] ?? '', models: ['m'] }])
  const leases = await coordinator.claim(all)
  expect(leases).toHaveLength(3)
  // Also before the row follows.
  expect((await coordinator.data(ids)).map((one) => one.row !== null)).toEqual([false, true, false])
  expect(await rows()).toEqual([['retried'], ['failed', 'running', 'failed']])
  await db.query("select job_queue_leave('default', 'older')")
  const own = leases.find(({ lease }) => lease.jobId === 'retried') ?? expect.unreachable()
  await coordinator.fail(own.lease, { retryAt: null })
  await coordinator.retryDead({ jobIds: ['retried'] })
  expect(await rows()).toEqual([['retried'], ['failed', 'pending', 'failed']])
  await db.as('mallory', 'delete from jobs')
  expect(await cancelled(db)).toEqual([{ id: 'retried' }])
})
