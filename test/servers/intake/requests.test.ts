import { describe, expect, it } from 'vitest'
import { explain } from '../../../src/tools/operate/index.ts'
import { type Account, account } from './support.ts'

type Answer = { readonly [field: string]: unknown } & { readonly ok: boolean }

/** A worker process in another language: its lease by a beat, its commands by the inbox. */
async function worker(db: Account, workerId: string) {
  await db.value("select job_queue_beat('default', $1, null, 1, 'test', 60000, 0)", [workerId])
  return (command: object) => ask(db, { worker_id: workerId, ...command })
}

async function ask(db: Account, command: object): Promise<Answer> {
  const id = await db.value('select job_queue_request($1)', [JSON.stringify(command)])
  return answer(db, id)
}

async function answer(db: Account, id: unknown): Promise<Answer> {
  const look = () => db.value('select job_queue_answer($1)', [id])
  await expect.poll(look).not.toBeNull()
  return (await look()) as Answer
}

async function queue() {
  const db = await account()
  const coordinator = await db.coordinator()
  await coordinator.setPolicy('by-model')
  return { db, coordinator }
}

describe('a command by SQL (job_queue_request, job_queue_submit, job_queue_answer, job_queue_open_requests, job_queue_answer_requests)', () => {
  it('submits jobs with their payloads, and workers of any language claim, end and hand on', async () => {
    const { db, coordinator } = await queue()
    const jobs = [1, 2].map((n) => ({ job_id: `j${n}`, models: ['m'], payload: { n }, timeout_ms: 5_000 }))
    const submitted = await db.value('select job_queue_submit($1)', [JSON.stringify(jobs)])
    expect(await answer(db, submitted)).toEqual({ ok: true, queued: 2, known: [], waiting: ['j2'] })
    const one = await worker(db, 'py-1')
    const claimed = await one({ type: 'claim', max: 5 })
    expect(claimed['started']).toMatchObject([
      { job_id: 'j1', models: ['m'], kind: 'normal', attempt: 1, attempts: 3, epoch: 1 },
    ])
    expect(await db.value("select job_queue_held('py-1')")).toMatchObject([
      { job_id: 'j1', cancel_requested: false },
    ])
    const [{ fencing_token: token }] = claimed['started'] as [{ fencing_token: number }]
    const claim = { max: 1, kinds: ['normal'] }
    const ended = await one({ type: 'complete', job_id: 'j1', token, result: { done: true }, claim })
    expect(ended['started']).toMatchObject([{ job_id: 'j2' }])
    expect(await coordinator.data(['j1', 'j2'])).toMatchObject([
      { result: { done: true } },
      { payload: { n: 2 } },
    ])
    expect(await one({ type: 'complete', job_id: 'j1', token })).toMatchObject({
      ok: false,
      code: 'job_not_active',
    })
  })

  it('asks at the gate, waits there, and is started when its turn comes', async () => {
    const { db, coordinator } = await queue()
    await coordinator.onJobStart('node', 'normal', ['m'])
    const one = await worker(db, 'py-1')
    const start = { type: 'start', job: { job_id: 'python', models: ['m'] }, wait: true }
    expect(await one(start)).toMatchObject({
      ok: true,
      ...{ allowed: false, code: 'model_in_use', blocked_by: ['node'], position: 0 },
    })
    await coordinator.onJobComplete('node', 'normal')
    const [held] = (await db.value("select job_queue_held('py-1')")) as [{ fencing_token: number }]
    const lease = { job_id: 'python', fencing_token: held.fencing_token }
    expect(await one(start)).toMatchObject({ allowed: true, lease })
    expect(await ask(db, { type: 'cancel', job_id: 'python' })).toEqual({ ok: true })
    expect(await db.value("select job_queue_held('py-1')")).toMatchObject([{ cancel_requested: true }])
    const stopped = await one({ type: 'confirm_cancel', job_id: 'python', token: held.fencing_token })
    expect(stopped).toEqual({ ok: true, started: [] })
  })

  it('starts for a program that waits at the gate of the deciding process', async () => {
    const { db, coordinator } = await queue()
    const one = await worker(db, 'py-1')
    const { lease } = await one({ type: 'start', job: { job_id: 'python', models: ['m'] } })
    const waiting = coordinator.onJobStart('node', 'normal', ['m'], { wait: true })
    await expect.poll(() => coordinator.state().waitingCount).toBe(1)
    const token = (lease as { fencing_token: number }).fencing_token
    await one({ type: 'fail', job_id: 'python', token, error: 'no more' })
    expect(await waiting).toMatchObject({ allowed: true })
    expect(await coordinator.data(['python'])).toMatchObject([{ error: { message: 'no more' } }])
  })

  it('gives back for later, and for other models', async () => {
    const { db, coordinator } = await queue()
    const one = await worker(db, 'py-1')
    await coordinator.enqueue([{ jobId: 'j', models: ['a'] }])
    const started = (await one({ type: 'claim', max: 1 }))['started'] as [{ fencing_token: number }]
    const release = { type: 'release', job_id: 'j', token: started[0].fencing_token, models: ['b'] }
    // Its models stay taken: there is nothing to hand on.
    const away = { ...release, type: 'detach', models: undefined, until: '2099-01-01T00:00:00Z' }
    expect((await one({ ...away, claim: { max: 1 } }))['message']).toContain('claim')
    const again = await one({ ...release, claim: { max: 1 } })
    expect(again['started']).toMatchObject([{ job_id: 'j', models: ['b'], attempt: 1, postponed: 1 }])
  })

  it('keeps no payload once a command is decided, and still knows it when it comes again', async () => {
    const { db } = await queue()
    const command = { type: 'enqueue', jobs: [{ job_id: 'j', models: ['m'], payload: { secret: 17 } }] }
    const request = (body: object) =>
      db.value("select job_queue_request($1, 'default', 'mine')", [JSON.stringify(body)])
    const kept = () =>
      db.value("select command::text from interlock.job_queue_inbox where request_id = 'mine'")
    await request(command)
    expect(await answer(db, 'mine')).toMatchObject({ ok: true, queued: 1 })
    expect(await kept()).not.toContain('secret')
    expect(await request(command)).toBe('mine')
    const other = { ...command, jobs: [{ job_id: 'j', models: ['m'], payload: { secret: 18 } }] }
    await expect(request(other)).rejects.toThrow('another command')
    expect(await db.value("select payload from interlock.job_queue_data where job_id = 'j'")).toEqual({
      secret: 17,
    })
  })

  it('under an id that was used does nothing again, and with another body is refused', async () => {
    const { db, coordinator } = await queue()
    const job = JSON.stringify({ job_id: 'j', models: ['m'] })
    for (let n = 0; n < 2; n++) await db.value("select job_queue_submit($1, 'default', 'mine')", [job])
    expect(await answer(db, 'mine')).toMatchObject({ ok: true, queued: 1 })
    expect(coordinator.state().waitingCount).toBe(1)
    const other = JSON.stringify({ job_id: 'k', models: ['m'] })
    const refused = db.value("select job_queue_submit($1, 'default', 'mine')", [other])
    await expect(refused).rejects.toThrow('another command')
  })

  it('is refused where it cannot be decided: no command, no lease, no request', async () => {
    const { db } = await queue()
    await expect(db.value(`select job_queue_request('{}')`)).rejects.toThrow('takes a command')
    await expect(ask(db, { type: 'claim', worker_id: 'ghost', max: 1 })).rejects.toThrow('no live lease')
    await expect(db.value("select job_queue_answer('nothing')")).rejects.toThrow('no request')
    await expect(ask(db, { type: 'fly' })).rejects.toThrow('type: must be')
    const nowhere = { type: 'enqueue', jobs: [{ job_id: 'j' }] }
    await expect(ask(db, nowhere)).rejects.toThrow('jobs[0].models: is missing')
    // What only a coordinator knows is told by the answer.
    const odd = { type: 'enqueue', jobs: [{ job_id: 'j', models: ['m'], run_at: 'soon' }] }
    expect(await ask(db, odd)).toMatchObject({
      ...{ ok: false, code: 'invalid_input', message: expect.stringContaining('jobs[0].runAt') },
    })
  })

  it('heartbeat renews the lease at once, without a process that decides', async () => {
    const db = await account()
    const beat = { type: 'heartbeat', worker_id: 'py-1', ttl_ms: 1_000, grace_ms: 0 }
    expect(await ask(db, beat)).toMatchObject({ ok: true, alive: true })
  })
})

