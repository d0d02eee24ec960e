/** Every lever: what it would do is what it then does, and the log says who did it. */
import { describe, expect, it } from 'vitest'
import { jobSchema } from '../../../src/apps/dashboard/api/job-documents.ts'
import {
  type PreviewDocument,
  previewSchema,
  pulledSchema,
} from '../../../src/apps/dashboard/api/lever-documents.ts'
import { type Grant, type Lever, levers } from '../../../src/apps/dashboard/index.ts'
import { type Coordinator, createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { jobOf, type RecordedEvent } from '../../../src/engine/core/index.ts'
import type { LogStore } from '../../../src/engine/store/index.ts'
import { memorySubmit } from '../../../src/engine/store/memory/inbox.ts'
import { memoryDatabase, memoryStore } from '../../../src/engine/store/memory/index.ts'
import { ledgerAt } from '../../../src/tools/history/index.ts'
import { type Mounted, mounted, viewer } from './support.ts'

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

/** Where a job stands, as far as it can move. */
const standingOf = (standing: PreviewDocument['moves']['jobs'][number]['before']) => ({
  state: standing?.state,
  ahead: standing?.ahead,
})

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
      `[DASHBOARD] oncall used the action ${lever} in queue default`,
    ])
  })

  it('moves the jobs to where the preview has said', async () => {
    const { pull, get } = await ready(lever)
    const { moves: foreseen } = previewSchema.parse(await pull({ ...body, preview: true }))
    await pull(body)
    for (const { jobId, before, after } of foreseen.jobs) {
      // A dead letter that is dropped stands nowhere before and after.
      if (lever !== 'drop')
        expect({ jobId, ...standingOf(before) }).not.toEqual({ jobId, ...standingOf(after) })
      const answer = await get(`/api/queues/default/jobs/${jobId}`)
      expect(await answer.json(), jobId).toMatchObject({ explanation: after ?? { state: 'ended' } })
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

describe('a preview that is overtaken', () => {
  const path = (lever: Lever) => `/api/queues/default/levers/${lever}`

  /** Looks, lets something else happen, and pulls what was looked at. */
  async function overtaken(lever: Lever, body: object, meanwhile: (of: Mounted) => Promise<unknown>) {
    const of = await mounted()
    const { store, coordinator, post } = of
    await coordinator.enqueue(['c', 'd'].map((jobId) => ({ jobId, models: ['m'] })))
    const { version, mark } = previewSchema.parse(
      await (await post(path(lever), { ...body, preview: true })).json(),
    )
    await meanwhile(of)
    const before = (await store.read('default', 0, 1)).version
    const answer = await post(path(lever), { ...body, expected: { version, mark } })
    const { version: after } = await store.read('default', 0, 1)
    return { status: answer.status, document: await answer.json(), events: after - before }
  }
  const others = { post: (lever: Lever, body: object) => (of: Mounted) => of.post(path(lever), body) }

  it.each<[string, Lever, object, (of: Mounted) => Promise<unknown>]>([
    [
      'the order of others',
      'move',
      { jobId: 'c', before: 'b' },
      others.post('move', { jobId: 'd', before: 'b' }),
    ],
    [
      'the policy',
      'capacity',
      { model: 'm', capacity: 2 },
      others.post('policy', { policy: { maxOvertakes: 3 } }),
    ],
    [
      'what is asked for',
      'pause-model',
      { model: 'm', reason: 'x' },
      others.post('pause-model', { model: 'm', reason: 'y' }),
    ],
    ['what was done already', 'drain', {}, others.post('drain', {})],
    ['the job', 'cancel', { jobId: 'b' }, others.post('cancel', { jobId: 'b' })],
    [
      'a job that has started',
      'cancel',
      { jobId: 'b' },
      async ({ coordinator, store }) => {
        const { events } = await store.read('default', 0, 100)
        const started = events.find((event) => event.type === 'started')
        await coordinator.cancel(started?.jobId ?? '', { force: true })
        await coordinator.claim({ max: 1, kinds: null })
      },
    ],
  ])('is refused, and nothing is done, where somebody has changed %s', async (_, lever, body, meanwhile) => {
    const { status, document, events } = await overtaken(lever, body, meanwhile)
    expect([status, document, events]).toMatchObject([409, { error: { code: 'overtaken' } }, 0])
  })

  it.each<[Lever, object]>([
    ['move', { jobId: 'd', before: 'c' }],
    ['prioritize', { jobId: 'd', priority: 3 }],
    ['pause-model', { model: 'm', reason: 'x' }],
    ['policy', { policy: { maxOvertakes: 3 } }],
  ])('is carried out where the queue only went on: %s', async (lever, body) => {
    const { status } = await overtaken(lever, body, async ({ coordinator }) => {
      await coordinator.enqueue(['e', 'f'].map((jobId) => ({ jobId, models: ['m'] })))
      await coordinator.cancel('b')
    })
    expect(status).toBe(200)
  })

  it('of dead letters is refused if one of them is gone', async () => {
    const { coordinator, post } = await mounted()
    await deadLetter(coordinator)
    const body = { jobIds: ['d'] }
    const { version, mark } = previewSchema.parse(
      await (await post(path('drop'), { ...body, preview: true })).json(),
    )
    await post(path('retry'), body)
    expect((await post(path('drop'), { ...body, expected: { version, mark } })).status).toBe(409)
  })

  it('of jobs that have to wait is carried out, whatever they wait for by then', async () => {
    const { coordinator, post } = await mounted()
    await deadLetter(coordinator)
    const body = { jobIds: ['d'] }
    await coordinator.enqueue([{ jobId: 'e', models: ['n'] }])
    const { version, mark, events } = previewSchema.parse(
      await (await post(path('retry'), { ...body, preview: true })).json(),
    )
    expect(events.map(({ type }) => type)).toEqual(['queued', expect.stringMatching(/^(conflict|blocked)$/)])
    await coordinator.cancel('e')
    expect((await post(path('retry'), { ...body, expected: { version, mark } })).status).toBe(200)
  })

  it('by another at the same moment is refused: of two that change the policy one is done', async () => {
    const { store, post } = await mounted()
    const bodies = [{ policy: { maxActive: 7 } }, { policy: { maxOvertakes: 3 } }]
    const previews = await Promise.all(bodies.map((body) => post(path('policy'), { ...body, preview: true })))
    const expected = (await Promise.all(previews.map((answer) => answer.json()))).map((preview) => {
      const { version, mark } = previewSchema.parse(preview)
      return { version, mark }
    })
    const answers = await Promise.all(
      bodies.map((body, i) => post(path('policy'), { ...body, expected: expected[i] })),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409])
    expect(
      (await store.read('default', 0, 100)).events.filter(({ type }) => type === 'policy_changed'),
    ).toHaveLength(1)
  })
})

it('lists nobody as moved who stands where he stood', async () => {
  const { coordinator, post } = await mounted()
  await coordinator.enqueue([{ jobId: 'e', models: ['n'] }])
  const { moves, startable } = previewSchema.parse(
    await (
      await post('/api/queues/default/levers/policy', { policy: { maxActive: 2 }, preview: true })
    ).json(),
  )
  expect(moves).toEqual({ total: 0, jobs: [] })
  expect(startable.jobs.map(({ jobId }) => jobId)).toEqual(['e'])
})

it('who paused a model is told to those who pull levers or see data, by the name that stands beside the log', async () => {
  const ada = { operator: 'ada@example.com', host: null, command: 'dashboard: pause-model' }
  let grant: Grant = { actor: 'oncall', operator: ada.operator, role: 'operator' }
  const { get, post, store } = await mounted({ authorize: () => grant })
  await post('/api/queues/default/levers/pause-model', { model: 'm', reason: 'quota' })
  const paused = async () => {
    const { explanation } = jobSchema.parse(await (await get('/api/queues/default/jobs/b')).json())
    return explanation.models[0]?.paused
  }
  expect(await paused()).toMatchObject({ by: expect.stringMatching(/^oncall:w/), who: ada })
  grant = viewer
  expect(await paused()).toMatchObject({ by: expect.stringMatching(/^oncall:w/), who: null })
  grant = { ...viewer, data: true }
  expect(await paused()).toMatchObject({ who: ada })
  const { events } = await store.read('default', 0, 100)
  expect(JSON.stringify(events)).not.toContain('ada')
})

it('cancels a job that was submitted and is not in line yet: the preview says so, and the log never hears of it', async () => {
  const database = memoryDatabase()
  // No process decides.
  const store: LogStore = {
    ...memoryStore(database),
    incoming: async () => ({ requests: [], submissions: [] }),
  }
  const { post } = await mounted({ store })
  memorySubmit(database, [{ job_id: 'mine', models: ['m'] }])
  const path = '/api/queues/default/levers/cancel'
  const preview = previewSchema.parse(await (await post(path, { jobId: 'mine', preview: true })).json())
  expect(preview).toMatchObject({ refusal: null, changed: true, events: [] })
  const { mark, version } = preview
  const pulled = await post(path, { jobId: 'mine', preview: false, expected: { mark, version } })
  expect(pulledSchema.parse(await pulled.json())).toMatchObject({ changed: true, version })
  expect(await store.submissions('default', 0)).toEqual([])
})

describe('undo', () => {
  /** All that a pause, a move, a drain and a change of policy can change. */
  const standing = async (store: LogStore) => {
    const { version } = await store.read('default', 0, 1)
    const ledger = await ledgerAt({ store }, version)
    const line = [...ledger.line].map(({ jobId }) => [jobId, jobOf(ledger, jobId)?.priority])
    const pauses = [...ledger.pauses].map(({ model, reason, until }) => [model, reason, until])
    return { line, pauses, policy: ledger.policy, draining: ledger.draining }
  }
  /** One lever, and another that changes the same. */
  const both = {
    move: ['prioritize', { jobId: 'c', priority: 3 }],
    prioritize: ['prioritize', { jobId: 'c', priority: 3 }],
    'pause-model': ['resume-model', { model: 'm' }],
    'resume-model': ['pause-model', { model: 'm', reason: 'by_hand' }],
    capacity: ['policy', { policy: { maxActive: 7 } }],
    rate: ['capacity', { model: 'x', capacity: 2 }],
    policy: ['rate', { model: 'x', rate: { starts: 1, perSeconds: 1 } }],
    drain: ['resume', {}],
    resume: ['drain', {}],
  } as const
  const all = (Object.keys(both) as (keyof typeof both)[]).map((lever) => [lever] as const)

  it.each(all)('%s is put back as it was, and not once somebody else has changed the same', async (lever) => {
    const { store, post } = await mounted()
    const coordinator = await createCoordinator({ store, logger: silentLogger })
    await coordinator.enqueue([{ jobId: 'c', models: ['m'] }])
    await coordinator.enqueue([{ jobId: 'd', models: ['m'] }])
    await pulls[lever].before?.(coordinator)
    await coordinator.close()
    const send = (of: string, body: object) => post(`/api/queues/default/levers/${of}`, body)
    const pulled = async () => pulledSchema.parse(await (await send(lever, pulls[lever].body)).json()).undo
    const before = await standing(store)
    const undo = await pulled()
    if (undo === null) throw new Error('it cannot be put back')
    expect(await standing(store)).not.toEqual(before)
    const preview = previewSchema.parse(
      await (await send(undo.lever, { ...undo.body, preview: true })).json(),
    )
    const { version, mark } = preview
    const back = await send(undo.lever, { ...undo.body, expected: { version, mark } })
    expect(back.status, await back.clone().text()).toBe(200)
    expect(await standing(store)).toEqual(before)

    const again = await pulled()
    const [other, body] = both[lever]
    expect((await send(other, body)).status).toBe(200)
    const changed = await standing(store)
    for (const isPreview of [true, false]) {
      const late = await send(again?.lever ?? '', { ...again?.body, preview: isPreview })
      expect([late.status, await late.json()]).toMatchObject([409, { error: { code: 'overtaken' } }])
    }
    expect(await standing(store)).toEqual(changed)
  })

  it('what cannot be put back has none: a cancellation, a retry', async () => {
    const { pull } = await ready('cancel')
    expect(pulledSchema.parse(await pull(pulls.cancel.body)).undo).toBeNull()
  })
})

describe('what becomes of jobs is said in plain words', () => {
  const words: Partial<Record<Lever, string>> = {
    cancel: '1 job stops waiting. 1 waiting job gets another place in line. 1 running job goes on.',
    'pause-model': '2 waiting jobs may not start any more. 1 running job goes on.',
    move: '2 waiting jobs get another place in line. 1 running job goes on.',
    retry: '1 job waits in line again. 1 running job goes on.',
    drop: '1 dead letter is removed, and cannot be retried then.',
    drain: '1 running job goes on.',
  }
  it.each(Object.entries(words))('%s', async (lever, says) => {
    const { pull } = await ready(lever as Lever)
    expect(await pull({ ...pulls[lever as Lever].body, preview: true })).toMatchObject({ says })
  })

  it('of a running job, asked or by force, and of many', async () => {
    const { post } = await mounted()
    const saysOf = async (path: string, body: object) =>
      ((await (await post(`/api/queues/default/${path}`, body)).json()) as { readonly says: string }).says
    expect(await saysOf('levers/cancel', { jobId: 'a', preview: true })).toBe(
      '1 running job is asked to end.',
    )
    const change = { do: 'cancel' }
    expect(await saysOf('changes', { change })).toBe('1 job stops waiting. 1 running job is asked to end.')
    expect(
      await saysOf('changes', { change: { ...change, force: true }, filter: { states: ['active'] } }),
    ).toBe('1 running job ends at once.')
  })
})
