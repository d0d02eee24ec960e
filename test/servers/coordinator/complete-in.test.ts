/** The end of an attempt in the transaction of its handler (job_queue_complete_in), on a real server. */
import { setTimeout as pause } from 'node:timers/promises'
import type pg from 'pg'
import { firstValueFrom } from 'rxjs'
import { expect, it } from 'vitest'
import {
  type CoordinatorOptions,
  createCoordinator,
  silentLogger,
} from '../../../src/engine/coordinator/index.ts'
import type { Lease } from '../../../src/engine/core/index.ts'
import type { AttemptEnd, Telemetry } from '../../../src/engine/store/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { fromPg } from '../../../src/engine/transaction/index.ts'
import { createJobWorker, type Handler } from '../../../src/engine/worker/index.ts'
import { verify } from '../../../src/tools/history/index.ts'
import { atEnd, eventually } from '../../support/this-test.ts'
import { connection, migratedDatabase } from '../contract/support.ts'

async function joined(url: string, options: Partial<CoordinatorOptions> = {}) {
  const store = postgresStore(url)
  const coordinator = await createCoordinator({ store, logger: silentLogger, ...options })
  atEnd(async () => {
    await coordinator.close()
    await store.close()
  })
  return { store, coordinator }
}

/** A queue with one job that runs here, and a connection of the user's with his table. */
async function scene(options: Partial<CoordinatorOptions> = {}) {
  const url = await migratedDatabase()
  const { coordinator, store } = await joined(url, options)
  await coordinator.setPolicy('by-model')
  const client = await connection(url)
  await client.query('create table effects (job_id text, by text)')
  await coordinator.enqueue([{ jobId: 'a', models: ['m'], attempts: 5 }])
  return { url, coordinator, store, client, lease: await claimed(coordinator) }
}

async function claimed(coordinator: Awaited<ReturnType<typeof joined>>['coordinator']): Promise<Lease> {
  const [one] = await coordinator.claim({ max: 1 })
  if (one === undefined) throw new Error('nothing may start')
  return one.lease
}

/** Begins a transaction, writes the effect and says the end. */
async function say(
  client: pg.Client,
  { jobId, fence }: Lease,
  { level = 'read committed', notify = true } = {},
) {
  await client.query(`begin isolation level ${level}`)
  await client.query('insert into effects values ($1, $2)', [jobId, fence])
  return client.query(`select job_queue_complete_in($1, $2, '{"ok": 1}', 'default', $3) as id`, [
    jobId,
    fence,
    notify,
  ])
}

const effectsIn = async (client: pg.Client) =>
  (await client.query('select by from effects')).rows.map(({ by }) => by)
const typesOf = async (client: pg.Client) =>
  (
    await client.query<{ event_type: string }>(
      `select event_type from job_queue_log where job_id = 'a' order by seq`,
    )
  ).rows.map((row) => row.event_type)

const ended = (client: pg.Client) => eventually(async () => (await typesOf(client)).at(-1)).toBe('completed')

it('ends a job with the commit, with its result; any process decides it (job_queue_complete_in)', async () => {
  const { coordinator, store, client, lease } = await scene()
  const { rows } = await say(client, lease)
  expect(rows).toEqual([{ id: `end-of:${lease.fencingToken}` }])
  expect(coordinator.attempt(lease)).toBeDefined()
  await client.query('commit')
  await ended(client)
  expect((await coordinator.data(['a']))[0]).toMatchObject({ result: { ok: 1 } })
  expect(await effectsIn(client)).toEqual([lease.fence])
  const answer = await client.query('select job_queue_answer($1) as answer', [rows[0].id])
  expect(answer.rows).toMatchObject([{ answer: { ok: true } }])
  expect(await verify({ store })).toMatchObject({ ok: true, differences: [] })
})

