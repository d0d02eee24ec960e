// Long, 17 s: a queue for each way.
/** Jobs that are submitted in the caller's own transaction (`enqueueIn`, job_queue_enqueue_in): what is committed is in line. */
import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { enqueueIn, type TransactionSql } from '../../../src/engine/transaction/index.ts'
import { createJobWorker } from '../../../src/engine/worker/index.ts'
import { auditLog } from '../../../src/tools/audit/index.ts'
import { examine } from '../../../src/tools/doctor/index.ts'
import { verify } from '../../../src/tools/history/index.ts'
import { changeJobs, explain, jobs, previewChange, queue, status } from '../../../src/tools/operate/index.ts'
import { type Account, account, committing, queuedJobs } from '../intake/support.ts'

/** A session of the program: what runs in it is in its transaction. */
class Session {
  readonly sql: TransactionSql
  readonly pid: number
  readonly #client: pg.Client

  constructor(client: pg.Client, pid: number) {
    this.#client = client
    this.pid = pid
    this.sql = committing(client)
  }

  static async on(db: Account): Promise<Session> {
    const client = new pg.Client(db.url)
    await client.connect()
    onTestFinished(() => client.end())
    const { rows } = await client.query('select pg_backend_pid() as pid')
    return new Session(client, rows[0].pid)
  }

  async run(text: string): Promise<void> {
    await this.#client.query(text)
  }
}

const job = (jobId: string, more: object = {}) => ({ jobId, models: ['m'], ...more })

const submittedIn = async (db: Account) =>
  (await db.query('select job_id from interlock.job_queue_submissions order by id')).map(
    (row) => row['job_id'],
  )

/** The other session waits for a lock that this one holds. */
const waitsFor = (db: Account, pid: number) =>
  expect.poll(() => db.value('select cardinality(pg_blocking_pids($1)) > 0', [pid])).toBe(true)

