// Long, 24 s: a database for each finding.
import { readFileSync } from 'node:fs'
import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { migrate } from '../../../src/engine/migrate/index.ts'
import type { Checkup } from '../../../src/engine/store/index.ts'
import { memoryStore } from '../../../src/engine/store/memory/index.ts'
import { checkHorizon } from '../../../src/tools/doctor/checks/database.ts'
import { postgresDatabase } from '../../support/supabase/database.ts'
import { setUpProject } from '../../support/supabase/setup.ts'
import { type Account, account } from '../intake/support.ts'
import { createSupabaseRoles, freshDatabase } from '../migrate/support.ts'
import { embeddedQueue, interlock } from './support.ts'

interface Finding {
  readonly check: string
  readonly level: 'problem' | 'note'
  readonly what: string
  readonly remedy: string
}

/** What the doctor finds, and its exit code. The server of the tests has fsync off, which is rightly found and left out here. */
async function doctor(url: string, ...words: string[]) {
  const { code, stdout, stderr } = await interlock(['doctor', ...words, '--json', '--url', url])
  expect(stderr).toBe('')
  const answer = JSON.parse(stdout) as { findings: Finding[]; ok: boolean }
  expect(answer.ok).toBe(answer.findings.every(({ level }) => level === 'note'))
  expect(code).toBe(answer.ok ? 0 : 3)
  const findings = answer.findings.filter(({ check }) => check !== 'fsync')
  return {
    ok: findings.every(({ level }) => level === 'note'),
    findings,
    checks: findings.map(({ check }) => check),
  }
}

/** An account that one statement spoils, and what the doctor then says of it. */
const spoiled: readonly (readonly [check: string, level: Finding['level'], sql: string, says: string])[] = [
  [
    'functions',
    'problem',
    `create or replace function interlock.job_queue_status(state text) returns text language sql stable as $$ select $1 $$`,
    'job_queue_status',
  ],
  ['functions', 'problem', 'drop function job_queue_forget', 'missing: job_queue_forget'],
  ['functions', 'problem', 'alter function job_queue_beat security invoker', 'job_queue_beat'],
  ['triggers', 'problem', 'alter table jobs disable trigger job_queue_intake', 'job_queue_intake on jobs'],
  [
    'triggers',
    'problem',
    'drop trigger job_queue_log_append_only on job_queue_log',
    'job_queue_log_append_only',
  ],
  [
    'triggers',
    'problem',
    'alter table interlock.job_queue_snapshots disable trigger job_queue_snapshots_keep_cut',
    'job_queue_snapshots_keep_cut on job_queue_snapshots',
  ],
  ['open', 'problem', 'grant select on job_queue_log to public', 'PUBLIC: job_queue_log'],
  ['rows', 'problem', 'alter table jobs drop column queued_at cascade', 'the column queued_at'],
  [
    'set_aside',
    'problem',
    `insert into job_queue_set_aside values ('default', 'jobs', 'j1', now() - interval '1 min', now(), 7, '23514')`,
    'a constraint of yours refuses it (23514)',
  ],
  [
    'not_taken_in',
    'problem',
    `insert into job_queue_not_taken_in (id, queue, job_id, reason, arrived_at) values (1, 'default', 'bad', 'no name', now())`,
    'the newest bad: no name',
  ],
  [
    'arrivals',
    'problem',
    `insert into interlock.job_queue_arrivals (job_id, arrived_at) values ('a', now() - interval '1 min')`,
    'no process takes any in',
  ],
  [
    'inbox',
    'problem',
    `insert into interlock.job_queue_inbox (queue, request_id, command, created_at) values ('default', 'r', '{}', now() - interval '1 min')`,
    '1 submission is undecided',
  ],
  ['server', 'problem', 'alter database %db set synchronous_commit = off', 'every role'],
  [
    'adoptable',
    'note',
    `set interlock.projecting = 'on'; insert into jobs (job_id, status, model) values ('x', 'draft', 'm');
     update jobs set status = 'pending'`,
    '1 pending',
  ],
  [
    'first',
    'note',
    `insert into jobs (job_id, status, blocked_by_job_id, queued_at) values ('x', 'done', 'y', now() - interval '1 day')`,
    'still blocked by the first coordinator',
  ],
  [
    'first',
    'problem',
    `insert into jobs (job_id, status, blocked_by_job_id, queued_at) values ('x', 'done', 'y', now() + interval '1 s')`,
    'blocked since the migration by something else',
  ],
]

