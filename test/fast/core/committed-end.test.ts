/** What is decided while the handler of a job ends it in a transaction of its own: the store has named the job. */
import { describe, expect, it } from 'vitest'
import { codeOf, given } from '../../support/scenario.ts'

const two = { max: 2, kinds: null }

function running() {
  const queue = given()
  queue.policy({ maxActive: null })
  queue.enqueue('A', ['a'], { attempts: 2, timeoutMs: 10_000 }, { claim: two })
  queue.enqueue('B', ['b'], { attempts: 2, timeoutMs: 10_000 }, { claim: two })
  queue.ending.add('A')
  return queue
}

describe('a job that its handler ends in a transaction of its own', () => {
  it('is ended by nothing else (job_ending), and not asked to stop', () => {
    const queue = running()
    const token = queue.job('A')?.token ?? 0
    for (const told of [
      queue.complete('A'),
      queue.fail('A', 0),
      queue.cancel('A'),
      queue.cancel('A', true),
      queue.send({ type: 'release', jobId: 'A', token, reason: 'later', runAt: null }),
      queue.send({ type: 'confirm_cancel', jobId: 'A', token }),
      queue.send({ type: 'detach', jobId: 'A', token, until: queue.now + 60_000_000 }),
    ]) {
      expect(codeOf(told)).toBe('job_ending')
      expect(told.said).toEqual([])
    }
  })

  it('still says what is wrong with a stale token', () => {
    expect(codeOf(running().complete('A', { token: 1 }))).toBe('stale_token')
  })

  it('is left out when its time or the lease of its worker is over; others are not', () => {
    const timed = running()
    expect(timed.later(15_001).send({ type: 'tick' }).said).toEqual(['failed B', 'requeued B, offers B'])
    const lost = running()
    expect(lost.send({ type: 'expire_leases', workerIds: ['w1'], retryAt: 0 }).said).toEqual([
      'lease_expired B',
      'requeued B, offers B',
    ])
  })

  it('keeps its process when a backup was restored', () => {
    expect(running().send({ type: 'recover' }).said).toEqual([
      'epoch_changed',
      'detached B',
      'drain_requested',
    ])
  })

  it('ends by what its handler has committed, under whatever epoch', () => {
    const queue = running()
    const token = queue.job('A')?.token ?? 0
    queue.send({ type: 'recover' })
    expect(queue.send({ type: 'complete', jobId: 'A', token, committed: true }).said).toEqual(['completed A'])
  })
})