describe('jobs in the transaction of their submitter (enqueueIn, job_queue_enqueue_in, job_queue_incoming, job_queue_settle)', () => {
  it('are rolled back with it and with a savepoint, visible with its commit, and started by a NOTIFY', async () => {
    const db = await account()
    const coordinator = await db.coordinator()
    const session = await Session.on(db)
    await session.run('begin')
    await enqueueIn(session.sql, [job('gone')])
    await session.run('rollback')
    await session.run('begin')
    await enqueueIn(session.sql, [job('a', { payload: { n: 1 }, runAt: new Date(5), priority: 3 })])
    await session.run('savepoint s')
    await enqueueIn(session.sql, [job('undone')])
    await session.run('rollback to s')
    expect(await submittedIn(db)).toEqual([])
    await session.run('commit')
    await expect.poll(async () => queuedJobs(await db.log())).toEqual(['a'])
    expect(await submittedIn(db)).toEqual([])
    expect((await coordinator.data(['a']))[0]).toMatchObject({ payload: { n: 1 } })
    expect(await verify({ store: db.store() })).toMatchObject({ ok: true })
    expect(await auditLog({ store: db.store() })).toMatchObject({ violations: [] })
  })

  it('come into line and start in one append, in a process that has a worker', async () => {
    const db = await account()
    const coordinator = await db.coordinator()
    let ran = Promise.withResolvers<void>()
    const worker = createJobWorker({ coordinator, handlers: { normal: () => ran.resolve() } })
    worker.start()
    const session = await Session.on(db)
    // One that comes while the worker asks for jobs anyway waits for that.
    for (let n = 0; n < 10; n++) {
      ran = Promise.withResolvers()
      await enqueueIn(session.sql, [job(`a${n}`, { payload: { n } })])
      await ran.promise
    }
    await worker.drain()
    const log = await db.log()
    const gaps = log.flatMap(({ type, at }, i) => (type === 'started' ? [at - (log[i - 1]?.at ?? 0)] : []))
    expect(gaps).toHaveLength(10)
    // Events of one append are a microsecond apart.
    expect(gaps).toContain(1)
  })

  it('are found (job_queue_list_submissions) and cancelled together with others while no process is alive; one that came into line since is left out', async () => {
    const db = await account()
    const store = db.store()
    const session = await Session.on(db)
    const big = 'x'.repeat(600_000)
    await enqueueIn(session.sql, [
      ...['a', 'b', 'c'].map((id) => job(id, { tag: 'import', payload: { of: id, big } })),
      job('other', { kind: 'draw' }),
    ])
    const found = await jobs({ store }, { states: ['submitted'], payload: { of: 'b' } })
    expect(found.jobs).toMatchObject([{ jobId: 'b', state: 'submitted', tag: 'import', code: 'undecided' }])
    const preview = await previewChange({ store }, { do: 'cancel' }, { tag: 'import' })
    expect(preview.jobs.map(({ jobId }) => jobId)).toEqual(['a', 'b', 'c'])
    await store.cancelSubmitted('default', 'a')
    await db.query(
      "update interlock.job_queue_submissions set taken_until = now() + interval '1 h', code = 'unknown_model', reason = 'put off' where job_id <> 'c'",
    )
    await db.coordinator()
    await expect.poll(async () => queuedJobs(await db.log())).toEqual(['c'])
    const operator = { operator: 'me', host: null, command: null }
    const done = { matched: 3, done: ['a', 'b'], changed: ['c'], failed: [] }
    for (let n = 0; n < 2; n++)
      expect(await changeJobs({ store }, preview, { commandId: 'one', operator })).toMatchObject(done)
    expect(await submittedIn(db)).toEqual(['other'])
    expect(await db.value('select count(distinct operator)::int from interlock.job_queue_operators')).toBe(1)
  })

  it('come into line without a NOTIFY too, within a poll', async () => {
    const db = await account()
    await db.coordinator()
    const listener = new pg.Client(db.url)
    await listener.connect()
    onTestFinished(() => listener.end())
    const heard: (string | undefined)[] = []
    listener.on('notification', ({ payload }) => heard.push(payload))
    await listener.query('listen interlock')
    const session = await Session.on(db)
    await session.run('begin')
    const answer = await enqueueIn(session.sql, [job('a')], { notify: false })
    expect(answer.jobs).toEqual([{ jobId: 'a', state: 'submitted' }])
    await session.run('commit')
    await expect.poll(async () => queuedJobs(await db.log()), { timeout: 20_000 }).toEqual(['a'])
    expect(heard.filter((payload) => payload === 'intake')).toEqual([])
    await enqueueIn(session.sql, [job('b')])
    await expect.poll(() => heard.includes('intake')).toBe(true)
  })

  it('are submitted by a function of the user, which runs with his rights (SET ROLE, as PostgREST does)', async () => {
    const db = await account()
    const session = await Session.on(db)
    await session.run(`
      do $$ begin if to_regrole('order_user') is null then create role order_user; end if; end $$;
      create table orders (id text primary key);
      create function order_image(id text) returns jsonb language sql security definer set search_path = public
      as $$ insert into orders values ($1);
        select job_queue_enqueue_in(jsonb_build_array(jsonb_build_object('job_id', $1, 'models', jsonb_build_array('m')))) $$;
      revoke all on function order_image(text) from public;
      grant execute on function order_image(text) to order_user`)
    for (const [id, end] of [
      ['one', 'commit'],
      ['undone', 'rollback'],
    ]) {
      await session.run('begin')
      await session.run('set local role order_user')
      await session.run(`select order_image('${id}')`)
      await session.run(`${end}`)
    }
    expect(await submittedIn(db)).toEqual(['one'])
    await db.coordinator()
    await expect.poll(async () => queuedJobs(await db.log()), { timeout: 20_000 }).toEqual(['one'])
    await session.run('set role order_user')
    await expect(enqueueIn(session.sql, [job('mine')])).rejects.toMatchObject({ code: '42501' })
  })

  it('are there for everybody from the commit on, also while no process is alive', async () => {
    const db = await account()
    const store = db.store()
    await store.open('default')
    const session = await Session.on(db)
    const { requestId } = await enqueueIn(session.sql, [job('a')])
    expect(await explain({ store }, 'a')).toMatchObject({ state: 'submitted', code: 'undecided' })
    expect(await status({ store })).toMatchObject({ undecided: { commands: 1, rows: 0 } })
    expect(await queue({ store })).toMatchObject({ submitted: [{ jobId: 'a', code: 'undecided' }] })
    expect(await db.value("select job_queue_explain('a')")).toMatchObject({
      state: 'submitted',
      code: 'undecided',
    })
    expect(await db.value("select job_queue_submitted('default', 10)")).toMatchObject({
      undecided: { commands: 1, rows: 0 },
      jobs: [{ job_id: 'a', state: 'submitted', code: 'undecided', request_id: requestId }],
    })
    expect(await db.value('select job_queue_answer($1)', [requestId])).toBeNull()
    await db.coordinator(store)
    await expect
      .poll(() => db.value('select job_queue_answer($1)', [requestId]))
      .toEqual({
        ...{ ok: true, queued: 1, known: [], waiting: [] },
      })
  })
})

