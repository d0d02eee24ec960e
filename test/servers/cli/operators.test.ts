/** Who did it: a person's name stands beside the log, where it can be deleted, and never in it. */
import { hostname, userInfo } from 'node:os'
import { expect, it } from 'vitest'
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { connection, migratedDatabase } from '../contract/support.ts'
import { documentOf } from './history.ts'
import { interlock } from './support.ts'

const user = userInfo().username
const me = { operator: user, host: hostname(), command: 'interlock pause veo' }

/** A queue in which a job waits for a model that was paused from the command line. */
async function paused(...words: readonly string[]): Promise<string> {
  const url = await migratedDatabase()
  await interlock(['enqueue', '--job', 'a', '--models', 'veo', '--url', url])
  expect(await interlock(['pause', 'veo', '--url', url, ...words])).toMatchObject({ code: 0 })
  return url
}

const say = async (url: string, ...words: readonly string[]) =>
  (await interlock([...words, '--url', url])).stdout

it('who paused a model is told by explain, status, queue, policy, doctor and log', async () => {
  const url = await paused()
  const by = `by ${user} on ${hostname()}`
  expect(await say(url, 'explain', 'a')).toMatch(
    new RegExp(
      String.raw`why +model veo is paused \(manual\) until it is resumed\n(.*\n)*paused +veo ${by} at \S+: interlock pause veo\n`,
    ),
  )
  for (const command of ['status', 'queue', 'policy', 'doctor'])
    expect(await say(url, command)).toContain(`veo (manual) ${by} until it is resumed`)
  expect(await say(url, 'log')).toMatch(new RegExp(`model_paused .*veo: manual, ${by}`))
  expect((await documentOf(url, ['explain', 'a'])).models).toMatchObject([{ paused: { who: me } }])
  for (const command of ['status', 'queue', 'policy'])
    expect((await documentOf(url, [command])).paused).toMatchObject([{ model: 'veo', who: me }])
})

it('the log has the id of the process alone; what stands beside it can be deleted (job_queue_forget_operator)', async () => {
  const url = await paused('--reason', 'quota')
  const { by } = (await documentOf(url, ['status'])).paused[0]
  {
    const client = await connection(url)
    const { rows } = await client.query(`select l::text as line from job_queue_log l`)
    for (const { line } of rows)
      for (const word of [user, hostname()]) expect(line).not.toMatch(new RegExp(`\\b${word}\\b`))
    const found = await client.query(
      `select operator, host, command from interlock.job_queue_operators where worker_id = $1`,
      [by],
    )
    // No option: one may hold a password.
    expect(found.rows).toEqual([me])
    expect(await client.query(`select job_queue_forget_operator($1) as gone`, [user])).toMatchObject({
      rows: [{ gone: 2 }],
    })
  }
  expect((await documentOf(url, ['status'])).paused).toMatchObject([{ by, who: null }])
  expect(await say(url, 'explain', 'a')).toContain('model veo is paused (quota) until it is resumed')
})

it('a person is named by --by, beside the log only, and forgotten (interlock forget-operator)', async () => {
  const url = await paused('--by', 'ada', '--as', 'night-shift')
  expect(await say(url, 'explain', 'a')).toContain('model veo is paused by night-shift (manual)')
  for (const command of ['log', 'status', 'queue'])
    expect(await say(url, command)).toContain(`by ada on ${hostname()}`)
  const types = async (...words: readonly string[]) =>
    (await documentOf(url, ['log', ...words])).map(({ type }: { type: string }) => type)
  const all = await types()
  expect(await types('--operator', 'ADA')).toEqual(['model_paused'])
  expect(await types('--changes')).toEqual(['model_paused'])
  expect(await types('--job', 'a', '--operator', 'ada')).toEqual([])
  expect(await types('--until', '1')).toEqual(all.slice(0, 1))
  expect(await types('--until', '1d')).toEqual([])
  expect(await interlock(['log', '--until', '1', '--follow', '--url', url])).toMatchObject({ code: 2 })
  const client = await connection(url)
  const { rows } = await client.query(`select l::text as line from job_queue_log l`)
  for (const { line } of rows) expect(line).not.toMatch(/\bada\b/)
  expect(await documentOf(url, ['forget-operator', 'ada'])).toEqual({ forgotten: 1 })
  expect(await documentOf(url, ['forget-operator', 'ada'])).toEqual({ forgotten: 0 })
  const { paused: after } = await documentOf(url, ['status'])
  expect(after).toMatchObject([{ who: null, by: expect.stringMatching(/^night-shift:/) }])
  const log = await say(url, 'log')
  expect(log).not.toContain('ada')
  expect(log).toMatch(/model_paused .*veo: manual, by night-shift:w/)
})

it('a role stands in the sentence too; it is in the worker id', async () => {
  const url = await paused('--as', 'night-shift')
  expect(await say(url, 'explain', 'a')).toContain('model veo is paused by night-shift (manual)')
  expect((await documentOf(url, ['status'])).paused).toMatchObject([{ who: { operator: 'night-shift' } }])
})

it('a program says who it is, under each of its worker ids', async () => {
  const url = await migratedDatabase()
  const store = postgresStore(url)
  const operator = { operator: 'billing', host: null, command: null }
  const coordinator = await createCoordinator({ store, logger: silentLogger, operator })
  const first = coordinator.workerId
  const lost = new Promise((resolve) => coordinator.leaseLost$.subscribe(resolve))
  const client = await connection(url)
  await client.query(`update interlock.job_queue_workers set dead = true where worker_id = $1`, [first])
  await coordinator.heartbeat({ jobId: 'nobody', fencingToken: 1, epoch: 1 }).catch(() => {})
  await lost
  await expect
    .poll(() => store.operators('default', [first, coordinator.workerId]))
    .toMatchObject([
      { workerId: expect.any(String), ...operator },
      { workerId: expect.any(String), ...operator },
    ])
  await coordinator.close()
  await store.close()
})

it('is deleted with the events of that time, if they are not kept', async () => {
  const url = await paused()
  const client = await connection(url)
  const named = async () =>
    (await client.query(`select command from interlock.job_queue_operators order by noted_at`)).rows
  const archive = (...words: readonly string[]) =>
    interlock(['archive', '--before', '0s', ...words, '--url', url])
  expect(await named()).toEqual([{ command: 'interlock enqueue' }, { command: 'interlock pause veo' }])
  expect(await archive()).toMatchObject({ code: 0 })
  expect(await named()).toHaveLength(2)
  await interlock(['resume', 'veo', '--url', url])
  expect(await archive('--drop')).toMatchObject({ code: 0 })
  expect(await named()).toEqual([])
})
