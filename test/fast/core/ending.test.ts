import { describe, expect, it } from 'vitest'
import { codeOf, given } from '../../support/scenario.ts'

describe('a token', () => {
  it('is the number of the event that started the attempt, and only grows', () => {
    const queue = given()
    const { events } = queue.ask('A', ['a'])
    const first = queue.job('A')?.token ?? 0
    expect(events.at(-1)).toMatchObject({ type: 'started', seq: first })
    queue.fail('A', 0)
    queue.ask('A', ['a'])
    expect(queue.job('A')?.token).toBeGreaterThan(first)
  })

  it('that is stale changes nothing', () => {
    const queue = given()
    queue.ask('A', ['a'])
    const stale = queue.job('A')?.token ?? 0
    queue.fail('A', 0)
    queue.ask('A', ['a'])
    const before = queue.ledger
    expect(codeOf(queue.complete('A', { token: stale }))).toBe('stale_token')
    expect(queue.ledger).toEqual(before)
  })

  it('may be left out by the process that holds the job, and by no other', () => {
    const queue = given()
    queue.ask('A', ['a'])
    expect(codeOf(queue.complete('A', { token: null, worker: 'w2' }))).toBe('not_holder')
    expect(queue.complete('A', { token: null, worker: 'w1' }).said).toEqual(['completed A'])
  })
})

describe('the gate', () => {
  it('gives the same lease to its holder again, and a refusal to others', () => {
    const queue = given()
    const first = queue.ask('A', ['a'])
    const again = queue.ask('A', ['a'])
    expect(again.said).toEqual([])
    expect(again.result).toMatchObject({ started: first.result.ok ? first.result.started : [] })
    expect(codeOf(queue.ask('A', ['a'], { worker: 'w2' }))).toBe('not_holder')
  })

  it('refuses a live id with another body, and takes an id that ended', () => {
    const queue = given()
    queue.ask('A', ['a'])
    expect(codeOf(queue.ask('A', ['b']))).toBe('job_exists')
    expect(queue.enqueue('A', ['a']).said).toEqual([])
    queue.complete('A')
    expect(queue.ask('A', ['b']).said).toEqual(['queued A', 'started A by w1'])
  })
})

describe('an attempt that fails', () => {
  it('is tried again while attempts are left', () => {
    const queue = given()
    queue.enqueue('A', ['a'], { attempts: 2 })
    queue.claim()
    expect(queue.fail('A', 0).said).toEqual(['failed A', 'requeued A, offers A'])
    queue.claim()
    expect(queue.fail('A', 0).said).toEqual(['failed A'])
    expect(queue.job('A')).toBeUndefined()
  })

  it('is the last when no time is named for another', () => {
    const queue = given()
    queue.ask('A', ['a'])
    expect(queue.fail('A', null).events).toMatchObject([{ type: 'failed', final: true }])
  })

  it('frees its models while it backs off', () => {
    const queue = given()
    queue.ask('A', ['a'])
    queue.enqueue('B', ['a'])
    expect(queue.fail('A', 1_000, { claim: { max: 1, kinds: null } }).said).toEqual([
      'failed A',
      'requeued A',
      'started B by w1',
    ])
  })

  it('costs no attempt when it is given back for later', () => {
    const queue = given()
    queue.enqueue('A', ['a'], { attempts: 1 })
    for (let i = 0; i < 5; i++) {
      queue.claim()
      const token = queue.job('A')?.token ?? 0
      queue.send({ type: 'release', jobId: 'A', token, reason: 'later', runAt: null })
    }
    expect(queue.job('A')).toMatchObject({ attempt: 5, free: 5, active: false })
  })

  it('is counted when it kills its worker, up to the last', () => {
    const queue = given()
    queue.enqueue('A', ['a'], { attempts: 2 })
    queue.claim(1, { worker: 'w1' })
    queue.send({ type: 'expire_leases', workerIds: ['w1'], retryAt: queue.now })
    queue.claim(1, { worker: 'w2' })
    const end = queue.send({ type: 'expire_leases', workerIds: ['w2'], retryAt: queue.now })
    expect(end.events).toMatchObject([{ type: 'lease_expired', final: true }])
  })
})