it('the statements of a transaction (enqueueIn, completeIn) have no `?` that Knex takes for a placeholder, and answer text or jsonb, since Prisma cannot read void', async () => {
  const db = await account()
  const coordinator = await db.coordinator()
  await coordinator.enqueue([job('ends')])
  const [started] = await coordinator.claim({ max: 1 })
  if (started === undefined) throw new Error('it did not start')
  const session = await Session.on(db)
  const texts: string[] = []
  const sql: TransactionSql = (text, values) => {
    texts.push(text)
    return session.sql(text, values)
  }
  await enqueueIn(sql, [job('what?')])
  await coordinator.completeIn(sql, started.lease, { result: 'who?' })
  expect(texts).toHaveLength(2)
  expect(texts.filter((text) => text.includes('?'))).toEqual([])
  const answers = await db.query(
    "select distinct prorettype::regtype::text as type from pg_proc where proname = any('{job_queue_enqueue_in,job_queue_submit,job_queue_complete_in}') order by 1",
  )
  expect(answers.map(({ type }) => type)).toEqual(['jsonb', 'text'])
})

describe('an id that is there already', () => {
  it('of two submitters at the same time goes to the first that commits; the other waits, and is told', async () => {
    const db = await account()
    const [one, same, other] = [await Session.on(db), await Session.on(db), await Session.on(db)]
    for (const session of [one, same, other]) await session.run('begin')
    await enqueueIn(one.sql, [job('a')])
    const second = enqueueIn(same.sql, [job('a')])
    const third = enqueueIn(other.sql, [job('a', { priority: 1 })])
    third.catch(() => {})
    await waitsFor(db, same.pid)
    await waitsFor(db, other.pid)
    await one.run('commit')
    expect((await second).jobs).toEqual([{ jobId: 'a', state: 'submitted' }])
    await expect(third).rejects.toMatchObject({
      code: 'job_exists',
      message: /job a is submitted with another spec/,
    })
    await same.run('commit')
    await other.run('rollback')
    expect(await submittedIn(db)).toEqual(['a'])
  })

  it('goes to the second submitter if the first one is rolled back', async () => {
    const db = await account()
    const [one, other] = [await Session.on(db), await Session.on(db)]
    for (const session of [one, other]) await session.run('begin')
    await enqueueIn(one.sql, [job('a')])
    const second = enqueueIn(other.sql, [job('a', { priority: 1 })])
    await waitsFor(db, other.pid)
    await one.run('rollback')
    expect((await second).jobs).toEqual([{ jobId: 'a', state: 'submitted' }])
    await other.run('commit')
    expect(await submittedIn(db)).toEqual(['a'])
  })

  it('lets two lists of a thousand in opposite order pass, without a deadlock', async () => {
    const db = await account()
    const jobs = Array.from({ length: 1_000 }, (_, n) => job(`j${n}`))
    const [one, other] = [await Session.on(db), await Session.on(db)]
    await one.run('begin')
    await enqueueIn(one.sql, [job('j500')])
    const second = enqueueIn(other.sql, jobs)
    await waitsFor(db, other.pid)
    // What the second one waits with, the first one wants too: it waits for none of it.
    const third = enqueueIn((await Session.on(db)).sql, jobs.toReversed())
    await one.run('commit')
    for (const { jobs: said } of [await second, await third]) {
      expect(said).toHaveLength(1_000)
      expect(new Set(said.map(({ state }) => state))).toEqual(new Set(['submitted']))
    }
    expect(await submittedIn(db)).toHaveLength(1_000)
  })

  it('is left as it is for the same body, and refused for another: submitted, live, and ended once', async () => {
    const db = await account()
    const session = await Session.on(db)
    const a = job('a', {
      payload: { b: 1, a: 1.5 },
      runAt: '2026-11-24T15:00:00+01:00',
      fairKey: 'k',
      once: '1h',
    })
    const same = { ...a, payload: { a: 1.5, b: 1.0 }, runAt: new Date('2026-11-24T14:00:00Z'), attempts: 3 }
    const others = [
      { ...a, payload: 2 },
      { ...a, kind: 'x' },
      { ...a, models: ['n'] },
      { ...a, runAt: null },
    ]
    // A cut takes the events away (the last check): a digest stays.
    const check = async (state: string, how: string) => {
      expect((await enqueueIn(session.sql, [same, a])).jobs).toEqual([{ jobId: 'a', state }])
      for (const other of others)
        await expect(enqueueIn(session.sql, [other])).rejects.toMatchObject({
          code: 'job_exists',
          message: expect.stringContaining(how),
        })
    }
    await check('submitted', 'submitted')
    const coordinator = await db.coordinator()
    await expect.poll(() => submittedIn(db)).toEqual([])
    await check('known', 'live')
    await coordinator.cancel('a')
    await check('known', 'enqueued once')
    expect(queuedJobs(await db.log())).toEqual(['a'])
    await session.run("set session_replication_role = replica; delete from job_queue_log where job_id = 'a'")
    await check('known', 'enqueued once')
    await session.run('reset session_replication_role')
    await expect(enqueueIn(session.sql, [job('b'), job('b', { priority: 1 })])).rejects.toMatchObject({
      code: 'job_exists',
    })
  })

  it('is one job for who repeats after an unknown commit, also when it has ended', async () => {
    const db = await account()
    const coordinator = await db.coordinator()
    const session = await Session.on(db)
    const first = await enqueueIn(session.sql, [job('a')], { requestId: 'order 1' })
    await expect.poll(async () => queuedJobs(await db.log())).toEqual(['a'])
    await coordinator.cancel('a')
    expect(await enqueueIn(session.sql, [job('a')], { requestId: 'order 1' })).toEqual(first)
    await expect(enqueueIn(session.sql, [job('b')], { requestId: 'order 1' })).rejects.toMatchObject({
      code: 'invalid_input',
    })
    await enqueueIn(session.sql, [job('o', { once: '1h' })])
    await expect.poll(async () => queuedJobs(await db.log())).toEqual(['a', 'o'])
    await coordinator.cancel('o')
    expect((await enqueueIn(session.sql, [job('o', { once: '1h' })])).jobs).toEqual([
      { jobId: 'o', state: 'known' },
    ])
    // Without either, an id that has ended is free.
    await enqueueIn(session.sql, [job('a')])
    await expect.poll(async () => queuedJobs(await db.log())).toEqual(['a', 'o', 'a'])
  })
})