describe('job_queue_held: a worker process in another language that dies', () => {
  it('loses its jobs like any other: they are expired and tried again', async () => {
    const { db, coordinator } = await queue()
    const one = await worker(db, 'py-1')
    await coordinator.enqueue([{ jobId: 'j', models: ['m'] }])
    const { started } = await one({ type: 'claim', max: 1 })
    expect(started).toHaveLength(1)
    // Its lease runs out now, and not before it has the job.
    await db.exec(
      "update interlock.job_queue_workers set expires_at = clock_timestamp() where worker_id = 'py-1'",
    )
    await expect.poll(() => coordinator.state().activeCount, { timeout: 20_000, interval: 100 }).toBe(0)
    const types = (await db.log()).map(({ type }) => type)
    expect(types).toContain('lease_expired')
    expect(await db.value("select job_queue_held('py-1')")).toEqual([])
  })
})

it('says of a job that nobody has heard of if there are more commands than are looked at', async () => {
  const db = await account()
  const store = db.store()
  const access = { store }
  await store.open('default')
  const fill = (from: number, to: number) =>
    db.query(
      `insert into interlock.job_queue_inbox (queue, request_id, command)
       select 'default', 'r' || n, jsonb_build_object('type', 'enqueue', 'jobs', jsonb_build_array(jsonb_build_object('job_id', 'j' || n)))
         from generate_series($1::integer, $2::integer) n`,
      [from, to],
    )
  await fill(1, 10_000)
  await expect(explain(access, 'nobody')).rejects.toMatchObject({ code: 'job_not_live' })
  expect(await db.value("select job_queue_explain('nobody')")).toBeNull()
  await fill(10_001, 10_001)
  const reason = expect.stringContaining('more commands by SQL than the newest 10,000')
  expect(await explain(access, 'nobody')).toMatchObject({ state: 'unknown', code: null, reason })
  expect(await db.value("select job_queue_explain('nobody')")).toMatchObject({ state: 'unknown', reason })
  expect(await explain(access, 'j10001')).toMatchObject({ state: 'submitted', code: 'undecided' })
})
