import { describe, expect, it } from 'vitest'
import { enqueueBody, parseJobs } from '../../../src/engine/events/index.ts'
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
    'fails with one that did not complete (%s), and so do those after it: parent_failed',
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

describe('what a running job adds', () => {
  /** `a` runs, `b` comes after it, `c` after that. */
  function grown() {
    const flow = flowOf({ jobId: 'a' }, { jobId: 'b', after: ['a'] }, { jobId: 'c', after: ['b'] })
    flow.send({ type: 'take_up', jobId: 'a', wait: false })
    return flow
  }

  it('is waited for by all that comes after it, in the append that puts it in line', () => {
    const flow = grown()
    const { events } = flow.add('a', [{ jobId: 'x' }, { jobId: 'y', after: ['x', 'a'] }])
    expect(typesOf(events)).toEqual(['queued x', 'queued y', 'linked y', 'linked b'])
    expect(events.at(-1)).toMatchObject({ after: ['x', 'y'] })
    for (const jobId of ['a', 'x']) flow.end(jobId, 'complete')
    expect(typesOf(flow.end('y', 'complete').events)).toEqual(['completed y', 'released b'])
    flow.check()
  })

  it('fails what comes after it as the job itself would', () => {
    const goesOn = { job: 'a', ifFailed: 'continue' }
    const flow = flowOf({ jobId: 'a' }, { jobId: 'b', after: ['a'] }, { jobId: 'tidy', after: [goesOn] })
    flow.send({ type: 'take_up', jobId: 'a', wait: false })
    flow.add('a', [{ jobId: 'x' }])
    flow.end('a', 'complete')
    expect(typesOf(flow.end('x', 'fail').events).toSorted()).toEqual([
      'failed b',
      'failed x',
      'released tidy',
    ])
    flow.check()
  })

  it('may be added again by a later attempt', () => {
    const flow = grown()
    flow.add('a', [{ jobId: 'x' }])
    flow.end('a', 'fail', 0)
    flow.send({ type: 'take_up', jobId: 'a', wait: false })
    const again = flow.add('a', [{ jobId: 'x' }, { jobId: 'y' }])
    expect([again.result, typesOf(again.events)]).toMatchObject([
      { ok: true, known: ['x'] },
      ['queued y', 'linked b'],
    ])
    flow.check()
  })

  it('is nothing if the attempt is over (stale_token, job_not_active)', () => {
    const flow = grown()
    const token = flow.job('a')?.token ?? 0
    flow.end('a', 'fail', 0)
    const late = flow.add('a', [{ jobId: 'x' }], token)
    expect([late.result, late.events]).toMatchObject([{ ok: false, code: 'job_not_active' }, []])
    flow.send({ type: 'take_up', jobId: 'a', wait: false })
    expect(flow.add('a', [{ jobId: 'x' }], token).result).toMatchObject({ ok: false, code: 'stale_token' })
    expect(flow.job('x')).toBeUndefined()
  })

  it.each([
    ['one that comes after what is to wait for it', [{ jobId: 'x', after: ['b'] }], 'b → x → b'],
    [
      'the same by way of another',
      [
        { jobId: 'x', after: ['y'] },
        { jobId: 'y', after: ['c'] },
      ],
      'b → y → c → b',
    ],
    ['the job that is to wait', [{ jobId: 'b', after: ['a'] }], 'b → b'],
    ['a live one after it', [{ jobId: 'c', after: ['b'] }], 'b → c → b'],
  ])('is refused as a cycle: %s', (_, jobs, circle) => {
    const { result, events } = grown().add('a', jobs)
    expect([result, events]).toMatchObject([
      { code: 'flow_cycle', message: expect.stringContaining(circle) },
      [],
    ])
  })

  it('is just put in line if nothing comes after the job', () => {
    const flow = flowOf({ jobId: 'a' })
    flow.send({ type: 'take_up', jobId: 'a', wait: false })
    expect(typesOf(flow.add('a', [{ jobId: 'x' }]).events)).toEqual(['queued x'])
    flow.check()
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

  it('is left out where nobody knows how, if the job comes back itself', () => {
    const flow = flowOf({ jobId: 'b' })
    flow.ended.set('a', null)
    const spec = (jobId: string, after: readonly string[]) =>
      enqueueBody(parseJobs([{ jobId, models: [], after }]))
    const again = (jobId: string, after: readonly string[]) =>
      typesOf(flow.send({ ...spec(jobId, after), again: true }).events)
    expect(again('c', ['a', 'b'])).toEqual(['queued c', 'linked c'])
    expect(again('d', ['a'])).toEqual(['queued d'])
    flow.end('b', 'complete')
    for (const jobId of ['c', 'd']) flow.end(jobId, 'complete')
    expect(flow.ledger.jobs.size + flow.ledger.flows.size).toBe(0)
    flow.check()
  })
})