describe('a flow in the transaction of its submitter', () => {
  it('comes into line with its links; with the same parents it is known, with others it is another job', async () => {
    const db = await account()
    const { sql } = await Session.on(db)
    const picture = { job: 'picture', ifFailed: 'continue' }
    const film = (...after: readonly unknown[]) => job('film', { after })
    await enqueueIn(sql, [film('sound', picture), job('sound'), job('picture')])
    const refusal = { code: 'job_exists' }
    await expect(enqueueIn(sql, [film('sound')])).rejects.toMatchObject(refusal)
    const coordinator = await db.coordinator()
    await expect.poll(async () => queuedJobs(await db.log())).toHaveLength(3)
    const parents = (await coordinator.explain('film'))?.parents ?? []
    expect(parents.map(({ jobId, ifFailed }) => [jobId, ifFailed]).toSorted()).toEqual([
      ['picture', 'continue'],
      ['sound', 'fail'],
    ])
    const { jobs } = await enqueueIn(sql, [film(picture, 'sound')])
    expect(jobs).toEqual([{ jobId: 'film', state: 'known' }])
    await expect(enqueueIn(sql, [film('sound', 'picture')])).rejects.toMatchObject(refusal)
    expect(await auditLog({ store: db.store() })).toMatchObject({ violations: [] })
  })
})

