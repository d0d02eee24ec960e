import { describe, expect, it } from 'vitest'
import { freshDatabase } from './support.ts'

const DAYS = 200

/** A log of two events a day up to now, and a snapshot at each of them, made when the event happened. */
async function daily() {
  const db = await freshDatabase('migrated')
  await db.exec(`
    insert into interlock.job_queue_heads (queue, version, projected_seq) values ('q', ${2 * DAYS}, ${2 * DAYS});
    insert into job_queue_log (queue, seq, event_type, created_at)
    select 'q', n, 'drained', now() - interval '12 hours' * (${2 * DAYS} - n)
      from generate_series(1, ${2 * DAYS}) n;
    insert into interlock.job_queue_snapshots (queue, seq, state, created_at)
    select 'q', l.seq, '{}', l.created_at from job_queue_log l where l.seq < ${2 * DAYS}`)
  const put = (seq: number) => db.value(`select job_queue_put_snapshot('q', ${seq}, '{}')`)
  const left = async (where = 'true') =>
    Number(await db.value(`select count(*)::int from interlock.job_queue_snapshots s where ${where}`))
  return { db, put, left }
}

const older = (days: number) => `s.created_at < now() - interval '${days} days'`

describe('snapshots are thinned (job_queue_put_snapshot, job_queue_drop_chunks)', () => {
  it('to one a day for a month, and above the cut to one a week for ever', async () => {
    const { put, left, db } = await daily()
    await put(2 * DAYS)
    const month = await left(`not ${older(31)}`)
    expect(month).toBeGreaterThanOrEqual(31)
    expect(month).toBeLessThanOrEqual(31 + 4)
    const before = await left(older(31))
    expect(before).toBeGreaterThanOrEqual(Math.floor((DAYS - 31) / 7))
    expect(before).toBeLessThanOrEqual(Math.ceil((DAYS - 31) / 7) + 1)
    // A schedule in SQL finds one for every age, a week late at most; a day late where one of each day is kept. What is older
    // than 31 days is kept by the week.
    for (const days of [150, 90, 60, 40, 33, 31, 10]) {
      const answer = await db.value(
        `select job_queue_archive_before('q', now() - interval '${days} days', true)`,
      )
      const { archived_seq: cut } = answer as { archived_seq: number }
      const late = Number(
        await db.value(
          `select (extract(epoch from now() - interval '${days} days' - a.created_at) / 86400)::float8
             from interlock.job_queue_log_archive a where seq = ${cut}`,
        ),
      )
      expect(late).toBeGreaterThan(0)
      expect(late).toBeLessThan(days >= 31 ? 8 : 2)
    }
  })

  it('below the cut like everything that is older than a month', async () => {
    const { put, left, db } = await daily()
    await put(2 * DAYS)
    await db.value(`select job_queue_archive_before('q', now() - interval '60 days', true)`)
    await db.exec(`delete from interlock.job_queue_snapshots where seq = ${2 * DAYS}`)
    await put(2 * DAYS)
    const cut = Number(await db.value("select archived_seq from interlock.job_queue_heads where queue = 'q'"))
    expect(cut).toBeGreaterThan(0)
    expect(await left(`s.seq < ${cut}`)).toBe(0)
    expect(await left(`s.seq = ${cut}`)).toBe(1)
  })

  it('but not where somebody is about to cut: what was made long after its event stays for an hour', async () => {
    const { put, left, db } = await daily()
    await put(2 * DAYS)
    const late = 2 * DAYS - 101
    await db.exec(`delete from interlock.job_queue_snapshots where seq = ${late}`)
    await put(late)
    for (const seq of [late + 3, late + 5, late + 7, late + 9]) await put(seq)
    expect(await left(`s.seq = ${late}`)).toBe(1)
    // The same, made when its event happened.
    await db.exec(`alter table job_queue_log disable trigger user;
      update job_queue_log set created_at = now() where seq = ${late}`)
    await put(late + 11)
    expect(await left(`s.seq = ${late}`)).toBe(0)
  })

  it('and not while a cut is under way', async () => {
    const { put, left, db } = await daily()
    const other = await db.connect()
    await other.exec(`begin; select pg_advisory_xact_lock(hashtextextended('interlock.archive:q', 0))`)
    await put(2 * DAYS)
    expect(await left()).toBe(2 * DAYS)
    await other.exec('commit')
    await db.exec(`delete from interlock.job_queue_snapshots where seq = ${2 * DAYS}`)
    await put(2 * DAYS)
    expect(await left()).toBeLessThan(70)
  })
})
