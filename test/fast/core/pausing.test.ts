import { describe, expect, it } from 'vitest'
import { nextTickAt, projectionOf } from '../../../src/engine/core/index.ts'
import { codeOf, given, type Scenario, waitingIn } from '../../support/scenario.ts'

const one = { max: 1, kinds: null }
const tick = { type: 'tick' } as const

function pause(queue: Scenario, model: string, forMs: number | null = null, reason = 'provider_down') {
  const until = forMs === null ? null : queue.now + forMs * 1_000
  return queue.send({ type: 'pause_model', model, reason, until }, { worker: 'ops' })
}

const resume = (queue: Scenario, model: string) => queue.send({ type: 'resume_model', model })

function rowOf(queue: Scenario, jobId: string) {
  return projectionOf(queue.ledger).jobs.find((row) => row.job_id === jobId)
}

describe('a paused model (model_paused)', () => {
  it('starts nothing, and keeps nothing for the jobs that need it', () => {
    const queue = given({ maxActive: null })
    pause(queue, 'a')
    expect(waitingIn(queue.enqueue('AB', ['a', 'b'], {}, { claim: one }))).toEqual(['AB: model_paused, null'])
    expect(queue.enqueue('B', ['b'], {}, { claim: one }).said).toEqual(['queued B', 'started B by w1'])
    expect(queue.line()).toEqual([])
  })

  it('takes no lease away', () => {
    const queue = given()
    queue.ask('A', ['a'])
    expect(pause(queue, 'a').said).toEqual(['model_paused'])
    expect(queue.running()).toEqual(['A'])
    expect(queue.complete('A').said).toEqual(['completed A'])
  })

  it('makes room for those behind the jobs that it holds, and ends their offers', () => {
    const queue = given({ maxActive: null })
    queue.enqueue('AB', ['a', 'b'])
    queue.enqueue('B', ['b'])
    const told = pause(queue, 'a')
    expect(told.said).toEqual(['model_paused, offers B'])
    expect(queue.offered()).toEqual(['B'])
    expect(rowOf(queue, 'AB')).toMatchObject({ blocked_on: 'a', conflict_reason: 'model a is paused' })
  })

  it('gives its jobs back their places when it is resumed', () => {
    const queue = given({ maxActive: null })
    queue.enqueue('A1', ['a'])
    queue.enqueue('A2', ['a'])
    pause(queue, 'a')
    queue.enqueue('A3', ['a'])
    expect(resume(queue, 'a').said).toEqual(['model_resumed, offers A1'])
    expect(queue.line()).toEqual(['A1', 'A2', 'A3'])
    expect(resume(queue, 'a').said).toEqual([])
  })

  it('holds a job that needs two of them until both are open', () => {
    const queue = given({ maxActive: null })
    queue.enqueue('AB', ['a', 'b'])
    pause(queue, 'b')
    pause(queue, 'a')
    expect(resume(queue, 'b').said).toEqual(['model_resumed'])
    expect(queue.reason('AB')).toBe('model_paused')
    expect(resume(queue, 'a').said).toEqual(['model_resumed, offers AB'])
  })

  it('uses up no attempt of its jobs, and lets them expire, move and be cancelled', () => {
    const queue = given({ maxActive: null })
    pause(queue, 'a')
    for (const id of ['A', 'B', 'C']) queue.enqueue(id, ['a'], id === 'C' ? { expireMs: 1_000 } : {})
    queue.send({ type: 'reprioritize', jobId: 'B', priority: 5 })
    queue.cancel('A')
    expect(queue.later(1_001).send(tick).said).toEqual(['expired C'])
    expect(queue.job('B')).toMatchObject({ attempt: 0, held: { as: 'model_paused', on: 'a' } })
    expect(codeOf(queue.send({ type: 'reprioritize', jobId: 'B', before: 'C' }))).toBe('job_not_live')
    expect(resume(queue, 'a').said).toEqual(['model_resumed, offers B'])
  })

  it('is resumed by a tick at its end, which wakes a process', () => {
    const queue = given({ maxActive: null })
    queue.enqueue('A', ['a'])
    const until = queue.now + 3_000_000
    pause(queue, 'a', 3_000)
    expect(nextTickAt(queue.ledger)).toBe(until)
    expect(queue.later(2_999).send(tick).said).toEqual([])
    expect(queue.later(1).send(tick).said).toEqual(['model_resumed, offers A'])
    expect(nextTickAt(queue.ledger)).toBe(undefined)
  })

  it('may be paused again, with another reason and end', () => {
    const queue = given({ maxActive: null })
    queue.enqueue('A', ['a'])
    pause(queue, 'a', 1_000)
    expect(pause(queue, 'a', 1_000).said).toEqual([])
    pause(queue, 'a', null, 'quota')
    expect(queue.later(2_000).send(tick).said).toEqual([])
    expect(queue.explain('A')?.models[0]?.paused).toMatchObject({
      reason: 'quota',
      by: 'ops',
    })
  })

  it('says which model, which process paused it, why and until when', () => {
    const queue = given({ maxActive: null })
    pause(queue, 'a', 60_000)
    const { result } = queue.ask('A', ['a'])
    const until = new Date(queue.now / 1_000 + 60_000)
    expect(result.ok && result.waiting[0]).toMatchObject({
      code: 'model_paused',
      reason: `model a is paused by ops (provider_down) until ${until.toISOString()}`,
      until: until.getTime() * 1_000,
    })
  })

  it.each([
    ['ops', ' by ops'],
    ['night-shift:w3fK0aB9x', ' by night-shift'],
    ['w3fK0aB9x', ''],
  ])('names %s as far as its id says who it is', (workerId, named) => {
    const queue = given({ maxActive: null })
    queue.send({ type: 'pause_model', model: 'a', reason: 'quota', until: null }, { worker: workerId })
    const { result } = queue.ask('A', ['a'])
    expect(result.ok && result.waiting[0]?.reason).toBe(
      `model a is paused${named} (quota) until it is resumed`,
    )
  })

  it('ends in the time to come, within a year', () => {
    const queue = given()
    for (const forMs of [0, -1, 365 * 86_400_000 + 1])
      expect(codeOf(pause(queue, 'a', forMs))).toBe('invalid_input')
  })
})

