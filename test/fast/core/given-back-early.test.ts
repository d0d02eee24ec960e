import { describe, expect, it } from 'vitest'
import { evolve, type RecordedEvent, replay } from '../../../src/engine/core/index.ts'
import { audit } from '../../../src/tools/audit/index.ts'
import { codeOf, given, type Scenario } from '../../support/scenario.ts'

const all = { claim: { max: 9, kinds: null } }

/** The attempt of the job needs this model no more. */
function done(
  queue: Scenario,
  jobId: string,
  model: string,
  { token = queue.job(jobId)?.token ?? 0, epoch = 1 } = {},
) {
  return queue.send({ type: 'done', jobId, token, epoch, model }, all)
}

const faultsIn = (log: readonly RecordedEvent[]) =>
  audit(log).violations.map(({ rule, detail }) => `${rule}: ${detail}`)

describe('a model that a running job gives back', () => {
  it('is taken in the same append by who waits for it', () => {
    const queue = given({ maxActive: null })
    queue.enqueue('A', ['draw', 'upscale'], {}, all)
    queue.enqueue('B', ['draw'], {}, all)
    queue.enqueue('C', ['upscale'], {}, all)
    expect([queue.blockedBy('B'), queue.blockedBy('C')]).toEqual(['A', 'A'])
    expect(done(queue, 'A', 'draw').said).toEqual(['model_released A', 'started B by w1'])
    expect(queue.running()).toEqual(['A', 'B'])
    expect(queue.blockedBy('C')).toBe('A')
    expect(queue.complete('A', all).said).toEqual(['completed A', 'started C by w1'])
    expect(faultsIn(queue.log)).toEqual([])
  })

  it('is offered where the sender has no room', () => {
    const queue = given({ maxActive: null })
    queue.enqueue('A', ['draw', 'upscale'], {}, all)
    queue.enqueue('B', ['draw'])
    const token = queue.job('A')?.token ?? 0
    const { said } = queue.send({ type: 'done', jobId: 'A', token, model: 'draw' })
    expect(said).toEqual(['model_released A, offers B'])
  })

  it('is not there any more in the rows and in what people are told', () => {
    const queue = given({ maxActive: null })
    queue.enqueue('A', ['draw', 'upscale'], {}, all)
    queue.later(1_000)
    done(queue, 'A', 'draw')
    expect(queue.row('A')?.models).toEqual(['upscale'])
    expect(queue.written).toEqual(queue.rows())
    expect(queue.explain('A')?.reason).toBe(
      'it runs in worker w1, attempt 1 of 3, gave back draw at 2023-11-14T22:13:21.000Z',
    )
    expect(queue.explain('A')?.models).toMatchObject([{ holders: [] }, { holders: ['A'] }])
    done(queue, 'A', 'upscale')
    expect(queue.row('A')?.models).toEqual([])
    expect([...queue.ledger.models]).toEqual([])
  })

  it('is given back once: to say it again does nothing', () => {
    const queue = given({ maxActive: null })
    queue.enqueue('A', ['draw', 'upscale'], {}, all)
    done(queue, 'A', 'draw')
    const again = done(queue, 'A', 'draw')
    expect([again.said, again.result]).toMatchObject([[], { ok: true, changed: false }])
  })

  it('is needed again by another attempt, which takes the whole set', () => {
    const queue = given({ maxActive: null })
    queue.enqueue('A', ['draw', 'upscale'], {}, all)
    done(queue, 'A', 'draw')
    queue.enqueue('B', ['draw'], {}, all)
    const failed = queue.fail('A', 0)
    expect(failed.said).toEqual(['failed A', 'requeued A'])
    expect(failed.events.at(-1)).toMatchObject({ models: ['draw', 'upscale'] })
    expect(queue.row('A')?.models).toEqual(['draw', 'upscale'])
    expect(queue.written).toEqual(queue.rows())
    expect(queue.blockedBy('A')).toBe('B')
    expect(queue.complete('B', all).said).toEqual(['completed B', 'started A by w1'])
    expect(done(queue, 'A', 'draw').said).toEqual(['model_released A'])
    expect(faultsIn(queue.log)).toEqual([])
  })

  it('is needed again by an attempt after a lost lease; only what was held is kept back', () => {
    const queue = given({ maxActive: null, holdAfterLossSeconds: { '*': 60 } })
    queue.enqueue('A', ['draw', 'upscale'], {}, all)
    done(queue, 'A', 'draw')
    const { events } = queue.send({ type: 'expire_leases', workerIds: ['w1'], retryAt: queue.now })
    expect(events).toMatchObject([
      { type: 'lease_expired' },
      { type: 'requeued', models: ['draw', 'upscale'] },
      { type: 'model_paused', model: 'upscale' },
    ])
  })

  it('takes its place with it, unless another model of the job is there', () => {
    const queue = given({ maxActive: null, capacity: { a: ['p'], b: ['p'], c: ['q'] } })
    queue.enqueue('ABC', ['a', 'b', 'c'], {}, all)
    queue.enqueue('A', ['a'], {}, all)
    queue.enqueue('C', ['c'], {}, all)
    expect(done(queue, 'ABC', 'a').said).toEqual(['model_released ABC'])
    expect(queue.row('ABC')).toMatchObject({ models: ['b', 'c'], places: { b: 'p', c: 'q' } })
    expect(done(queue, 'ABC', 'c').said).toEqual(['model_released ABC', 'started C by w1'])
    expect(done(queue, 'ABC', 'b').said).toEqual(['model_released ABC', 'started A by w1'])
    expect(queue.row('ABC')?.places).toBe(null)
    expect(faultsIn(queue.log)).toEqual([])
  })

  it('gives back neither slot nor share: the job still runs', () => {
    const queue = given({ maxActive: 1 })
    queue.enqueue('A', ['draw'], {}, all)
    queue.enqueue('B', ['draw'], {}, all)
    expect(done(queue, 'A', 'draw').said).toEqual(['model_released A'])
    expect(queue.reason('B')).toBe('serialized')
  })

  it('starts nothing while the queue drains', () => {
    const queue = given({ maxActive: null })
    queue.enqueue('A', ['draw'], {}, all)
    queue.enqueue('B', ['draw'], {}, all)
    queue.send({ type: 'drain' })
    expect(done(queue, 'A', 'draw').said).toEqual(['model_released A'])
  })

  it('is free under the rules of later policies too', () => {
    const queue = given({ maxActive: null, capacity: { a: ['p', 'q'], b: ['q'] } })
    queue.enqueue('AB', ['a', 'b'], {}, all)
    done(queue, 'AB', 'a')
    queue.policy({ capacity: { a: ['q'] } })
    queue.policy({ capacity: { a: ['p'], b: ['p'] } })
    queue.enqueue('A', ['a'], {}, all)
    expect(queue.running()).toContain('A')
    expect(faultsIn(queue.log)).toEqual([])
  })

  it('cannot be given back by who does not have it', () => {
    const queue = given({ maxActive: null })
    queue.enqueue('A', ['draw', 'upscale'], { attempts: 2 }, all)
    const unknown = done(queue, 'A', 'caption')
    expect(unknown.result).toMatchObject({
      code: 'invalid_input',
      message: 'model: job A does not have caption; it began with draw, upscale',
    })
    const token = queue.job('A')?.token ?? 0
    expect(codeOf(done(queue, 'A', 'draw', { epoch: 2 }))).toBe('stale_token')
    queue.fail('A', 0)
    expect(codeOf(done(queue, 'A', 'draw', { token }))).toBe('job_not_active')
    queue.claim()
    expect(codeOf(done(queue, 'A', 'draw', { token }))).toBe('stale_token')
    expect(codeOf(done(queue, 'B', 'draw'))).toBe('job_not_active')
  })

  it('stays with a batch, which has its models in common', () => {
    const queue = given({ maxActive: null })
    queue.enqueue('A', ['draw'])
    queue.enqueue('B', ['draw'])
    queue.send({ type: 'claim' }, { claim: { max: 1, kinds: null, batches: [{ kind: '*', size: 8 }] } })
    expect(done(queue, 'B', 'draw').result).toMatchObject({
      code: 'invalid_input',
      message: expect.stringMatching(/job B runs in batch \d+, whose jobs have their models in common/),
    })
  })
})

