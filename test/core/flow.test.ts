import { describe, expect, it } from 'vitest'
import { enqueueBody, parseJobs } from '../../src/engine/events/index.ts'
import { Flow, flowOf, typesOf } from './flow.ts'

describe('a job that comes after others', () => {
  it('stands in no line until the last of them has completed (waits_for_parents)', () => {
    const flow = flowOf({ jobId: 'c', after: ['a', 'b'] }, { jobId: 'a' }, { jobId: 'b' })
    expect(flow.ledger.unbound.size + flow.ledger.offered.size).toBe(2)
    expect(typesOf(flow.end('a', 'complete').events)).toEqual(['completed a'])
    expect(typesOf(flow.end('b', 'complete').events)).toEqual(['completed b', 'released c'])
    flow.end('c', 'complete')
    expect(flow.ledger.jobs.size + flow.ledger.flows.size).toBe(0)
    flow.check()
  })

  it.each(['fail', 'cancel'] as const)(
    'fails with one that did not complete (%s), and so do those after it',
    (how) => {
      const flow = flowOf({ jobId: 'a' }, { jobId: 'b', after: ['a'] }, { jobId: 'c', after: ['b'] })
      const { events } = flow.end('a', how)
      expect(typesOf(events)).toEqual([expect.stringMatching(/a$/), 'failed b', 'failed c'])
      expect(events[2]).toMatchObject({ code: 'parent_failed', cause: 'a', token: null, final: true })
      expect(flow.ledger.jobs.size).toBe(0)
      flow.check()
    },
  )

  it('runs all the same if it is to continue', () => {
    const flow = flowOf({ jobId: 'a' }, { jobId: 'b', after: [{ job: 'a', ifFailed: 'continue' }] })
    expect(typesOf(flow.end('a', 'fail').events)).toEqual(['failed a', 'released b'])
    flow.check()
  })

  it('waits while one of them is tried again', () => {
    const flow = flowOf({ jobId: 'a' }, { jobId: 'b', after: ['a'] })
    flow.send({ type: 'take_up', jobId: 'a', wait: false })
    const token = flow.job('a')?.token ?? 0
    const { events } = flow.send({ type: 'fail', jobId: 'a', token, code: 'handler_error', retryAt: 0 })
    expect(typesOf(events)).toEqual(['failed a', 'requeued a'])
    expect(flow.job('b')).toBeDefined()
  })

  it('has its place and its expiry from when it was released', () => {
    const flow = flowOf({ jobId: 'a' }, { jobId: 'b', after: ['a'], models: ['m'], expireMs: 1 })
    flow.enqueue([{ jobId: 'later', models: ['m'] }])
    flow.now += 60_000_000
    expect(typesOf(flow.send({ type: 'tick' }).events)).not.toContain('expired b')
    flow.end('a', 'complete')
    expect([...flow.ledger.line].map(({ jobId }) => jobId)).toEqual(['later', 'b'])
    flow.now += 60_000_000
    expect(typesOf(flow.send({ type: 'tick' }).events)).toContain('expired b')
    flow.check()
  })

  it('keeps that place when it gets another priority and back', () => {
    const flow = flowOf({ jobId: 'a' }, { jobId: 'b', after: ['a'], models: ['m'] })
    flow.enqueue([{ jobId: 'later', models: ['m'] }])
    flow.end('a', 'complete')
    for (const priority of [5, 0]) flow.send({ type: 'reprioritize', jobId: 'b', priority })
    expect([...flow.ledger.line].map(({ jobId }) => jobId)).toEqual(['later', 'b'])
  })

  it('waits for its own time after that', () => {
    const flow = flowOf({ jobId: 'a' }, { jobId: 'b', after: ['a'], runAt: '2026-01-01T00:00:00Z' })
    flow.end('a', 'complete')
    expect(flow.ledger.undue.size).toBe(1)
    flow.check()
  })
})

describe('how a flow is refused', () => {
  const refusal = (jobs: readonly object[]) => new Flow().enqueue(jobs).result

  it('names the path of a job that nobody knows (parent_unknown), and asks for it first', () => {
    const { result, missing } = new Flow().enqueue([{ jobId: 'a' }, { jobId: 'b', after: ['a', 'gone'] }])
    expect(result).toMatchObject({
      ok: false,
      code: 'parent_unknown',
      message: expect.stringContaining('jobs[1].after[1]'),
    })
    expect([...(missing ?? [])]).toEqual(['gone'])
  })

  it('names jobs that wait for each other (flow_cycle)', () => {
    expect(refusal([{ jobId: 'a', after: ['a'] }])).toMatchObject({
      code: 'flow_cycle',
      message: expect.stringContaining('a → a'),
    })
    const circle = [
      { jobId: 'x', after: ['b'] },
      { jobId: 'a', after: ['c'] },
      { jobId: 'b', after: ['a'] },
      { jobId: 'c', after: ['b'] },
    ]
    expect(refusal(circle)).toMatchObject({
      code: 'flow_cycle',
      message: expect.stringContaining('b → a → c → b'),
    })
  })

  it('a second time with other parents (job_exists); with the same it is known', () => {
    const flow = flowOf({ jobId: 'a' }, { jobId: 'b' }, { jobId: 'c', after: ['a', 'b'] })
    expect(flow.enqueue([{ jobId: 'c', models: [], after: ['b', 'a'] }]).result).toMatchObject({
      ok: true,
      known: ['c'],
    })
    expect(flow.enqueue([{ jobId: 'c', models: [], after: ['a'] }]).result).toMatchObject({
      code: 'job_exists',
    })
  })

  it('at the gate, which links nothing', () => {
    const flow = new Flow()
    const [spec] = enqueueBody(parseJobs([{ jobId: 'b', models: [], after: ['a'] }])).specs
    if (spec === undefined) throw new Error('there is no spec')
    expect(flow.send({ type: 'ask', spec, wait: true }).result).toMatchObject({ code: 'invalid_input' })
    expect(flow.send({ type: 'enqueue', specs: [spec] }).result).toMatchObject({ code: 'invalid_input' })
  })
})

describe('a job that comes after one that has ended', () => {
  it.each([
    ['completed', 'released b'],
    ['failed', 'failed b'],
  ] as const)('is told how: %s', (outcome, event) => {
    const flow = new Flow()
    flow.ended.set('a', outcome)
    const { events } = flow.enqueue([{ jobId: 'b', after: ['a'] }])
    expect(typesOf(events)).toContain(event)
    flow.check()
  })

  it('is refused if nobody knows how any more', () => {
    const flow = new Flow()
    flow.ended.set('a', null)
    const { result, missing } = flow.enqueue([{ jobId: 'b', after: ['a'] }])
    expect([result, missing]).toMatchObject([{ code: 'parent_unknown' }, undefined])
  })
})