it('says nothing when it is rolled back, also to a savepoint', async () => {
  const { coordinator, client, lease } = await scene()
  await say(client, lease)
  await client.query('rollback')
  await client.query('begin')
  await client.query('savepoint before')
  await client.query('select job_queue_complete_in($1, $2)', [lease.jobId, lease.fence])
  await client.query('rollback to before')
  await client.query('commit')
  expect(await coordinator.endCommitted(lease)).toBeUndefined()
  await coordinator.complete(lease)
  expect(await effectsIn(client)).toEqual([])
})

it('refuses the fence of an attempt that does not run, and what is out of bounds', async () => {
  const { coordinator, client, lease } = await scene()
  const call = (...given: unknown[]) =>
    client.query(`select job_queue_complete_in(${given.map((_, n) => `$${n + 1}`).join(', ')})`, given)
  const { fence } = lease
  for (const [jobId, wrong] of [
    ['a', fence.replace(/^0000000001/, '0000000002')],
    ['a', fence.replace(/.$/, '9')],
    ['b', fence],
  ])
    await expect(call(jobId, wrong)).rejects.toMatchObject({ code: 'JQ004' })
  await expect(call('a', fence, 'null', 'other')).rejects.toMatchObject({ code: 'JQ004' })
  for (const wrong of ['', '7', `${fence}0`, null])
    await expect(call('a', wrong)).rejects.toMatchObject({ code: 'JQ001' })
  for (const result of [
    `"${'x'.repeat(1_048_576)}"`,
    `${'['.repeat(101)}1${']'.repeat(101)}`,
    '[1e400]',
    '{"a": {"b": [-2e308]}}',
  ])
    await expect(call('a', fence, result)).rejects.toMatchObject({ code: 'JQ001' })
  await coordinator.complete(lease)
  await expect(call('a', fence)).rejects.toMatchObject({ code: 'JQ004' })
  await expect(
    client.query(`select job_queue_request('{"type": "cancel", "job_id": "a"}', 'default', 'end-of:7')`),
  ).rejects.toMatchObject({ code: 'JQ001' })
})

it('does nothing twice; another result of one attempt is refused', async () => {
  const { client, lease } = await scene()
  await say(client, lease)
  await client.query(`select job_queue_complete_in($1, $2, '{"ok": 1}')`, [lease.jobId, lease.fence])
  await expect(
    client.query(`select job_queue_complete_in($1, $2, '{"ok": 2}')`, [lease.jobId, lease.fence]),
  ).rejects.toMatchObject({ code: 'JQ001' })
})

const levels = { 'read committed': 'JQ004', 'repeatable read': '40001', serializable: '40001' } as const

for (const [level, code] of Object.entries(levels))
  it(`fails to commit when the attempt has ended meanwhile: ${level}`, async () => {
    const { coordinator, client, lease } = await scene()
    await say(client, lease, { level })
    await coordinator.fail(lease)
    await expect(client.query('commit')).rejects.toMatchObject({ code })
    expect(await effectsIn(client)).toEqual([])
  })

it('keeps no lease: the job runs elsewhere, the commit fails, and its effect exists once', async () => {
  const { url, coordinator, client, lease } = await scene()
  const { coordinator: other } = await joined(url, { leaseMs: 600, graceMs: 0 })
  await say(client, lease)
  await coordinator.close()
  let again: Lease | undefined
  await eventually(async () => {
    again ??= (await other.claim({ max: 1 }))[0]?.lease
    return again?.jobId
  }).toBe('a')
  await expect(client.query('commit')).rejects.toMatchObject({ code: 'JQ004' })
  if (again === undefined) throw new Error('it has not started again')
  await say(client, again)
  await client.query('commit')
  await ended(client)
  expect(await effectsIn(client)).toEqual([again.fence])
})

/** What else may end it, each by a call of its own; what it is refused with while the end is committed and not decided. */
const others = ['cancel', 'force', 'fail', 'complete', 'release'] as const