describe('holdAfterLossSeconds', () => {
  const lost = { type: 'expire_leases', workerIds: ['w1'], retryAt: 0 } as const

  it('pauses the models of an attempt that was lost with its worker, in the same append', () => {
    const queue = given({ maxActive: null, holdAfterLossSeconds: { a: 600, b: 0, '*': 60 } })
    queue.enqueue('ABC', ['a', 'b', 'c'], {}, { claim: one })
    const told = queue.send(lost, { worker: 'w2', claim: one })
    expect(told.said).toEqual(['lease_expired ABC', 'requeued ABC', 'model_paused', 'model_paused'])
    expect(told.events.slice(2)).toMatchObject([
      { model: 'a', reason: 'lease_lost', until: queue.now + 600_000_000, workerId: 'w2' },
      { model: 'c', reason: 'lease_lost', until: queue.now + 60_000_000 },
    ])
    queue.later(60_000).send(tick)
    expect(queue.reason('ABC')).toBe('model_paused')
    expect(queue.later(540_001).send(tick).said).toEqual(['model_resumed, offers ABC'])
  })

  it('does not shorten a pause', () => {
    const queue = given({ holdAfterLossSeconds: { a: 10 } })
    queue.enqueue('A', ['a'], {}, { claim: one })
    pause(queue, 'a')
    expect(queue.send(lost).said).toEqual(['lease_expired A', 'requeued A'])
  })

  it('does not concern one that was detached: its models are held anyway', () => {
    const queue = given({ holdAfterLossSeconds: { a: 10 } })
    queue.enqueue('A', ['a'], {}, { claim: one })
    const token = queue.job('A')?.token ?? 0
    queue.send({ type: 'detach', jobId: 'A', token, until: queue.now + 1_000_000 })
    expect(queue.send(lost).said).toEqual([])
  })
})
