/** What users do to their own tables while Interlock writes to them: it stops nobody, and heals. */
import { describe, expect, it } from 'vitest'
import { append, project, rowsOfJobs } from './projection-support.ts'
import { type Database, failureOf, freshDatabase } from './support.ts'

async function threeJobs(): Promise<Database> {
  const db = await freshDatabase('migrated')
  await db.exec("insert into jobs (job_id) values ('a'), ('b'), ('c')")
  await append(db, {
    events: [
      ['queued', 'a'],
      ['queued', 'b'],
      ['queued', 'c'],
    ],
    live: [{ job_id: 'a' }, { job_id: 'b', blocked_by_job_id: 'a' }, { job_id: 'c', blocked_by_job_id: 'b' }],
  })
  return db
}

/** What is set aside may be tried at once, instead of after its pause. */
const forgetPauses = (db: Database) => db.exec('update job_queue_set_aside set next_at = clock_timestamp()')

const written = async (db: Database) =>
  (await rowsOfJobs(db)).filter((row) => row['queued_at'] !== null).map((row) => row['job_id'])

describe('a row that somebody has locked', () => {
  it('is set aside without a wait, tried again, and written when it is free', async () => {
    const db = await threeJobs()
    const psql = await db.connect()
    await psql.exec("begin; update jobs set status = 'mine' where job_id = 'b'")
    await db.exec("set statement_timeout = '2s'")
    expect(await project(db)).toMatchObject({ written: 2, set_aside: 1, projected_seq: 3, busy: false })
    expect(await written(db)).toEqual(['a', 'c'])
    expect(await db.query('select target, job_id, sqlstate, tries from job_queue_set_aside')).toEqual([
      { target: 'jobs', job_id: 'b', sqlstate: '55P03', tries: 1 },
    ])
    await forgetPauses(db)
    expect(await project(db)).toMatchObject({ written: 0, set_aside: 1 })
    expect(await db.value('select tries from job_queue_set_aside')).toBe(2)

    await psql.exec('commit')
    await forgetPauses(db)
    expect(await project(db)).toMatchObject({ written: 1, set_aside: 0 })
    expect(await written(db)).toEqual(['a', 'b', 'c'])
    expect(await db.value("select status from jobs where job_id = 'b'")).toBe('mine')
  })

  it('is tried ever more rarely', async () => {
    const db = await threeJobs()
    const psql = await db.connect()
    await psql.exec("begin; select from jobs where job_id = 'b' for update")
    await project(db)
    await db.exec("update job_queue_set_aside set next_at = next_at + interval '1 hour'")
    expect(await project(db)).toMatchObject({ set_aside: 1 })
    expect(await db.value('select tries from job_queue_set_aside')).toBe(1)
    await db.exec('update job_queue_set_aside set tries = 30, next_at = clock_timestamp()')
    const before = await db.value('select clock_timestamp()')
    await project(db)
    expect(
      await db.value(
        `select next_at between $1::timestamptz + interval '60 s' and clock_timestamp() + interval '60 s'
           from job_queue_set_aside`,
        [before],
      ),
    ).toBe(true)
  })

  it('leaves the book when the row is gone', async () => {
    const db = await threeJobs()
    const psql = await db.connect()
    await psql.exec("begin; delete from jobs where job_id = 'b'")
    expect(await project(db)).toMatchObject({ set_aside: 1 })
    await psql.exec('commit')
    await forgetPauses(db)
    expect(await project(db)).toMatchObject({ set_aside: 0 })
  })
})