it.each(others)(
  'wins against %s (job_ending) while its transaction is at its commit, which nothing waits for',
  async (way) => {
    const { coordinator, client, lease } = await scene()
    await coordinator.enqueue([{ jobId: 'b', models: ['n'] }])
    const other = await claimed(coordinator)
    await say(client, lease)
    await client.query('set constraints all immediate')
    const end = {
      cancel: () => coordinator.cancel('a'),
      force: () => coordinator.cancel('a', { force: true }),
      fail: () => coordinator.fail(lease),
      complete: () => coordinator.complete(lease),
      release: () => coordinator.release(lease, 'later'),
    }[way]
    const [own, elsewhere] = await Promise.allSettled([end(), coordinator.complete(other)])
    expect(own).toMatchObject({ status: 'rejected', reason: { code: 'job_ending' } })
    expect(elsewhere.status).toBe('fulfilled')
    await client.query('commit')
    await ended(client)
    expect(await typesOf(client)).toEqual(['queued', 'started', 'completed'])
  },
)

it('wins against a failure that comes after its commit and before anybody has decided it', async () => {
  const { coordinator, client, lease } = await scene()
  await say(client, lease, { notify: false })
  await client.query('commit')
  await expect(coordinator.fail(lease)).rejects.toMatchObject({ code: 'job_ending' })
  await ended(client)
  expect(await typesOf(client)).toEqual(['queued', 'started', 'completed'])
})

it('lets a cancel by SQL wait in the inbox until it is committed or rolled back', async () => {
  const { coordinator, client, lease, url } = await scene()
  const other = await connection(url)
  await say(client, lease)
  await client.query('set constraints all immediate')
  await other.query(
    `select job_queue_request('{"type": "cancel", "job_id": "a", "force": true}', 'default', 'stop')`,
  )
  await expect(coordinator.cancel('a')).rejects.toMatchObject({ code: 'job_ending' })
  await client.query('rollback')
  await other.query(`select pg_notify('interlock', 'intake')`)
  await eventually(async () => (await typesOf(other)).at(-1)).toBe('cancelled')
  await eventually(
    async () => (await other.query(`select job_queue_answer('stop') as answer`)).rows[0]?.answer,
  ).toEqual({ ok: true })
})

it('waits when no process is alive, and the next one decides it, whatever has run out meanwhile (job_queue_committed_ends)', async () => {
  const { url, coordinator, client, lease } = await scene()
  await say(client, lease)
  await coordinator.close()
  await client.query('commit')
  const looking = postgresStore(url)
  expect(await looking.committedEnds('default')).toEqual(['a'])
  await looking.close()
  const { coordinator: next } = await joined(url)
  await ended(client)
  expect(await typesOf(client)).toEqual(['queued', 'started', 'completed'])
  expect(next.state().active()).toEqual([])
})

it.each([
  ['SET CONSTRAINTS ALL IMMEDIATE', 'set constraints all immediate', 'commit'],
  ['PREPARE TRANSACTION', "prepare transaction 'ends'", "commit prepared 'ends'"],
])('holds up that one job only after %s', async (_, check, commit) => {
  const { coordinator, client, lease } = await scene()
  await coordinator.enqueue([{ jobId: 'b', models: ['n'] }])
  const other = await claimed(coordinator)
  await say(client, lease, { notify: false })
  await client.query(check)
  await expect(coordinator.cancel('a', { force: true })).rejects.toMatchObject({ code: 'job_ending' })
  await coordinator.complete(other)
  await client.query(commit)
  expect(await coordinator.endCommitted(lease)).toEqual([])
  expect(await typesOf(client)).toEqual(['queued', 'started', 'completed'])
})

it('is no longer undecided once a process has appended it, and the next life of the job is free', async () => {
  const { coordinator, client, lease } = await scene()
  await say(client, lease)
  await client.query('commit')
  await ended(client)
  await coordinator.enqueue([{ jobId: 'a', models: ['m'] }])
  await coordinator.complete(await claimed(coordinator))
  const { rows } = await client.query(
    'select count(*)::int as open from interlock.job_queue_inbox where answered_at is null',
  )
  expect(rows).toEqual([{ open: 0 }])
})