describe('a log in which a model is given back', () => {
  const log = (model: string): readonly RecordedEvent[] => {
    const queue = given({ maxActive: null })
    queue.enqueue('A', ['draw', 'upscale'], {}, all)
    done(queue, 'A', 'draw')
    return queue.log.map((event) => (event.type === 'model_released' ? { ...event, model } : event))
  }

  it('is not folded if the job did not have it', () => {
    expect(replay(log('draw')).active.size).toBe(1)
    expect(() => replay(log('caption'))).toThrow('job A does not have caption')
    const [last] = log('draw').slice(-1) as [RecordedEvent]
    const again = { ...last, seq: last.seq + 1, at: last.at + 1 }
    expect(() => evolve(replay(log('draw')), again)).toThrow('job A does not have draw')
  })

  it('is found by the audit if the job did not have it, or somebody takes what was not given back', () => {
    expect(faultsIn(log('caption'))).toEqual(['life: it gave back caption, which it did not have'])
    const queue = given({ maxActive: null })
    queue.enqueue('A', ['draw', 'upscale'], {}, all)
    queue.enqueue('B', ['draw'], {}, all)
    done(queue, 'A', 'draw')
    const other = queue.log.map((event) =>
      event.type === 'model_released' ? { ...event, model: 'upscale' } : event,
    )
    expect(faultsIn(other)).toEqual(['capacity: 1 held draw, which has capacity 1'])
  })
})