describe("a trigger of the user's that raises", () => {
  it('costs only its own rows, and those heal when it is mended', async () => {
    const db = await threeJobs()
    await db.exec(`create function fussy() returns trigger language plpgsql as
      $$ begin if new.job_id = 'b' then raise exception 'I do not like b'; end if; return new; end $$;
      create trigger fussy before update on jobs for each row execute function fussy()`)
    expect(await project(db)).toMatchObject({ written: 2, set_aside: 1, projected_seq: 3 })
    expect(await written(db)).toEqual(['a', 'c'])
    expect(await db.value('select sqlstate from job_queue_set_aside')).toBe('P0001')
    await append(db, { events: [['completed', 'a']], live: [{ job_id: 'b' }], gone: ['a'], besides: ['b'] })
    expect(await project(db)).toMatchObject({ set_aside: 1, projected_seq: 4 })

    await db.exec('drop trigger fussy on jobs')
    await forgetPauses(db)
    expect(await project(db)).toMatchObject({ written: 1, set_aside: 0 })
    expect(await db.value("select blocked_by_job_id from jobs where job_id = 'b'")).toBeNull()
  })

  it('may be a CHECK as well', async () => {
    const db = await threeJobs()
    await db.exec("alter table jobs add check (blocked_by_job_id is distinct from 'b')")
    expect(await project(db)).toMatchObject({ written: 2, set_aside: 1 })
    expect(await db.value('select job_id || sqlstate from job_queue_set_aside')).toBe('c23514')
  })

  it('or one that keeps the row as it is', async () => {
    const db = await threeJobs()
    await db.exec(`create function no() returns trigger language plpgsql as 'begin return null; end';
      create trigger no before update on jobs for each row execute function no()`)
    expect(await project(db)).toMatchObject({ written: 0, set_aside: 3, projected_seq: 3 })
  })

  it('takes a second of one call at most, and every call gets further', async () => {
    const db = await threeJobs()
    await db.exec(`create function slow() returns trigger language plpgsql as
      $$ begin perform pg_sleep(0.6); if new.job_id = 'c' then raise exception 'no'; end if; return new; end $$;
      create trigger slow before update on jobs for each row execute function slow()`)
    const first = await project(db)
    expect(first).toMatchObject({ projected_seq: 3 })
    expect(first.set_aside).toBeGreaterThan(0)
    expect(first.written + first.set_aside).toBe(3)
    for (let calls = 0; calls < 3 && (await written(db)).length < 2; calls++) {
      await forgetPauses(db)
      await project(db)
    }
    expect(await written(db)).toEqual(['a', 'b'])
  })
})

describe('a lock on the whole table', () => {
  it('lets the log go on, and the projection says that it is busy', async () => {
    const db = await threeJobs()
    const psql = await db.connect()
    await psql.exec('begin; lock table jobs in access exclusive mode')
    await db.exec("set statement_timeout = '2s'")
    expect(await project(db)).toMatchObject({ busy: true, written: 0, projected_seq: 0 })
    await append(db, { events: [['started', 'a']], live: [{ job_id: 'a' }] })
    await psql.exec('rollback')
    expect(await project(db)).toMatchObject({ busy: false, written: 3, projected_seq: 4 })
  })
})

describe('job_queue_project by two projectors', () => {
  it('do not wait for each other', async () => {
    const db = await threeJobs()
    const other = await db.connect()
    await other.exec('begin')
    expect(await project(other)).toMatchObject({ written: 3, busy: false })
    expect(await project(db)).toMatchObject({ written: 0, busy: true, projected_seq: 0, version: 3 })
    await other.exec('commit')
    expect(await project(db)).toMatchObject({ written: 0, busy: false, projected_seq: 3 })
  })
})

describe("the queue's head", () => {
  it('is waited for a moment only, while an append holds it', async () => {
    const db = await threeJobs()
    const appender = await db.connect()
    await appender.exec("begin; select from interlock.job_queue_heads where queue = 'default' for update")
    expect(await project(db)).toMatchObject({ busy: true, projected_seq: 0 })
    await appender.exec('commit')
    expect(await project(db)).toMatchObject({ busy: false, written: 3, projected_seq: 3 })
  })

  it('is never held while a row of the user is waited for', async () => {
    const db = await threeJobs()
    await db.exec(`create function slow() returns trigger language plpgsql as
      'begin perform pg_advisory_xact_lock(99); return new; end';
      create trigger slow before update on jobs for each row execute function slow()`)
    const [psql, appender] = [await db.connect(), await db.connect()]
    await psql.exec('select pg_advisory_lock(99)')
    const projecting = project(db)
    await appender.exec(
      "begin; set local lock_timeout = '100ms'; select from interlock.job_queue_heads for update; commit",
    )
    await psql.exec('select pg_advisory_unlock(99)')
    expect(await projecting).toMatchObject({ projected_seq: 3 })
  })
})

describe('a table that the owner of Interlock may not write', () => {
  it('is left out', async () => {
    const db = await threeJobs()
    await db.exec(`do $$ begin if to_regrole('interlock_poor') is null then create role interlock_poor; end if; end $$;
      alter function job_queue_project(text, integer) owner to interlock_poor;
      grant usage on schema interlock to interlock_poor;
      grant select, insert, update, delete on all tables in schema public, interlock to interlock_poor;
      grant execute on all functions in schema public, interlock to interlock_poor;
      revoke update on jobs from interlock_poor;
      do $$ declare t text; begin foreach t in array array['interlock.job_queue_heads', 'job_queue_log', 'job_queue_jobs'] loop
        execute format('alter table %s disable row level security', t); end loop; end $$`)
    expect(await project(db)).toMatchObject({ targets: 1, busy: false })
  })
})

describe('a wrong batch', () => {
  it.each([0, 10_001, null])('%s is refused', async (batch) => {
    const db = await threeJobs()
    expect(await failureOf(db.query('select job_queue_project($1, $2)', ['default', batch]))).toMatchObject({
      code: '22023',
    })
  })
})