describe('what the statement can know is refused there, and nothing is submitted (JQ006, JQ007, JQ008)', () => {
  it('a circle in one call, in whatever order, and not a long chain without one', async () => {
    const db = await account()
    await db.store().open('default')
    const { sql } = await Session.on(db)
    await expect(
      enqueueIn(sql, [
        job('a', { after: ['c'] }),
        job('b', { after: ['a'] }),
        job('c', { after: ['b'] }),
        job('d'),
      ]),
    ).rejects.toMatchObject({
      code: 'flow_cycle',
      message: expect.stringMatching(
        /wait for each other.*: a → c → b → a;|: b → a → c → b;|: c → b → a → c;/,
      ),
    })
    expect(await submittedIn(db)).toEqual([])
    await expect(
      db.value('select job_queue_submit($1)', [
        JSON.stringify([
          { job_id: 'x', models: ['m'], after: [{ job: 'y', if_failed: 'continue' }] },
          { job_id: 'y', models: ['m'], after: ['x'] },
        ]),
      ]),
    ).rejects.toMatchObject({ code: 'JQ006', constraint: 'flow_cycle' })
    await enqueueIn(sql, [job('u', { after: ['v'] })])
    await enqueueIn(sql, [job('w', { after: ['u'] })])
    await expect(enqueueIn(sql, [job('v', { after: ['w'] })])).rejects.toMatchObject({
      code: 'flow_cycle',
      message: expect.stringMatching(/: u → v → w → u;|: v → w → u → v;|: w → u → v → w;/),
    })
    expect(await submittedIn(db)).toEqual(['u', 'w'])
    await db.exec('delete from interlock.job_queue_submissions')
    // Each comes after the one behind it in the list: the worst order for who looks from the front.
    const chain = Array.from({ length: 3_000 }, (_, n) =>
      job(`n${n}`, n === 2_999 ? {} : { after: [`n${n + 1}`] }),
    )
    await enqueueIn(sql, chain)
    expect(await submittedIn(db)).toHaveLength(3_000)
  })

  it('are named where two transactions close a circle at once, until one of them is cancelled', async () => {
    const db = await account()
    const coordinator = await db.coordinator()
    const [one, other] = [await Session.on(db), await Session.on(db)]
    await one.run('begin')
    await other.run('begin')
    await enqueueIn(one.sql, [job('u', { after: ['v'] })])
    await enqueueIn(other.sql, [job('v', { after: ['w'] }), job('w', { after: ['u'] })])
    await one.run('commit')
    await other.run('commit')
    const said = (jobId: string) => explain({ store: db.store() }, jobId)
    for (const jobId of ['u', 'v', 'w']) {
      await expect.poll(async () => (await said(jobId)).code, { timeout: 20_000 }).toBe('flow_cycle')
      expect(await said(jobId)).toMatchObject({
        reason: expect.stringMatching(/: u → v → w → u|: v → w → u → v|: w → u → v → w/),
        whatHasToHappen: 'cancel one of these jobs, and submit it again without that link',
      })
    }
    const { findings } = await examine({ store: db.store() })
    expect(findings.find(({ check }) => check === 'flow_cycle')).toMatchObject({ level: 'problem' })
    await coordinator.cancel('w')
    await enqueueIn(one.sql, [job('w')])
    await expect.poll(async () => queuedJobs(await db.log()), { timeout: 20_000 }).toEqual(['w', 'v', 'u'])
  })

  it('a model that the policy does not declare, and a job without models where it rejects those; what is live is left as it is', async () => {
    const db = await account()
    const coordinator = await db.coordinator()
    const { sql } = await Session.on(db)
    await enqueueIn(sql, [job('old', { models: ['flux'] })])
    await expect.poll(async () => queuedJobs(await db.log())).toEqual(['old'])
    await coordinator.setPolicy({ models: { m: {}, 'lo_ra-*': {} }, emptySet: 'reject' })
    const stands = "select policy -> 'models' from job_queue_state"
    await expect.poll(() => db.value(stands)).toEqual({ m: {}, 'lo_ra-*': {} })
    await expect(enqueueIn(sql, [job('a'), job('b', { models: ['m', 'flux'] })])).rejects.toMatchObject({
      code: 'unknown_model',
      message: expect.stringContaining(
        'job b needs the model flux, which the policy of the queue does not declare',
      ),
    })
    await expect(enqueueIn(sql, [job('c', { models: ['loXra-1'] })])).rejects.toMatchObject({
      code: 'unknown_model',
    })
    await expect(enqueueIn(sql, [job('d', { models: [] })])).rejects.toMatchObject({
      code: 'models_required',
    })
    const { jobs } = await enqueueIn(sql, [
      job('e', { models: ['lo_ra-1'] }),
      job('old', { models: ['flux'] }),
    ])
    expect(jobs).toEqual([
      { jobId: 'e', state: 'submitted' },
      { jobId: 'old', state: 'known' },
    ])
    await expect.poll(async () => queuedJobs(await db.log())).toEqual(['old', 'e'])
  })
})