const job = (state: string, more: string) => `
  insert into job_queue_jobs (queue, job_id, state, job_type, kind, models, priority, place_level, place_order, place_tie,
      queued_at, attempt, attempts, timeout_ms, worker_id, expires_at, started_at)
    values ('default', 'j', '${state}', 'normal', 'render', '{m}', 0, 0, 0, 0, now() - interval '1 hour', 1, 1, 1000, ${more});
  update job_queue_state set updated_at = now() - interval '1 min' where queue = 'default'`
const worker = (age: string, kinds = 'null', slots = 1) => `
  insert into interlock.job_queue_workers (queue, worker_id, kinds, free_slots, release, started_at, beat_at, expires_at, ttl_ms, grace_ms)
    values ('default', 'w', ${kinds}, ${slots}, '0.1.0', now(), now(), now() + interval '${age}', 15000, 5000);`

const stuck: readonly (readonly [check: string, sql: string, says: string])[] = [
  ['no_worker', job('waiting', 'null, null, null'), 'no live worker has a handler for it'],
  [
    'no_worker',
    worker('1 min', "'{other}'") + job('waiting', 'null, null, null'),
    'no live worker has a handler',
  ],
  ['busy', worker('1 min', "'{render}'", 0) + job('waiting', 'null, null, null'), 'has a free slot'],
  ['offered', worker('1 min') + job('waiting', 'null, null, null'), 'no worker takes them'],
  ['waiting', job('waiting', 'null, null, null'), 'the longest is j'],
  ['overdue', worker('1 min') + job('active', "'w', now() - interval '1 min', now()"), 'past its time'],
  ['lost', worker('-1 min') + job('active', "'w', now() + interval '1 min', now()"), 'which is gone'],
  ['late', worker('-2 s'), 'missed the last heartbeat: w'],
  [
    'draining',
    `${job('waiting', 'null, null, null')}; update job_queue_state set status = 'draining'`,
    'drains: 1 job wait',
  ],
  ['releases', worker('1 min').replace('0.1.0', '0.0.9'), '0.0.9 (1); this is 0.1.0'],
]

const nameOf = (db: Account) => new URL(db.url).pathname.slice(1)

/** A project's own schemas, with what announces over Realtime, after the migration. */
async function setUpLater(url: string): Promise<void> {
  const project = await postgresDatabase(url)
  await setUpProject(project)
  await project.close()
}