describe('cancelling', () => {
  it('ends a waiting job at once', () => {
    const queue = given()
    queue.ask('A', ['a'])
    queue.enqueue('B', ['a'])
    queue.enqueue('C', ['a'])
    expect(queue.cancel('B').said).toEqual(['cancelled B'])
    expect(queue.blockedBy('C')).toBe('A')
  })

  it('asks an active job to stop; its models are held until it confirms', () => {
    const queue = given()
    queue.ask('A', ['a'])
    queue.enqueue('B', ['a'])
    expect(queue.cancel('A').said).toEqual(['cancel_requested A'])
    expect(queue.cancel('A').said).toEqual([])
    const token = queue.job('A')?.token ?? 0
    const confirmed = queue.send({ type: 'confirm_cancel', jobId: 'A', token })
    expect(confirmed.said).toEqual(['cancelled A, offers B'])
    expect(codeOf(queue.complete('A', { token }))).toBe('job_not_active')
  })

  it('frees the models at once when forced', () => {
    const queue = given()
    queue.ask('A', ['a'])
    queue.enqueue('B', ['a'])
    expect(queue.cancel('A', true).said).toEqual(['cancelled A, offers B'])
  })

  it('loses against a job that completes first', () => {
    const queue = given()
    queue.ask('A', ['a'])
    const token = queue.job('A')?.token ?? 0
    queue.cancel('A')
    expect(queue.complete('A').said).toEqual(['completed A'])
    expect(codeOf(queue.send({ type: 'confirm_cancel', jobId: 'A', token }))).toBe('job_not_active')
    expect(codeOf(queue.cancel('A'))).toBe('job_not_live')
  })

  it.each(['fail', 'release', 'expire'] as const)(
    'is the end of a job however its worker stops: %s',
    (how) => {
      const queue = given()
      queue.enqueue('A', ['a'], { attempts: 9 })
      queue.claim()
      queue.cancel('A')
      const token = queue.job('A')?.token ?? 0
      const bodies = {
        fail: { type: 'fail', jobId: 'A', token, code: 'handler_error', retryAt: 0 },
        release: { type: 'release', jobId: 'A', token, reason: 'later', runAt: null },
        expire: { type: 'expire_leases', workerIds: ['w1'], retryAt: queue.now },
      } as const
      const { said } = queue.send(bodies[how])
      expect(said).toEqual(how === 'expire' ? ['lease_expired A', 'cancelled A'] : ['cancelled A'])
      expect(queue.job('A')).toBeUndefined()
    },
  )
})

describe('draining', () => {
  it('starts nothing, and is over with the last end; the queue stays closed until resumed', () => {
    const queue = given()
    queue.ask('A', ['a'])
    queue.ask('B', ['a'], { wait: true })
    expect(queue.send({ type: 'drain' }).said).toEqual(['drain_requested'])
    expect(queue.complete('A').said).toEqual(['completed A', 'drained'])
    expect(queue.claim().said).toEqual([])
    expect(queue.send({ type: 'resume' }).said).toEqual(['resumed', 'started B by w1'])
  })

  it('is over at once when nothing runs', () => {
    expect(given().send({ type: 'drain' }).said).toEqual(['drain_requested', 'drained'])
  })
})

describe('waiting', () => {
  it('ends after expireMs, counted since the job last became waiting', () => {
    const queue = given()
    queue.enqueue('A', ['a'], { expireMs: 1_000 })
    queue.claim()
    queue.later(5_000).fail('A', 0)
    expect(queue.later(990).send({ type: 'tick' }).said).toEqual([])
    expect(queue.later(20).send({ type: 'tick' }).said).toEqual(['expired A'])
  })
})
