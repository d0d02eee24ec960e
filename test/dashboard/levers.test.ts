/** Every lever: what it would do is what it then does, and the log says who did it. */
import { describe, expect, it } from 'vitest'
import { type Coordinator, silentLogger } from '../../src/coordinator/index.ts'
import type { RecordedEvent } from '../../src/core/index.ts'
import { type PreviewDocument, previewSchema, pulledSchema } from '../../src/dashboard/api/lever-documents.ts'
import { type Lever, levers } from '../../src/dashboard/index.ts'
import { mounted } from './support.ts'

interface Pull {
  readonly body: object
  /** Types of the events, in order. */
  readonly says: readonly string[]
  /** Jobs that are moved, among others. */
  readonly moves: readonly string[]
  readonly before?: (coordinator: Coordinator) => Promise<unknown>
}

/** A dead letter, `d`. */
async function deadLetter(coordinator: Coordinator) {
  await coordinator.setPolicy('by-model')
  await coordinator.enqueue([{ jobId: 'd', models: ['n'], attempts: 1, payload: { page: 1 } }])
  const [lease] = await coordinator.claim({ max: 1, kinds: null })
  if (lease === undefined) throw new Error('d has not started')
  await coordinator.fail(lease.lease, { error: new Error('broken'), retryAt: null })
}

/** `a` runs on `m`, `b` waits for it; then `c` too. */
const pulls: Readonly<Record<Lever, Pull>> = {
  move: { body: { jobId: 'c', before: 'b' }, says: ['reprioritized'], moves: ['b', 'c'] },
  prioritize: { body: { jobId: 'c', priority: 9 }, says: ['reprioritized'], moves: ['b', 'c'] },
  cancel: { body: { jobId: 'b' }, says: ['cancelled'], moves: ['b', 'c'] },
  retry: { body: { jobIds: ['d'] }, says: ['queued'], moves: ['d'], before: deadLetter },
  drop: { body: { jobIds: ['d'] }, says: [], moves: ['d'], before: deadLetter },
  'pause-model': {
    body: { model: 'm', reason: 'provider_down' },
    says: ['model_paused'],
    moves: ['b', 'c'],
  },
  'resume-model': {
    body: { model: 'm' },
    says: ['model_resumed'],
    moves: ['b', 'c'],
    before: (coordinator) => coordinator.pauseModel('m', { reason: 'provider_down' }),
  },
  capacity: { body: { model: 'm', capacity: 2 }, says: ['policy_changed'], moves: [] },
  rate: {
    body: { model: 'm', rate: { starts: 5, perSeconds: 60 } },
    says: ['policy_changed'],
    moves: [],
  },
  policy: { body: { policy: 'by-model' }, says: ['policy_changed'], moves: [] },
  drain: { body: {}, says: ['drain_requested'], moves: [] },
  resume: { body: {}, says: ['resumed'], moves: [], before: (coordinator) => coordinator.drain() },
}

/** What an event says, without what only the append knows. */
function said(event: PreviewDocument['events'][number] | RecordedEvent): object {
  const {
    at: _at,
    commandId: _id,
    commandHash: _hash,
    workerId: _by,
    ...rest
  } = JSON.parse(JSON.stringify(event))
  return rest
}

async function ready(lever: Lever) {
  const told: string[] = []
  const logger = { ...silentLogger, info: (line: string) => void told.push(line) }
  const { store, coordinator, post, get } = await mounted({ logger })
  await coordinator.enqueue([{ jobId: 'c', models: ['m'] }])
  await pulls[lever].before?.(coordinator)
  const pull = async (body: object) => {
    const answer = await post(`/api/queues/default/levers/${lever}`, body)
    expect(answer.status, await answer.clone().text()).toBe(200)
    return answer.json()
  }
  const version = async () => (await store.read('default', 0, 1)).version
  return { store, pull, version, told, get }
}

describe.each(levers)('%s', (lever) => {
  const { body, says, moves } = pulls[lever]

  it('appends nothing as a preview, and then exactly the preview, under the name of its actor', async () => {
    const { store, pull, version, told } = await ready(lever)
    const from = await version()
    const preview = previewSchema.parse(await pull({ ...body, preview: true }))
    expect(await version()).toBe(from)
    expect(preview).toMatchObject({ lever, version: from, changed: true, refusal: null })
    expect(preview.events.map(({ type }) => type)).toEqual(says)
    expect(preview.moves.jobs.map(({ jobId }) => jobId)).toEqual(expect.arrayContaining([...moves]))
    const done = pulledSchema.parse(await pull(body))
    expect(done).toMatchObject({ lever, changed: true, version: from + says.length })
    const { events } = await store.read('default', from, 100)
    expect(events.map(said)).toEqual(preview.events.map(said))
    for (const event of events) {
      expect(event.commandId).toMatch(/^oncall:/)
      if ('workerId' in event) expect(event.workerId).toMatch(/^oncall:/)
    }
    expect(told.filter((line) => line.startsWith('[DASHBOARD] oncall'))).toEqual([
      `[DASHBOARD] oncall pulled ${lever} in queue default`,
    ])
  })

  it('moves the jobs to where the preview has said', async () => {
    const { pull, get } = await ready(lever)
    const { moves: foreseen } = previewSchema.parse(await pull({ ...body, preview: true }))
    await pull(body)
    for (const { jobId, after } of foreseen.jobs) {
      const answer = await get(`/api/queues/default/jobs/${jobId}`)
      expect(answer.status, jobId).toBe(after === null ? 404 : 200)
      if (after !== null) expect(await answer.json()).toMatchObject({ explanation: after })
    }
  })
})

it('a lever that is pulled twice at once is pulled once', async () => {
  const { store, pull, version } = await ready('drain')
  const from = await version()
  await Promise.all([pull({}), pull({})])
  expect((await store.read('default', from, 10)).events.map(({ type }) => type)).toEqual(['drain_requested'])
})

it('what the queue refuses is said by the preview as by the pull', async () => {
  const { post } = await mounted()
  const body = { jobId: 'nobody', priority: 1 }
  const path = '/api/queues/default/levers/prioritize'
  const preview = previewSchema.parse(await (await post(path, { ...body, preview: true })).json())
  const answer = await post(path, body)
  expect(answer.status).toBe(404)
  expect(preview.refusal?.code).toBe('job_not_live')
  expect(await answer.json()).toMatchObject({ error: { code: 'job_not_live' } })
})

it('a rate is set and taken away for one model, and those of others stay', async () => {
  const { store, pull } = await ready('rate')
  const rates = async () => {
    const { events, version } = await store.read('default', 0, 100)
    expect(events.at(-1)).toMatchObject({ type: 'policy_changed', seq: version })
    return (events.at(-1) as { readonly policy?: { readonly rate: object } }).policy?.rate
  }
  const five = { starts: 5, perSeconds: 60 }
  await pull({ model: 'm', rate: five })
  await pull({ model: 'n', rate: { starts: 1, perSeconds: 0.5 } })
  expect(await rates()).toEqual({ m: five, n: { starts: 1, perSeconds: 0.5 } })
  await pull({ model: 'n', rate: null })
  expect(await rates()).toEqual({ m: five })
})

it.each([[{ starts: 0, perSeconds: 60 }], [{ starts: 5 }], ['5/60'], [undefined]])(
  'a rate that is none is refused, and says why: %j',
  async (rate) => {
    const { post } = await mounted()
    const answer = await post('/api/queues/default/levers/rate', { model: 'm', rate })
    expect([answer.status, await answer.json()]).toMatchObject([422, { error: { code: 'invalid_input' } }])
  },
)
