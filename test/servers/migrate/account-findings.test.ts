/** What `migrate` finds in the user's tables, before and without changing anything; and what it means for rows. */
import { describe, expect, it } from 'vitest'
import { type MigrationConnection, migrate } from '../../../src/engine/migrate/index.ts'
import { interlock } from '../cli/support.ts'
import { createSupabaseRoles, failureOf, freshDatabase, interlockObjects } from './support.ts'

const jobs = (status: string, more = '') =>
  `create table jobs (job_id text primary key, status ${status}, model text ${more})`

async function foundIn(sql: string, options: Parameters<typeof migrate>[1] = {}) {
  const db = await freshDatabase()
  await db.exec(sql)
  const { found = [] } = await migrate(db, options)
  return { db, found, texts: found.map(({ check, what, remedy }) => `${check}: ${what}; ${remedy}`) }
}

describe('status words that the table refuses', () => {
  it.each([
    [
      'an enum',
      `create type word as enum ('pending', 'running', 'done'); ${jobs('word')}`,
      'jobs.status does not take completed, failed, cancelled, expired (its type is public.word)',
      '--status completed=<yours> --status failed=<yours> --status cancelled=<yours> --status expired=<yours>',
    ],
    [
      'a domain',
      `create domain word as text check (value in ('pending', 'running', 'completed', 'failed', 'cancelled')); ${jobs('word')}`,
      'jobs.status does not take expired (its type is public.word)',
      '--status expired=<yours>',
    ],
    [
      'a CHECK',
      jobs(
        "text constraint known check (status in ('pending', 'processing', 'completed', 'failed', 'cancelled', 'expired'))",
      ),
      'jobs.status does not take running (CHECK known)',
      '--status running=<yours>',
    ],
    [
      'a short type',
      jobs('varchar(8)'),
      'jobs.status does not take completed, cancelled (its type is character varying(8))',
      '--status completed',
    ],
  ])('by %s are named, and how to name others', async (_, sql, what, remedy) => {
    const { texts } = await foundIn(sql, { check: true })
    expect(texts).toEqual([expect.stringMatching(/^words: /)])
    expect(texts[0]).toContain(what)
    expect(texts[0]).toContain(remedy)
  })

  it('are none once they are mapped, and where a CHECK looks at other columns too', async () => {
    const { texts, db } = await foundIn(
      jobs(
        "text check (status in ('pending', 'running', 'done', 'failed', 'cancelled', 'expired'))",
        ", check (status <> 'failed' or model is not null)",
      ),
      { statuses: { completed: 'done' } },
    )
    expect(texts).toEqual([])
    expect(await db.value("select job_queue_checkup('default') -> 'account'")).toEqual([])
  })
})

it('job_queue_account: a check tells all of it and changes nothing', async () => {
  const db = await freshDatabase()
  await db.exec(jobs('varchar(8)', ', priority integer not null default 7'))
  expect(await migrate(db, { check: true })).toMatchObject({
    applied: false,
    found: [{ check: 'defaults' }, { check: 'words' }],
  })
  expect(await interlockObjects(db)).toEqual([])
  expect(
    await db.value(
      "select count(*)::int from pg_attribute where attrelid = 'jobs'::regclass and attname = 'queued_at'",
    ),
  ).toBe(0)
})

it('interlock migrate --check says it and ends with 3; interlock doctor says it afterwards', async () => {
  const db = await freshDatabase()
  await db.exec(jobs('varchar(8)'))
  const checked = await interlock(['migrate', '--check', '--yes', '--url', db.url])
  expect(checked).toMatchObject({
    code: 3,
    stdout: expect.stringContaining('problem: jobs.status does not take completed'),
  })
  expect(await interlockObjects(db)).toEqual([])
  expect((await interlock(['migrate', '--yes', '--url', db.url])).stdout).toContain(
    '--status completed=<yours>',
  )
  expect((await interlock(['doctor', '--url', db.url])).stdout).toContain(
    'jobs.status does not take completed',
  )
})

describe('columns of the user under the names of coordination columns', () => {
  const browser = async (db: MigrationConnection, sql: string) => {
    await createSupabaseRoles(db)
    await db.exec(`grant select, insert on jobs to authenticated; grant usage on all sequences in schema public to authenticated;
      begin; set local role authenticated; ${sql}; commit`)
  }

  it.each(['integer generated always as (7) stored', 'integer generated always as identity'])(
    '%s: refused, since nothing can be written there',
    async (type) => {
      const db = await freshDatabase()
      await db.exec(jobs('text', `, priority ${type}`))
      expect(await failureOf(migrate(db))).toMatchObject({
        code: 'not_migrated',
        message: expect.stringContaining('jobs.priority is generated'),
      })
    },
  )

  it.each([
    ['priority integer not null default 0, queued_at timestamptz not null default now()', 0],
    ['priority integer default 2 + 1, queued_at timestamptz default clock_timestamp()', 3],
    ["priority integer default length('abc'), queued_at timestamptz default now() + interval '1 hour'", 3],
  ])('%s: rows of browsers come in and arrive', async (columns, priority) => {
    const { db, texts } = await foundIn(jobs("text default 'pending'", `, ${columns}`))
    expect(texts).toEqual([
      expect.stringContaining('jobs.priority has the default'),
      expect.stringContaining('jobs.queued_at has the default'),
    ])
    await browser(
      db,
      "insert into jobs (job_id, model) values ('a', 'm'); insert into jobs (job_id, status) values ('b', 'draft')",
    )
    await db.exec("update jobs set status = 'pending' where job_id = 'b'")
    expect(await db.value("select job_queue_claim_arrivals('default', 10)")).toMatchObject([
      { job_id: 'a', models: ['m'], priority },
      { job_id: 'b', priority },
    ])
    expect(
      await failureOf(browser(db, "insert into jobs (job_id, priority) values ('c', 900)")),
    ).toMatchObject({ code: 'JQ102' })
    await db.exec('rollback')
  })

  it('a default that is another each time is taken in place of what a browser writes', async () => {
    const { db } = await foundIn(
      `create sequence places; ${jobs('text', ", priority integer default nextval('places')")}`,
    )
    await browser(
      db,
      "insert into jobs (job_id, priority) values ('a', 900); insert into jobs (job_id) values ('b')",
    )
    expect(await db.value('select max(priority) < 100 from jobs')).toBe(true)
  })

  it('that may not be null: said, and rows can be adopted all the same', async () => {
    const { db, texts } = await foundIn(
      jobs(
        'text',
        ", blocked_by_job_id text not null default '', queued_at timestamptz not null default now(), priority integer not null",
      ),
    )
    expect(texts).toEqual([
      expect.stringMatching(/^defaults: jobs.blocked_by_job_id may not be null: .*DROP NOT NULL/),
      expect.stringContaining('jobs.queued_at has the default now()'),
      expect.stringMatching(/^defaults: jobs.priority may not be null and has no default/),
    ])
    await db.exec("insert into jobs (job_id, status, priority) values ('a', 'running', 1)")
    expect(await db.value("select job_queue_adopt('default', array['a'])")).toEqual(['a'])
    expect(await db.value("select job_queue_claim_arrivals('default', 10)")).toMatchObject([{ job_id: 'a' }])
  })
})
