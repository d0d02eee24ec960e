// Slow, 34 s: kills workers in the middle of their transactions, and waits for their leases.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { expect, it } from 'vitest'
import { examine } from '../../../src/tools/doctor/index.ts'
import { allEnded, attemptsOf, judge, scene } from '../../servers/process/support.ts'
import { brief } from '../../support/flags.ts'
import { compiled } from '../../support/program.ts'
import { PATIENCE } from '../../support/runs.ts'
import { atEnd, eventually } from '../../support/this-test.ts'

const ROUNDS = 20
const JOBS = 50

it('has each effect once when its worker is killed between any two statements, 1,000 times', {
  timeout: 2 * PATIENCE,
}, async () => {
  const { url, client, coordinator, store } = await scene()
  await coordinator.setPolicy('by-model')
  await client.query(`create table effects (job_id text not null, fence text not null);
    create table totals (job_id text primary key, effects integer not null default 0)`)
  for (let round = 0; round < ROUNDS; round++) {
    const ids = Array.from({ length: JOBS }, (_, n) => `${round * JOBS + n}`)
    await client.query('insert into totals (job_id) select unnest($1::text[])', [ids])
    await coordinator.enqueue(ids.map((jobId) => ({ jobId, models: [`m${jobId}`], attempts: 1_000 })))
    await killedWhenAllStand(url)
    // Its lease is over now: what it held need not wait for that, and a busy machine costs no process a lease.
    await client.query(
      `update interlock.job_queue_workers set expires_at = clock_timestamp() - interval '1 minute' where worker_id <> $1`,
      [coordinator.workerId],
    )
  }
  const last = await worker(url)
  await allEnded(coordinator)
  last.kill('SIGKILL')
  const { events, violations, verified } = await judge(store)
  expect(violations).toEqual([])
  expect(verified).toBe(true)
  expect(attemptsOf(events).ends['completed']).toBe(ROUNDS * JOBS)
  const { rows } = await client.query(`select count(*)::int as jobs, sum(t.effects)::int as effects,
      (select count(*)::int from effects) as rows, (select count(distinct e.job_id)::int from effects e) as of_jobs from totals t`)
  const all = ROUNDS * JOBS
  expect(rows).toEqual([{ jobs: all, effects: all, rows: all, of_jobs: all }])
  // The effect is that of the attempt that completed. Of one in six it is the first attempt: it was killed after its commit.
  const ends =
    await client.query(`select count(*)::int as other from job_queue_log l join effects e on e.job_id = l.job_id
     where l.event_type = 'completed' and split_part(e.fence, '.', 2)::bigint <> (l.data ->> 'token')::bigint`)
  expect(ends.rows).toEqual([{ other: 0 }])
})

it('is named by the doctor when it stands still at its commit, in a session or prepared', async () => {
  const { client, coordinator, store } = await scene()
  await coordinator.enqueue([{ jobId: 'a', models: ['m'] }])
  const [started] = await coordinator.claim({ max: 1 })
  await client.query('begin')
  await client.query(`select job_queue_complete_in('a', $1, null, 'default', false)`, [started?.lease.fence])
  await client.query('set constraints all immediate')
  const named = async () =>
    (await examine({ store })).findings.filter(({ check }) => check === 'ending').map(({ what }) => what)
  const { rows } = await client.query('select pg_backend_pid() as pid')
  await eventually(named).toEqual([expect.stringContaining(`session ${rows[0].pid}`)])
  await client.query(`prepare transaction 'end of a'`)
  await eventually(named).toEqual([expect.stringContaining('the prepared transaction end of a')])
  await client.query(`rollback prepared 'end of a'`)
  expect(await named()).toEqual([])
})

async function worker(url: string) {
  const child = fork(await compiled('test/slow/process/complete-in-child.ts'), [url], {
    execArgv: [...brief],
  })
  atEnd(() => void child.kill('SIGKILL'))
  return child
}

/** Jobs that an earlier process has left behind run through in it, too. */
async function killedWhenAllStand(url: string): Promise<void> {
  const child = await worker(url)
  let stopped = 0
  const all = Promise.withResolvers<void>()
  child.on('message', (message) => {
    if (message === 'stopped' && ++stopped === JOBS) all.resolve()
  })
  child.once('exit', (code) => all.reject(new Error(`the worker has ended by itself (${code})`)))
  await all.promise
  child.kill('SIGKILL')
  await once(child, 'exit')
}
