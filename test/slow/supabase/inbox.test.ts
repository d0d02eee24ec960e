// Slow, waits 9 s: messages in so many milliseconds.
/** Commands by SQL wake processes that have the HTTP API alone, as rows that arrive in `jobs` do. */
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { type Coordinator, createCoordinator } from '../../../src/engine/coordinator/index.ts'
import { type Project, startMigrated, storeOn, topicOf } from '../../servers/supabase/support.ts'
import { clientOf } from '../../support/supabase/project.ts'

let project: Project
beforeAll(async () => {
  project = await startMigrated()
})
afterAll(() => project.close())

const NEVER = 3_600_000
const silent = { info: () => {}, warn: () => {}, error: () => {} }

async function join(queue: string, leaseMs = NEVER): Promise<Coordinator> {
  const store = storeOn(project, { pollMs: NEVER })
  const coordinator = await createCoordinator({ store, queue, logger: silent, leaseMs, pollMs: NEVER })
  onTestFinished(async () => {
    await coordinator.close()
    await store.close()
  })
  return coordinator
}

const request = (queue: string, id: string) =>
  project.query('select job_queue_submit($1, $2)', [JSON.stringify({ job_id: id, models: ['m'] }), queue])

/** What nobody has taken in yet. */
const openIn = async (queue: string) =>
  (await project.query('select 1 from interlock.job_queue_submissions where queue = $1', [queue])).length

it('a command by SQL is decided without a poll', async () => {
  const coordinator = await join('woken')
  // The wake-ups of the join itself are over.
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  await request('woken', 'a')
  await expect.poll(() => openIn('woken'), { timeout: 10_000 }).toBe(0)
  expect(coordinator.state().waitingCount).toBe(1)
})

it('many commands send a few messages a second, and all are decided', async () => {
  let messages = 0
  const channel = clientOf(project, project.keys.secret)
    .channel(await topicOf(project, 'many'), { config: { private: true } })
    .on('broadcast', { event: 'wake' }, ({ payload }) => {
      if ('intake' in payload) messages++
    })
  await new Promise<void>((resolve) => channel.subscribe((status) => status === 'SUBSCRIBED' && resolve()))
  await join('many')
  const begun = performance.now()
  for (let n = 0; n < 100; n++) await request('many', `job-${n}`)
  const most = Math.ceil((performance.now() - begun) / 250) + 1
  await expect.poll(() => openIn('many'), { timeout: 20_000 }).toBe(0)
  expect(messages).toBeGreaterThan(0)
  expect(messages).toBeLessThanOrEqual(most)
})

it('a command of which no message told is found by the next heartbeat', async () => {
  await join('beaten', 900)
  await project.query('alter table interlock.job_queue_submissions disable trigger job_queue_wake_intake')
  await request('beaten', 'a')
  await project.query('alter table interlock.job_queue_submissions enable trigger job_queue_wake_intake')
  await expect.poll(() => openIn('beaten'), { timeout: 10_000 }).toBe(0)
})
