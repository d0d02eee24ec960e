/** `interlock_queue_jobs`: each live and submitted job once, under the code that `explain` gives of it. */
import { expect, it, onTestFinished } from 'vitest'
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { createMetrics } from '../../../src/tools/prometheus/index.ts'
import { createDatabase } from '../../support/postgres-database.ts'
import { connection } from '../contract/support.ts'
import { figuresIn } from './support.ts'

it('adds up to what explain says of each, submitted ones included (job_queue_backlog)', async () => {
  const url = await createDatabase('codes', 'migrated')
  const store = postgresStore({ connectionString: url, max: 3 })
  onTestFinished(() => store.close())
  const coordinator = await createCoordinator({ store, logger: silentLogger })
  onTestFinished(() => coordinator.close())
  const rules = (vram: number) => ({
    maxActive: null,
    capacity: { card: ['h:0'] },
    units: { 'h:0': { vram } },
  })
  await coordinator.setPolicy(rules(8))
  await coordinator.onJobStart('run', 'normal', ['m'])
  await coordinator.enqueue([
    { jobId: 'behind', models: ['m'] },
    { jobId: 'free', models: ['n'] },
    { jobId: 'later', models: ['n'], runAt: new Date(Date.now() + 3_600_000) },
    { jobId: 'large', models: ['card'], asks: { card: { vram: 8 } } },
    { jobId: 'held', models: ['p'] },
  ])
  await coordinator.pauseModel('p', { reason: 'by_hand' })
  await coordinator.setPolicy(rules(4))
  const client = await connection(url)
  await client.query('begin')
  await client.query(
    `select job_queue_submit('[{"job_id": "typo", "models": ["x"]}, {"job_id": "more", "models": ["x"]}]')`,
  )
  await coordinator.setPolicy({ models: { m: {}, n: {}, p: {}, card: {} } })
  await client.query('commit')
  await client.query(`insert into jobs (job_id, model) values ('row', 'm')`)
  const ids = ['run', 'behind', 'free', 'later', 'large', 'held', 'typo', 'more', 'row']
  await expect.poll(() => coordinator.explain('typo')).toMatchObject({ code: 'unknown_model' })
  const told = new Map<string, number>()
  for (const jobId of ids) {
    const code = (await coordinator.explain(jobId))?.code ?? 'running'
    told.set(code, (told.get(code) ?? 0) + 1)
  }
  const metrics = createMetrics({ coordinator })
  onTestFinished(() => metrics.close())
  const counted = () =>
    new Map(
      [...figuresIn(metrics.text())].flatMap(([name, jobs]): [string, number][] => {
        const code = /^interlock_queue_jobs\{.*code="(\w+)"/.exec(name)?.[1]
        return code === undefined || jobs === 0 ? [] : [[code, jobs]]
      }),
    )
  await expect.poll(counted).toEqual(told)
  expect(told.get('fits_no_place')).toBe(1)
  expect(told.get('unknown_model')).toBe(2)
  expect([...told.values()].reduce((sum, jobs) => sum + jobs, 0)).toBe(ids.length)
})
