/**
 * A submission is lent for 2 s, a row for 5 s. When an append takes longer, a second process takes the same, and the combiner finds the commands
 * of both among those that are published: each has one outcome all the same.
 */
import { expect, it } from 'vitest'
import { hash, type Json } from '../../../src/engine/core/index.ts'
import {
  enqueueBody,
  keptOf,
  type ParsedJob,
  parseJobs,
  parseSubmission,
} from '../../../src/engine/events/index.ts'
import { auditLog } from '../../../src/tools/audit/index.ts'
import { type Account, account } from '../intake/support.ts'

/** As a process that has taken these publishes them, and has gone since. */
const publish = (db: Account, id: string, jobs: readonly ParsedJob[], how: object): Promise<void> =>
  send(db, id, { ...enqueueBody(jobs), ...how }, keptOf(jobs))

async function send(db: Account, id: string, body: object, data: object = []): Promise<void> {
  const command = { id: `sql:${id}`, hash: hash(JSON.stringify(body)), workerId: 'sql', body }
  await db.query(
    `insert into interlock.job_queue_published (queue, command_id, sender, command, waits_until)
     values ('default', $1, $2, $3, clock_timestamp() + interval '1 h')`,
    [command.id, id, JSON.stringify({ command, data })],
  )
}

/** Two processes write at once until one carries out what all have published. */
async function combine(db: Account): Promise<void> {
  const processes = [await db.coordinator(), await db.coordinator()]
  const isThere = () =>
    db.value("select exists (select from interlock.job_queue_published where command_id like 'sql:%')")
  for (let n = 0; await isThere(); n++)
    await Promise.all(processes.map((one, p) => one.enqueue([{ jobId: `${p}-${n}`, models: ['m'] }])))
}

it('a submission comes into line once, and the newest payload of its key stays', async () => {
  const db = await account()
  const dedupe = { key: 'k', while: 'waiting', debounce: { delay: '1h', max_delay: '2h' } }
  const jobs = [0, 1, 2, 3].map((n) => ({ job_id: `j${n}`, models: ['m'], payload: n, dedupe }))
  await db.query('begin')
  await db.query('select job_queue_enqueue_in($1)', [JSON.stringify(jobs)])
  await db.query(
    `update interlock.job_queue_submissions set taken_until = clock_timestamp() + interval '1 h'`,
  )
  await db.query('commit')
  const rows = await db.query('select id::int, job from interlock.job_queue_submissions order by id')
  const all = rows.map(({ id, job }) => ({ id: Number(id), job: parseSubmission(job as Json) }))
  // Lent to one, then with one more to another, and once more.
  for (const [name, count] of [
    ['first', 3],
    ['second', 4],
    ['third', 2],
  ] as const) {
    const some = all.slice(0, count)
    await publish(
      db,
      name,
      some.map(({ job }) => job),
      { submissions: some.map(({ id }) => id) },
    )
  }
  await combine(db)
  const events = await db.log()
  const outcomes = events.flatMap((event) =>
    event.type === 'queued' || event.type === 'deduplicated' ? [event.submission ?? []].flat() : [],
  )
  expect(outcomes).toEqual([1, 2, 3, 4])
  expect(await db.query('select payload from interlock.job_queue_data where payload is not null')).toEqual([
    { payload: 3 },
  ])
  expect(await db.value('select count(*)::int from interlock.job_queue_submissions')).toBe(0)
  expect(await auditLog({ store: db.store() })).toMatchObject({ violations: [] })
})

it('a row is taken in once, also if its job was cancelled in between', async () => {
  const db = await account()
  await db.exec(
    "set interlock.notify = 'off'; insert into jobs (job_id, model) values ('a', 'm'), ('b', 'm')",
  )
  await db.exec(
    `update interlock.job_queue_arrivals set queue = 'default', claimed_until = clock_timestamp() + interval '1 h'`,
  )
  const jobs = parseJobs(['a', 'b'].map((jobId) => ({ jobId, models: ['m'] })))
  await publish(db, 'first', jobs, { intake: true })
  await send(db, 'cancel', { type: 'cancel', jobId: 'a', force: true })
  await publish(db, 'second', jobs, { intake: true })
  await combine(db)
  const taken = (await db.log()).flatMap((event) =>
    event.type === 'queued' && event.intake ? [event.jobId] : [],
  )
  expect(taken).toEqual(['a', 'b'])
  expect(await auditLog({ store: db.store() })).toMatchObject({ violations: [] })
})