describe('what would have been refused, and is committed', () => {
  it('waits behind a job that became live under its id, and comes into line when that one ends', async () => {
    const db = await account()
    const store = db.store()
    const session = await Session.on(db)
    await session.run('begin')
    await enqueueIn(session.sql, [job('a', { payload: 'mine' })])
    const coordinator = await db.coordinator(store)
    await coordinator.enqueue([job('a', { payload: 'another' })])
    await session.run('commit')
    const code = async () => (await db.query('select code from interlock.job_queue_submissions'))[0]?.['code']
    await expect.poll(code).toBe('job_exists')
    expect(await explain({ store }, 'a')).toMatchObject({
      state: 'waiting',
      also: expect.arrayContaining([
        expect.stringMatching(/^another job of this id was submitted .* job_exists: nothing/),
      ]),
    })
    expect(await queue({ store })).toMatchObject({ submitted: [{ jobId: 'a', code: 'job_exists' }] })
    await coordinator.cancel('a')
    await expect.poll(async () => queuedJobs(await db.log())).toEqual(['a', 'a'])
    await expect.poll(async () => (await coordinator.data(['a']))[0]?.payload).toBe('mine')
    expect(await submittedIn(db)).toEqual([])
    expect(await auditLog({ store: db.store() })).toMatchObject({ violations: [] })
  })

  it('waits for the policy: models that it does not declare, and jobs without models; limits on how many wait do not hold', async () => {
    const db = await account()
    const store = db.store()
    const coordinator = await db.coordinator(store)
    const session = await Session.on(db)
    const ids = ['p', 'q', 'r'].map((id) => job(id, { fairKey: 'k' }))
    // The rules change between the statement and the commit.
    await session.run('begin')
    await enqueueIn(session.sql, [...ids, job('odd', { models: ['flux'] }), job('none', { models: [] })])
    await coordinator.setPolicy({ models: { m: {} }, emptySet: 'reject', fairShare: { maxWaiting: 1 } })
    await session.run('commit')
    await expect.poll(async () => queuedJobs(await db.log())).toEqual(['p', 'q', 'r'])
    await expect
      .poll(() => db.query('select job_id, code from interlock.job_queue_submissions order by id'))
      .toEqual([
        { job_id: 'odd', code: 'unknown_model' },
        { job_id: 'none', code: 'models_required' },
      ])
    expect(await explain({ store }, 'odd')).toMatchObject({
      ...{ state: 'submitted', code: 'unknown_model' },
      whatHasToHappen: expect.stringContaining('npx interlock-queue policy set --models'),
    })
    expect(await db.value("select job_queue_explain('none')")).toMatchObject({
      state: 'submitted',
      code: 'models_required',
    })
    await coordinator.setPolicy({ models: { m: {}, flux: {} } })
    await expect.poll(async () => queuedJobs(await db.log())).toEqual(['p', 'q', 'r', 'odd'])
    await coordinator.setPolicy({ emptySet: 'exclusive' })
    await expect.poll(() => submittedIn(db)).toEqual([])
    expect(await auditLog({ store: db.store() })).toMatchObject({ violations: [] })
  })

  it('comes to nothing if another job has its key, and says which one stands for it', async () => {
    const db = await account()
    const store = db.store()
    const session = await Session.on(db)
    const dedupe = { key: 'k', while: 'live' as const }
    const { requestId, jobs } = await enqueueIn(session.sql, [job('a', { dedupe }), job('b', { dedupe })])
    expect(jobs.map(({ state }) => state)).toEqual(['submitted', 'submitted'])
    await db.coordinator(store)
    await expect
      .poll(() => db.value('select job_queue_answer($1)', [requestId]))
      .toMatchObject({
        ...{ ok: true, queued: 1, deduplicated: [{ job_id: 'b', stands_for: 'a' }] },
      })
    expect(queuedJobs(await db.log())).toEqual(['a'])
    expect(await explain({ store }, 'b')).toMatchObject({ state: 'ended', code: 'deduplicated' })
    expect(await auditLog({ store: db.store() })).toMatchObject({ violations: [] })
  })

  it('counts its place from when it comes into line', async () => {
    const db = await account()
    const session = await Session.on(db)
    await enqueueIn(session.sql, [job('early')])
    const coordinator = await db.coordinator()
    await expect.poll(async () => queuedJobs(await db.log())).toEqual(['early'])
    const [queued] = await db.log()
    const committed = await db.value(
      'select (extract(epoch from created_at) * 1000000)::bigint from interlock.job_queue_inbox',
    )
    expect(queued?.at).toBeGreaterThan(Number(committed))
    expect(coordinator.state().waitingCount).toBe(1)
  })
})

