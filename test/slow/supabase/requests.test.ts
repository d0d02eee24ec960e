// Slow: the same race many times.
/** Commands and rows by supabase-js: what is accepted is answered, and what is deleted before its job is in line is not worked. */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import type { Coordinator } from '../../../src/engine/coordinator/index.ts'
import { join } from '../../servers/coordinator/support.ts'
import { type Project, startMigrated, storeOn } from '../../servers/supabase/support.ts'
import { isRefused, nested, request } from '../../support/requests.ts'
import { PATIENCE, runs } from '../../support/runs.ts'
import { clientOf } from '../../support/supabase/project.ts'

const RACES = Number(process.env['RACES'] ?? 15)
const claim = { max: 10, kinds: null }
let project: Project
beforeAll(async () => {
  project = await startMigrated()
})
afterAll(() => project.close())

const deep = (levels: number) => `{"type": "enqueue", "jobs": ${nested(levels, '[', ']')}}`

async function sendRaw(command: string): Promise<unknown> {
  const headers = { apikey: project.keys.secret, 'content-type': 'application/json' }
  const url = `${project.url}/rest/v1/rpc/job_queue_request`
  return (await fetch(url, { method: 'POST', headers, body: `{"command": ${command}}` })).json()
}

async function coordinatorOf(queue: string): Promise<Coordinator> {
  const store = storeOn(project)
  onTestFinished(() => store.close())
  const coordinator = await join({ store, queue, pollMs: 60_000 })
  await coordinator.setPolicy('by-model')
  return coordinator
}

const count = async (sql: string, queue: string) => (await project.query(sql, [queue])).length
const openIn = (queue: string) =>
  count('select 1 from interlock.job_queue_inbox where queue = $1 and answered_at is null', queue)

it('a hostile command is refused at once only if nobody would carry it out, and is answered if it is not', {
  timeout: PATIENCE,
}, async () => {
  await coordinatorOf('hostile')
  const client = clientOf(project, project.keys.secret)
  await client.rpc('job_queue_beat', {
    ...{
      queue: 'hostile',
      worker_id: 'w',
      kinds: null,
      free_slots: 1,
      release: 'test',
      ttl_ms: 600_000,
      grace_ms: 0,
    },
  })
  const accepted: string[] = []
  const send = async (text: string) => {
    const command: unknown = JSON.parse(text)
    const { data, error, status } = await client.rpc('job_queue_request', { command, queue: 'hostile' })
    if (error === null) accepted.push(data)
    else if (!error.message.includes('has no live lease')) {
      expect([status, error.code], text).toEqual([400, expect.stringMatching(/^(JQ003|22...)$/)])
      expect(isRefused(JSON.stringify(command)), text).toBe(true)
    }
  }
  await fc.assert(fc.asyncProperty(request, send), { numRuns: runs(100) })
  await send(deep(2_000))
  // Deeper than a client of JavaScript can write.
  expect(await sendRaw(deep(5_000))).toMatchObject({ code: 'JQ003' })
  expect(accepted.length).toBeGreaterThan(10)
  await expect.poll(() => openIn('hostile'), { timeout: 20_000 }).toBe(0)
  for (const request_id of accepted) {
    const { data } = await client.rpc('job_queue_answer', { request_id, queue: 'hostile' })
    expect(data).toMatchObject({ ok: expect.any(Boolean) })
  }
})

it('a row that is deleted while it is taken in is not worked', {
  timeout: 20_000 + RACES * 400,
}, async () => {
  const coordinator = await coordinatorOf('rows')
  const jobs = clientOf(project, project.keys.secret).from('jobs')
  for (let n = 0; n < RACES; n++) {
    const job_id = `j${n}`
    expect((await jobs.insert({ job_id, model: 'm' })).error).toBe(null)
    const taking = coordinator.takeIn({ max: 10 })
    // The one is ahead of the other by another while each time.
    for (let turn = 0; turn < n % 30; turn++) await new Promise(setImmediate)
    expect((await jobs.delete().eq('job_id', job_id)).error).toBe(null)
    await taking
    expect(await coordinator.claim(claim), `race ${n}`).toEqual([])
    await expect.poll(() => coordinator.state().waitingCount, { interval: 1, timeout: 10_000 }).toBe(0)
  }
  expect(await project.query('select from interlock.job_queue_arrivals')).toEqual([])
})