it('that was changed by hand is found by verify (job_queue_check_incoming): left behind, or decided and not in the log', async () => {
  const { coordinator, store, client, lease } = await scene()
  await say(client, lease)
  await client.query('commit')
  await ended(client)
  await coordinator.close()
  const id = `end-of:${lease.fencingToken}`
  const found = async () => (await verify({ store })).differences
  await expect.poll(found).toEqual([])
  await client.query(
    'update interlock.job_queue_inbox set answered_at = null, answer = null where request_id = $1',
    [id],
  )
  expect(await found()).toMatchObject([
    { row: `job_queue_inbox ${id}`, stored: 'an end that nobody has decided' },
  ])
  await client.query(
    `update interlock.job_queue_inbox set answered_at = now(), answer = '{"ok": true}', command = command || '{"job_id": "b"}' where request_id = $1`,
    [id],
  )
  expect(await found()).toMatchObject([{ stored: 'an end that was decided', folded: 'no such end' }])
  await client.query('delete from interlock.job_queue_inbox')
  await client.query(
    `insert into interlock.job_queue_submissions (queue, job_id, request_id, job) values ('default', 'a', 'r', '{"job_id": "a", "models": ["m"]}')`,
  )
  expect(await found()).toEqual([])
})

it('is forgotten with its result, whether a process has taken it up or not (job_queue_forget)', async () => {
  const { coordinator, client, lease } = await scene()
  await say(client, lease)
  await client.query('commit')
  await ended(client)
  await coordinator.forget(['a'])
  const { rows } = await client.query(
    `select command ? 'result' as has_result from interlock.job_queue_inbox where request_id like 'end-of:%'`,
  )
  expect(rows).toEqual([{ has_result: false }])
  expect((await coordinator.data(['a']))[0]?.result ?? null).toBeNull()
})

async function working(
  handler: (job: Parameters<Handler>[0], context: Parameters<Handler>[1], client: pg.Client) => unknown,
  options: Partial<CoordinatorOptions> = {},
) {
  const url = await migratedDatabase()
  const { coordinator, store } = await joined(url, options)
  const client = await connection(url)
  await client.query('create table effects (job_id text, by text)')
  const worker = createJobWorker({
    coordinator,
    retry: () => 0,
    handlers: {
      normal: (job: Parameters<Handler>[0], context: Parameters<Handler>[1]) => handler(job, context, client),
    },
  })
  worker.start()
  atEnd(async () => void (await worker.drain({ timeoutMs: 0, stopMs: 0 })))
  return { url, coordinator, store, client, worker }
}

it('ends a job of a worker by its own transaction, and hands on in the same append (job_queue_end_of)', async () => {
  const { coordinator, client, worker } = await working(async (job, { completeIn, fence }, db) => {
    await db.query('begin')
    await db.query('insert into effects values ($1, $2)', [job.jobId, fence])
    const done = await completeIn(fromPg(db), { by: job.jobId })
    await db.query('commit')
    return done
  })
  await coordinator.enqueue(['a', 'b', 'c'].map((jobId) => ({ jobId, models: ['m'] })))
  await eventually(() => worker.metrics().completed).toBe(3)
  const { rows } = await client.query(
    `select array_agg(event_type order by seq) as types from job_queue_log where command_id like 'sql:end-of:%' group by command_id`,
  )
  expect(rows).toHaveLength(3)
  expect(rows).toContainEqual({ types: ['completed', 'started'] })
  expect((await coordinator.data(['b']))[0]).toMatchObject({ result: { by: 'b' } })
  expect(worker.metrics()).toMatchObject({ lost: 0, failed: 0, retried: 0 })
})