describe('before it is in line, a job', () => {
  it('can be cancelled by SQL while no process is alive (job_queue_cancel_submitted), and its request says so', async () => {
    const db = await account()
    const store = db.store()
    await store.open('default')
    const session = await Session.on(db)
    const { requestId } = await enqueueIn(session.sql, [job('a'), job('b')])
    expect(await db.value("select job_queue_cancel_submitted('default', 'a')")).toBe(true)
    expect(await db.value("select job_queue_cancel_submitted('default', 'a')")).toBe(false)
    await db.coordinator(store)
    await expect
      .poll(() => db.value('select job_queue_answer($1)', [requestId]))
      .toEqual({ ok: true, queued: 1, known: [], waiting: [], cancelled: ['a'] })
    expect(queuedJobs(await db.log())).toEqual(['b'])
  })

  it('can be cancelled by the library, and by SQL that a process decides', async () => {
    const db = await account()
    const coordinator = await db.coordinator()
    const session = await Session.on(db)
    await session.run('begin')
    await enqueueIn(session.sql, [job('a'), job('b')])
    await coordinator.setPolicy({ models: { other: {} } })
    await session.run('commit')
    await expect.poll(() => coordinator.explain('b')).toMatchObject({ code: 'unknown_model' })
    await coordinator.cancel('a')
    const id = await db.value(`select job_queue_request('{"type": "cancel", "job_id": "b"}')`)
    await expect.poll(() => db.value('select job_queue_answer($1)', [id])).toEqual({ ok: true })
    expect(await submittedIn(db)).toEqual([])
    await expect(coordinator.cancel('a')).rejects.toMatchObject({ code: 'job_not_live' })
    expect(queuedJobs(await db.log())).toEqual([])
  })

  it('comes into line without what was to be forgotten of it (job_queue_forget)', async () => {
    const db = await account()
    const store = db.store()
    await store.open('default')
    await enqueueIn((await Session.on(db)).sql, [job('a', { payload: { secret: 'ada' } })])
    await store.forget('default', ['a'])
    expect(
      await db.value('select count(*)::int from interlock.job_queue_submissions where job::text ~ $1', [
        'ada',
      ]),
    ).toBe(0)
    const coordinator = await db.coordinator(store)
    await expect.poll(async () => queuedJobs(await db.log())).toEqual(['a'])
    expect((await coordinator.data(['a']))[0]?.payload ?? null).toBeNull()
  })
})

it('two processes that take in at the same time put each job in line once', async () => {
  const db = await account()
  const coordinators = await Promise.all([1, 2, 3].map(() => db.coordinator()))
  await coordinators[0]?.setPolicy('by-model')
  const sessions = await Promise.all([1, 2, 3, 4].map(() => Session.on(db)))
  const ids = Array.from({ length: 100 }, (_, n) => `j${n}`)
  // Each of them submits every job.
  await Promise.all(
    sessions.map(async ({ sql }, n) => {
      for (const id of ids) await enqueueIn(sql, [job(id)], { notify: n % 2 === 0 })
    }),
  )
  await expect.poll(() => submittedIn(db)).toEqual([])
  expect(queuedJobs(await db.log()).toSorted()).toEqual(ids.toSorted())
  expect(await verify({ store: db.store() })).toMatchObject({ ok: true })
})