describe('interlock doctor', () => {
  it('finds nothing where nothing is wrong', async () => {
    const db = await account()
    expect(await doctor(db.url)).toMatchObject({ ok: true, findings: [] })
  })

  it('finds nothing where nothing is wrong, in an embedded database', async () => {
    const folder = await embeddedQueue()
    await interlock(['migrate', '--url', folder])
    expect(await interlock(['doctor', '--url', folder])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(
        /^no problems found\nlog {6}\d+\.\d KB\narchive {2}\d+(\.\d KB| bytes)\nchain {4}off\nrows {5}of jobs and workflow_executions are followed\n$/,
      ),
    })
  })

  it('says that fsync is off, for people too', async () => {
    const db = await account()
    const { code, stdout } = await interlock(['doctor', '--url', db.url])
    const off = (await db.value('show fsync')) === 'off'
    expect({ code, found: stdout.includes('fsync is off') }).toEqual({ code: off ? 3 : 0, found: off })
    if (off) expect(stdout).toMatch(/^problem {2}fsync .*\n {9}to do: turn both on/)
  })

  it.each(spoiled)('%s, a %s: %s', async (check, level, sql, says) => {
    const db = await account()
    await db.exec(sql.replace('%db', nameOf(db)))
    const { findings } = await doctor(db.url)
    expect(findings.filter((finding) => finding.check === check)).toEqual([
      { check, level, what: expect.stringContaining(says), remedy: expect.stringMatching(/\w/) },
    ])
  })

  it.each([
    ['rename job_id to id', '(id could be it)', '--column jobs.job_id=<yours>'],
    ['rename status to state', 'lacks the column status', '--column jobs.status=<yours>'],
    ['drop column priority cascade', 'lacks the column priority', 'npx interlock-queue migrate --again'],
    ['rename to real; create view jobs as table real', 'lacks a table of this name', 'rename it'],
  ])('says what a table lacks, and what to do: %s', async (change, says, remedy) => {
    const db = await account()
    await db.exec(`alter table jobs ${change}`)
    const { findings } = await doctor(db.url)
    expect(findings.filter(({ check }) => check === 'rows')).toMatchObject([
      { what: expect.stringContaining(says), remedy: expect.stringContaining(remedy) },
    ])
  })

  it.each(stuck)('%s: a job or worker that is stuck', async (check, sql, says) => {
    const db = await account()
    await db.exec(sql)
    const { findings } = await doctor(db.url)
    const found = findings.filter((finding) => finding.check === check)
    expect(found.map(({ what }) => what)).toEqual([expect.stringContaining(says)])
    expect(found[0]?.remedy).not.toBe('')
  })

  it('has nothing against a row that is held for a moment, nor against one that was corrected and came in', async () => {
    const db = await account()
    await db.exec(`insert into job_queue_set_aside (queue, target, job_id, sqlstate) values ('default', 'jobs', 'j', '55P03');
      insert into jobs (job_id, model, priority) values ('wrong', 'm', 5000)`)
    const coordinator = await db.coordinator()
    // A worker is alive that may be about to take it.
    coordinator.offering(null, 1)
    await coordinator.takeIn({ max: 10 })
    expect((await doctor(db.url)).checks).toEqual(['not_taken_in', 'adoptable'])
    await db.exec('update jobs set priority = 5; delete from job_queue_set_aside')
    const [finding] = (await doctor(db.url)).findings
    const typed =
      /interlock-queue (adopt --job wrong --yes)/.exec(finding?.remedy ?? '')?.[1]?.split(' ') ?? []
    expect(await interlock([...typed, '--url', db.url])).toMatchObject({ code: 0 })
    expect(await doctor(db.url)).toMatchObject({ ok: true, findings: [] })
    await coordinator.takeIn({ max: 10 })
    expect(await doctor(db.url)).toMatchObject({ ok: true, findings: [] })
  })

  it('mends by `migrate --again` what was edited', async () => {
    const db = await account()
    await db.exec(`alter function job_queue_beat security invoker;
      alter table jobs disable trigger job_queue_deleted; grant select on job_queue_log to public`)
    expect((await doctor(db.url)).checks).toEqual(['functions', 'triggers', 'open'])
    expect((await interlock(['migrate', '--url', db.url])).stdout).toContain('nothing to do')
    await db.exec('alter table jobs enable trigger job_queue_deleted')
    expect((await interlock(['migrate', '--again', '--url', db.url])).code).toBe(0)
    expect(await doctor(db.url)).toMatchObject({ ok: true, findings: [] })
  })

  it('mends by `migrate` what is not there, such as what announces over Realtime, which came after it', async () => {
    const db = await account()
    await db.exec('drop function job_queue_forget; drop trigger job_queue_log_append_only on job_queue_log')
    await setUpLater(db.url)
    const { findings } = await doctor(db.url)
    expect(findings.map(({ check }) => check)).toEqual(['functions', 'triggers'])
    for (const name of [
      'append_only on job_queue_log',
      'job_queue_wake on job_queue_heads',
      'intake on job_queue_inbox',
    ])
      expect(findings[1]?.what).toContain(name)
    expect((await interlock(['migrate', '--url', db.url])).stdout).not.toContain('nothing to do')
    expect(await doctor(db.url)).toMatchObject({ ok: true, findings: [] })
    expect((await interlock(['migrate', '--url', db.url])).stdout).toContain('nothing to do')
    const listener = new pg.Client({ connectionString: db.url })
    await listener.connect()
    onTestFinished(() => listener.end())
    await listener.query('listen interlock_dev_broadcast')
    const heard: string[] = []
    listener.on('notification', ({ payload = '' }) => heard.push(payload))
    await (await db.coordinator()).enqueue([{ jobId: 'a', models: ['m'] }])
    await expect.poll(() => heard).toContainEqual(expect.stringContaining('interlock:default'))
  })

  it.each([
    ['was dropped', (db: Account) => db.exec('drop trigger job_queue_log_append_only on job_queue_log')],
    ['announces over Realtime, which came later', (db: Account) => setUpLater(db.url)],
  ])('mends by `migrate` a trigger, and nothing else, that %s', async (_name, happens) => {
    const db = await account()
    await happens(db)
    expect((await interlock(['migrate', '--url', db.url])).stdout).not.toContain('nothing to do')
    expect(await doctor(db.url)).toMatchObject({ ok: true, findings: [] })
  })

  it('names the transaction that keeps old versions of rows, once it has been open for 10 minutes', async () => {
    const db = await account()
    const other = await db.connect()
    await other.exec("set application_name = 'pg_dump'; begin isolation level repeatable read; select 1")
    const store = db.store()
    await store.open('default')
    const checkup = (await store.checkup('default')) as Checkup
    expect(checkup.xmin).toMatchObject({
      kind: 'backend',
      application: 'pg_dump',
      state: 'idle in transaction',
    })
    const found = (ageMs: number) =>
      checkHorizon({ checkup: { ...checkup, xmin: checkup.xmin && { ...checkup.xmin, ageMs } } })
    expect(found(60_000)).toEqual([])
    expect(found(3_600_000)).toMatchObject([
      {
        check: 'horizon',
        level: 'note',
        what: expect.stringMatching(/open for 60 min \(pg_dump, \w+, idle in transaction\)/),
      },
    ])
  })

  it('says that the database is not migrated, and what to type', async () => {
    const { url } = await freshDatabase()
    const { findings } = await doctor(url)
    expect(findings).toMatchObject([{ check: 'migration', remedy: 'npx interlock-queue migrate' }])
  })

  it('says which rights a role lacks, some or the very first', async () => {
    const db = await account()
    await createSupabaseRoles(db)
    const role = `lacking_${nameOf(db)}`
    await db.exec(`create role ${role} login; grant usage on schema public to ${role}`)
    const url = new URL(db.url)
    url.username = role
    const { findings } = await doctor(url.href)
    expect(findings).toMatchObject([{ check: 'grants', remedy: expect.stringContaining('--runtime-role') }])
    await interlock(['migrate', '--runtime-role', role, '--url', db.url])
    expect(await doctor(url.href)).toMatchObject({ ok: true, findings: [] })
    await db.exec(`revoke execute on function job_queue_append from ${role}`)
    expect((await doctor(url.href)).findings).toMatchObject([
      { check: 'grants', what: `${role} lacks EXECUTE ON FUNCTION job_queue_append` },
    ])
    await db.exec(`drop owned by ${role}; drop role ${role}`)
  })

  it('sees that the first coordinator still writes: its tables, its sessions', async () => {
    const db = await freshDatabase()
    await db.exec(readFileSync(new URL('../migrate/fixtures/first-coordinator.sql', import.meta.url), 'utf8'))
    await migrate(db)
    const quiet = (await doctor(db.url)).findings
    expect(quiet.map(({ check, level }) => `${check} ${level}`)).toEqual(['first note', 'adoptable note'])
    const other = await db.connect()
    await other.exec("set application_name = 'worker.py'")
    await other.exec(
      "update job_queue_state_v1 set active_job_id = 'zzz', updated_at = now() + interval '1 s'",
    )
    const says = (await doctor(db.url)).findings.map(({ what }) => what)
    expect(says).toEqual([
      expect.stringContaining('(worker.py)'),
      expect.stringContaining('wrote to its tables after the migration'),
      expect.stringContaining('says that job zzz runs'),
      expect.stringContaining('still blocked'),
      expect.stringContaining('not in the log'),
    ])
  })

  it('looks at a queue that is in use', async () => {
    const db = await account()
    const coordinator = await db.coordinator()
    await coordinator.enqueue([{ jobId: 'a', models: ['m'] }])
    await coordinator.claim({ max: 1, kinds: null })
    expect(await doctor(db.url)).toMatchObject({ ok: true, findings: [] })
  })

  it('refuses a store in memory, and a server that is not there', async () => {
    expect(await memoryStore().checkup('default')).toBeNull()
    expect(await interlock(['doctor', '--url', 'memory:'])).toMatchObject({ code: 2 })
    expect(await interlock(['doctor', '--url', 'postgres://127.0.0.1:1/x'])).toMatchObject({
      code: 1,
      stdout: '',
    })
  })
})

