// Slow: what a call reads at several sizes.
import { expect, it } from 'vitest'
import { freshDatabase } from '../../servers/migrate/support.ts'

it('job_queue_taken: of rows that cannot be jobs the newest 10,000 are listed', async () => {
  const db = await freshDatabase('migrated')
  await db.exec(`
    insert into interlock.job_queue_arrivals (queue, job_id) select 'q', 'bad-' || n from generate_series(1, 12000) n;
    select job_queue_taken('q', '{}', (select jsonb_agg(jsonb_build_object('arrival_id', a.id, 'reason', 'no name'))
      from interlock.job_queue_arrivals a))`)
  expect(await db.value('select count(*)::int from job_queue_not_taken_in')).toBe(10_000)
  expect(await db.value('select min(id)::int from job_queue_not_taken_in')).toBe(2_001)
  expect(await db.value('select count(*)::int from interlock.job_queue_arrivals')).toBe(0)
})

it('beside an archived log, data is kept for a year, and what was dropped as long as it would be listed', async () => {
  const db = await freshDatabase('migrated')
  await db.exec(`
    insert into interlock.job_queue_heads (queue, version, projected_seq) values ('q', 6, 6);
    insert into job_queue_log (queue, seq, event_type, job_id, data, created_at)
    select 'q', n, t, j, d::jsonb, now() - interval '400 days' + n * interval '1 second' from (values
      (1, 'queued', 'old', null), (2, 'completed', 'old', null), (3, 'queued', 'new', null), (4, 'completed', 'new', null),
      (5, 'queued', 'dead', null), (6, 'failed', 'dead', '{"final": true}')) e (n, t, j, d);
    insert into interlock.job_queue_data (queue, job_id, life, result, updated_at) values
      ('q', 'old', 1, '1', now() - interval '366 days'), ('q', 'new', 3, '1', now() - interval '364 days'),
      ('q', 'dead', 5, '1', now() - interval '366 days');
    insert into interlock.job_queue_dropped (queue, job_id, seq) values ('q', 'dead', 6);
    select job_queue_put_snapshot('q', 5, '{}'), job_queue_put_snapshot('q', 6, '{}')`)
  const left = () =>
    db.value(`select (select coalesce(string_agg(job_id, ' ' order by job_id), '') from interlock.job_queue_data) || ' / '
      || (select count(*) from interlock.job_queue_dropped)`)
  await db.value(`select job_queue_archive('q', 5, true)`)
  // The end of the dead one is in the log yet.
  expect(await left()).toBe('dead new / 1')
  await db.value(`select job_queue_archive('q', 6, true)`)
  expect(await left()).toBe('new / 0')
})

it('a row that a queue has claimed of which nobody is there is given to others, once', async () => {
  const db = await freshDatabase('migrated')
  const claim = async (queue: string) =>
    ((await db.value(`select job_queue_claim_arrivals('${queue}', 10)`)) as { job_id: string }[]).map(
      (row) => row.job_id,
    )
  const arrived = async (queue: string) =>
    (
      (await db.value(`select job_queue_beat('${queue}', 'w-${queue}', null, 1, '0', 60000, 0)`)) as {
        arrived: boolean
      }
    ).arrived
  const age = () =>
    db.exec(`update interlock.job_queue_arrivals set claimed_until = claimed_until - interval '11 minutes'`)
  await db.exec(
    `insert into jobs (job_id, status, model) values ('a', 'pending', 'm'), ('b', 'pending', 'm')`,
  )
  await db.exec(`insert into interlock.job_queue_heads (queue, version) values ('mistyped', 1);
    insert into job_queue_log (queue, seq, event_type, job_id, created_at) values ('mistyped', 1, 'queued', 'b', now())`)
  expect(await arrived('mistyped')).toBe(true)
  expect(await claim('mistyped')).toEqual(['a', 'b'])
  await age()
  // Somebody of that queue is there.
  expect(await arrived('right')).toBe(false)
  expect(await claim('right')).toEqual([])
  await db.exec(`select job_queue_leave('mistyped', 'w-mistyped')`)
  expect(await arrived('right')).toBe(true)
  // And what its log knows is its own.
  expect(await claim('right')).toEqual(['a'])
  expect(await claim('mistyped')).toEqual(['b'])
})
