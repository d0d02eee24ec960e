/** What the dashboard answers, held to its own description. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { previewSchema, pulledSchema } from '../../../src/apps/dashboard/api/lever-documents.ts'
import { eventSchema } from '../../../src/apps/dashboard/api/log-documents.ts'
import {
  changedSchema,
  changePreviewSchema,
  foundJobsSchema,
} from '../../../src/apps/dashboard/api/many-documents.ts'
import { answers } from '../../../src/apps/dashboard/api/operations.ts'
import { decodeEvent } from '../../../src/engine/events/index.ts'
import { messagesIn, mounted, operator } from './support.ts'

const of = async (response: Response) => {
  expect(response.status, await response.clone().text()).toBe(200)
  return response.json()
}

describe('each answer is what the description says', () => {
  const paths: Readonly<Record<keyof typeof answers, string>> = {
    '/api/me': '/api/me',
    '/api/queues': '/api/queues',
    '/api/queues/{queue}': '/api/queues/default',
    '/api/queues/{queue}/log': '/api/queues/default/log?after=0&limit=10',
    '/api/queues/{queue}/search': '/api/queues/default/search?type=queued&word=a&limit=1',
    '/api/queues/{queue}/chain': '/api/queues/default/chain?after=0&limit=10',
    '/api/queues/{queue}/health': '/api/queues/default/health',
    '/api/queues/{queue}/failures': '/api/queues/default/failures?since=1',
    '/api/queues/{queue}/workers': '/api/queues/default/workers',
    '/api/queues/{queue}/limits': '/api/queues/default/limits',
    '/api/queues/{queue}/schedules': '/api/queues/default/schedules',
    '/api/queues/{queue}/jobs': '/api/queues/default/jobs?state=waiting&payload.secret=1&limit=1',
    '/api/queues/{queue}/jobs/{job}': '/api/queues/default/jobs/b',
    '/api/queues/{queue}/jobs/{job}/data': '/api/queues/default/jobs/b/data',
    '/api/queues/{queue}/jobs/{job}/flow': '/api/queues/default/jobs/b/flow',
    '/api/queues/{queue}/jobs/{job}/log': '/api/queues/default/jobs/b/log',
    '/api/queues/{queue}/jobs/{job}/position': '/api/queues/default/jobs/b/position',
    '/api/queues/{queue}/progress': '/api/queues/default/progress?jobs=a',
    '/api/queues/{queue}/dead': '/api/queues/default/dead',
  }
  it.each(Object.entries(paths))('%s', async (address, path) => {
    const { get } = await mounted()
    const { answer }: { readonly answer: z.ZodType } = answers[address as keyof typeof answers]
    const document = await of(await get(path))
    expect(answer.parse(document)).toEqual(document)
  })

  it('the events of schedules, and what they came to', async () => {
    const { get, coordinator } = await mounted()
    const job = { models: ['n'], payload: 1 }
    await coordinator.schedules('billing', [{ id: 'nightly', cron: '30 2 * * *', job }], { revision: 1 })
    await coordinator.pauseSchedule('nightly')
    await coordinator.resumeSchedule('nightly')
    const page = await of(await get('/api/queues/default/log?after=0&limit=50'))
    expect(answers['/api/queues/{queue}/log'].answer.parse(page)).toEqual(page)
    const listed = await of(await get('/api/queues/default/schedules'))
    const { answer } = answers['/api/queues/{queue}/schedules']
    expect(answer.parse(listed).schedules).toMatchObject([{ id: 'nightly', owner: 'billing', paused: false }])
  })

  it('an event of every type, with every field', () => {
    const samples = new URL('../../fast/events/samples/events.jsonl', import.meta.url)
    const events = readFileSync(samples, 'utf8').trim().split('\n')
    for (const event of events.map((line) => decodeEvent(JSON.parse(line))))
      expect(eventSchema.safeParse(event).error?.issues ?? []).toEqual([])
  })

  it('a policy that says all that one can say', async () => {
    const { get, coordinator } = await mounted()
    await coordinator.setPolicy({
      ...{ maxOvertakes: 4, capacity: { m: 2, card: ['h:0', 'h:1'] }, units: { 'h:0': { vram: 24 } } },
      ...{ rate: { m: { starts: 5, perSeconds: 1 } }, models: { m: {}, card: {} } },
      uses: {
        tpm: [
          { limit: 9, perSeconds: 60 },
          { limit: 90, perSeconds: 86_400, counted: 'atStart' },
        ],
      },
      warm: { maxPassed: 2, maxPassedSeconds: 60, loadSeconds: { m: 2 } },
      ...{ weights: { 'paid/*': 4 }, tiers: { free: { maxActive: 1 } }, fairShare: { maxActive: 3 } },
    })
    const page = await of(await get('/api/queues/default/log?after=0&limit=50'))
    expect(answers['/api/queues/{queue}/log'].answer.parse(page)).toEqual(page)
  })

  it('dead letters', async () => {
    const { get, coordinator } = await mounted()
    await coordinator.enqueue([{ jobId: 'dead', models: ['n'] }])
    await coordinator.setPolicy({ maxActive: null })
    const [claimed] = await coordinator.claim({ max: 1, kinds: null })
    if (claimed === undefined) throw new Error('it was not claimed')
    await coordinator.fail(claimed.lease, { retryAt: null, error: { message: 'no' } })
    const letters = await of(await get('/api/queues/default/dead'))
    expect(letters).toMatchObject({ jobs: [{ jobId: 'dead' }] })
    expect(answers['/api/queues/{queue}/dead'].answer.parse(letters)).toEqual(letters)
  })

  it('a lever, looked at and pulled', async () => {
    const { post } = await mounted()
    const path = '/api/queues/default/levers/pause-model'
    const body = { model: 'm', reason: 'provider_down' }
    const preview = previewSchema.parse(await of(await post(path, { ...body, preview: true })))
    expect(preview).toMatchObject({
      changed: true,
      refusal: null,
      events: [{ type: 'model_paused', model: 'm' }],
    })
    expect(preview.moves.jobs.map(({ jobId }) => jobId)).toContain('b')
    const pulled = pulledSchema.parse(await of(await post(path, body)))
    expect(pulled).toMatchObject({ changed: true, version: preview.version + 1 })
  })
})

describe('many jobs', () => {
  const path = '/api/queues/default/changes'
  const cancel = { change: { do: 'cancel' }, filter: { states: ['waiting'], payload: { secret: 1 } } }

  it('are found page by page', async () => {
    const { get } = await mounted()
    const first = foundJobsSchema.parse(await of(await get('/api/queues/default/jobs?limit=1')))
    expect(first).toMatchObject({ total: 2, jobs: [{ jobId: 'a', state: 'active' }] })
    const second = await of(await get(`/api/queues/default/jobs?limit=1&from=${first.next}`))
    expect(second).toMatchObject({ total: 2, jobs: [{ jobId: 'b' }], next: null })
    expect((await get('/api/queues/default/jobs?state=gone')).status).toBe(422)
  })

  it('are found by a value of their payload as on the command line: in quotes it is a text', async () => {
    const { get, coordinator } = await mounted()
    const payloads = { text: { id: '17' }, number: { id: 17 }, large: { id: 1_000 } }
    await coordinator.enqueue(
      Object.entries(payloads).map(([jobId, payload]) => ({ jobId, models: ['m'], payload })),
    )
    const found = async (value: string) => {
      const answer = await of(await get(`/api/queues/default/jobs?payload.id=${encodeURIComponent(value)}`))
      return foundJobsSchema.parse(answer).jobs.map(({ jobId }) => jobId)
    }
    expect([await found('17'), await found('"17"'), await found('1e3')]).toEqual([
      ['number'],
      ['text'],
      ['large'],
    ])
  })

  it('are looked at, then changed, and the same command does nothing twice', async () => {
    const { post, store } = await mounted()
    const preview = changePreviewSchema.parse(await of(await post(path, cancel)))
    expect(preview.jobs).toMatchObject([{ jobId: 'b', state: 'waiting' }])
    const done = changedSchema.parse(await of(await post(path, { preview, commandId: 'c1' })))
    expect(done).toMatchObject({ commandId: 'c1', done: ['b'], changed: [], failed: [] })
    const { version } = await store.read('default', 0, 1)
    expect(await of(await post(path, { preview, commandId: 'c1' }))).toEqual(done)
    expect((await store.read('default', 0, 1)).version).toBe(version)
  })

  it('are changed by those alone who may pull the lever, and payloads searched by those who see them', async () => {
    const onlyMove = await mounted({ authorize: () => ({ ...operator, levers: ['move'] }) })
    expect((await onlyMove.post(path, cancel)).status).toBe(403)
    const { get, post } = await mounted({ authorize: () => ({ ...operator, data: false }) })
    expect((await post(path, cancel)).status).toBe(403)
    expect((await get('/api/queues/default/jobs?payload.secret=1')).status).toBe(403)
    expect((await post(path, { change: { do: 'cancel' } })).status).toBe(200)
    expect((await post(path, { changes: [] })).status).toBe(422)
  })
})

it('streams what is there and what comes, each event once', async () => {
  const { get, coordinator } = await mounted()
  const response = await get('/api/queues/default/events?from=0')
  expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/)
  const seen: number[] = []
  for await (const { event, data } of messagesIn(response)) {
    if (event !== 'log') continue
    for (const { seq } of data) seen.push(seq)
    if (seen.length === 3) await coordinator.enqueue([{ jobId: 'c', models: ['n'] }])
    if (seen.length > 3) break
  }
  expect(seen).toEqual(seen.map((_, i) => i + 1))
})