it('proposes a limit from what came before the answers of a provider, by the log of the queue', async () => {
  const db = await account()
  const coordinator = await db.coordinator()
  await coordinator.setPolicy({ maxActive: null, capacity: { gpt: 9 } })
  for (const round of [1, 2, 3, 4]) {
    await coordinator.enqueue(
      Array.from({ length: 6 }, (_, i) => ({ jobId: `${round}-${i}`, models: ['gpt'] })),
    )
    const started = await coordinator.claim({ max: 6 })
    await coordinator.pauseModel('gpt', { reason: 'provider', until: new Date(Date.now() + 600_000) })
    await coordinator.resumeModel('gpt')
    for (const { lease } of started) await coordinator.complete(lease)
  }
  await coordinator.close()
  // The log as if there had been a second between any two events.
  await db.exec(`alter table job_queue_log disable trigger all;
    update job_queue_log set created_at = now() - interval '1 hour' + seq * interval '1 second';
    update job_queue_log set data = data || jsonb_build_object('until', (extract(epoch from created_at) * 1000000)::bigint + 1) where event_type = 'model_paused';
    alter table job_queue_log enable trigger all`)
  const { findings } = await doctor(db.url)
  expect(findings).toContainEqual(
    expect.objectContaining({
      check: 'provider_limit',
      remedy: 'if that is its limit: npx interlock-queue policy set --rate gpt=5/10',
    }),
  )
})