it('fails an attempt whose handler returns without the commit (completion_rolled_back), and tries it again', async () => {
  const { coordinator, client, worker } = await working(
    async ({ attempt, jobId }, { completeIn, fence }, db) => {
      await db.query('begin')
      await db.query('insert into effects values ($1, $2)', [jobId, fence])
      await completeIn(fromPg(db), attempt)
      await db.query(attempt === 1 ? 'rollback' : 'commit')
      return 'what it returns does not count'
    },
  )
  await coordinator.enqueue([{ jobId: 'a', models: ['m'], attempts: 2 }])
  await eventually(() => worker.metrics().completed).toBe(1)
  const { rows } = await client.query(
    `select data ->> 'code' as code from job_queue_log where event_type = 'failed'`,
  )
  expect(rows).toEqual([{ code: 'completion_rolled_back' }])
  expect((await coordinator.data(['a']))[0]).toMatchObject({ result: 2 })
  expect(await effectsIn(client)).toHaveLength(1)
})

it('is said over HTTP by a function of the user, which runs with his rights (SET ROLE, as PostgREST does)', async () => {
  const { client, lease } = await scene()
  await client.query(`
    do $$ begin if to_regrole('rpc_user') is null then create role rpc_user; end if; end $$;
    create function charge(job_id text, fence text) returns text language sql security definer set search_path = public
    as $$ insert into effects values ($1, $2) returning (select job_queue_complete_in($1, $2, '{"cents": 990}')) $$;
    revoke all on function charge(text, text) from public;
    grant execute on function charge(text, text) to rpc_user`)
  await client.query('begin')
  await client.query('set local role rpc_user')
  await client.query(`select charge('a', $1)`, [lease.fence])
  await client.query('commit')
  await ended(client)
  expect(await effectsIn(client)).toEqual([lease.fence])
  await client.query('set role rpc_user')
  await expect(client.query(`select job_queue_complete_in('a', $1)`, [lease.fence])).rejects.toMatchObject({
    code: '42501',
  })
  await expect(client.query(`select charge('a', $1)`, [lease.fence])).rejects.toMatchObject({ code: 'JQ004' })
  await client.query('reset role')
})

it('has a span that says what the database says of it, not what the handler returned', async () => {
  const ends: string[] = []
  const span = {
    ids: undefined,
    trace: undefined,
    run: <T>(run: () => T) => run(),
    end: ({ outcome, code }: AttemptEnd) => void ends.push(`${outcome} ${code ?? ''}`.trim()),
  }
  const telemetry: Telemetry = {
    propagates: false,
    follow: () => {},
    send: (_, put) => put(undefined),
    context: () => undefined,
    granted: () => {},
    begin: () => span,
    step: (_, run) => run(),
  }
  const { coordinator } = await working(
    async ({ attempt }, { completeIn }, db) => {
      await db.query('begin')
      await completeIn(fromPg(db), attempt)
      await db.query(attempt === 1 ? 'rollback' : 'commit')
    },
    { telemetry },
  )
  await coordinator.enqueue([{ jobId: 'a', models: ['m'], attempts: 2 }])
  await eventually(() => ends).toEqual(['failed completion_rolled_back', 'completed'])
})

it('counts what was committed, whatever the handler does afterwards', async () => {
  const { coordinator, client, worker } = await working(async (_, { completeIn, signal }, db) => {
    await db.query('begin')
    await completeIn(fromPg(db), 1)
    await db.query('commit')
    // Another process, or this one, decides it while the handler still runs; that is no reason to stop.
    await db.query(`select pg_notify('interlock', 'intake')`)
    await ended(db)
    await pause(50)
    expect(signal.aborted).toBe(false)
    throw new Error('too late')
  })
  await coordinator.enqueue([{ jobId: 'a', models: ['m'] }])
  await eventually(() => worker.metrics().completed).toBe(1)
  expect(worker.metrics()).toMatchObject({ failed: 0, lost: 0 })
  expect(await typesOf(client)).toEqual(['queued', 'started', 'completed'])
})

it('counts what was committed when another process writes it down while the worker asks for it', async () => {
  const url = await migratedDatabase()
  const client = await connection(url)
  const store = postgresStore(url)
  atEnd(() => store.close())
  const endOf: NonNullable<typeof store.endOf> = async (...attempt) => {
    const found = (await store.endOf?.(...attempt)) ?? null
    // It is found undecided, and decided before this process can do that.
    await joined(url)
    await ended(client)
    await coordinator.catchUp()
    return found
  }
  const coordinator = await createCoordinator({ store: { ...store, endOf }, logger: silentLogger })
  atEnd(() => coordinator.close())
  await coordinator.setPolicy('by-model')
  const worker = createJobWorker({
    coordinator,
    handlers: {
      normal: async (_, { completeIn }) => {
        const own = await connection(url)
        await own.query('begin')
        await completeIn(fromPg(own), 1)
        await own.query('commit')
      },
    },
  })
  worker.start()
  atEnd(async () => void (await worker.drain({ timeoutMs: 0, stopMs: 0 })))
  await coordinator.enqueue([{ jobId: 'a', models: ['m'] }])
  await eventually(() => worker.metrics()).toMatchObject({ completed: 1, failed: 0, lost: 0, running: 0 })
})

it('has each effect once when the connection of a handler is cut between any two statements', async () => {
  const url = await migratedDatabase()
  const { coordinator, store } = await joined(url)
  const client = await connection(url)
  await client.query('create table effects (job_id text, by text)')
  await coordinator.setPolicy('by-model')
  const handler: Handler = async ({ jobId, attempt }, { completeIn, fence }) => {
    const own = await connection(url)
    // The first attempt of job n is cut before statement n mod 5: before the first one, and after the last one, too.
    const cutAt = attempt === 1 ? Number(jobId) % 5 : Number.POSITIVE_INFINITY
    const statements = [
      () => own.query('begin'),
      () => own.query('insert into effects values ($1, $2)', [jobId, fence]),
      () => completeIn(fromPg(own), { jobId }),
      () => own.query('commit'),
    ]
    for (const [n, run] of statements.entries()) {
      if (n === cutAt) cut(own)
      await run()
    }
    if (cutAt === statements.length) cut(own)
    else await own.end()
  }
  const worker = createJobWorker({
    coordinator,
    concurrency: 10,
    retry: () => 0,
    handlers: { normal: handler },
  })
  worker.start()
  atEnd(async () => void (await worker.drain({ timeoutMs: 0, stopMs: 0 })))
  const jobs = Array.from({ length: 40 }, (_, n) => ({ jobId: `${n}`, models: [`m${n}`], attempts: 2 }))
  await coordinator.enqueue(jobs)
  await Promise.all(jobs.map(({ jobId }) => firstValueFrom(coordinator.ended$(jobId))))
  // One in five was committed before its connection was cut: its first attempt stands.
  await eventually(() => worker.metrics()).toMatchObject({
    started: 72,
    completed: 40,
    retried: 32,
    failed: 0,
    lost: 0,
  })
  const { rows } = await client.query(
    'select count(*)::int as effects, count(distinct job_id)::int as jobs from effects',
  )
  expect(rows).toEqual([{ effects: 40, jobs: 40 }])
  expect(await verify({ store })).toMatchObject({ ok: true, differences: [] })
})

/** Ends the connection as a network does. */
function cut(client: pg.Client): void {
  const { stream } = (client as unknown as { connection: { stream: { destroy(): void } } }).connection
  stream.destroy()
}

it('says so where a store has no transactions', async () => {
  const { memoryStore } = await import('../../../src/engine/store/memory/index.ts')
  const coordinator = await createCoordinator({ store: memoryStore(), logger: silentLogger })
  atEnd(() => coordinator.close())
  await coordinator.enqueue([{ jobId: 'a', models: ['m'] }])
  const lease = await claimed(coordinator)
  await expect(coordinator.completeIn(async () => [], lease)).rejects.toMatchObject({ code: 'invalid_input' })
})
