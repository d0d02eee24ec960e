import { describe, expect, it } from 'vitest'
import { projectionOf } from '../../../src/engine/core/index.ts'
import { given } from '../../support/scenario.ts'

/** A job that is given back, to be started again for other models. */
function giveBack(queue: ReturnType<typeof given>, jobId: string, models: readonly string[]) {
  const token = queue.job(jobId)?.token ?? 0
  const claim = { max: 9, kinds: null }
  return queue.send({ type: 'release', jobId, token, reason: 'later', runAt: null, models }, { claim })
}

describe('a job that is given back for other models', () => {
  it('frees those it had and takes the others in one append, at no cost of an attempt', () => {
    const queue = given({ maxActive: null })
    queue.enqueue('flow', ['a'], { attempts: 1 })
    queue.claim()
    queue.enqueue('next', ['a'])
    expect(giveBack(queue, 'flow', ['b']).said).toEqual([
      'failed flow',
      'requeued flow',
      'started flow by w1',
      'started next by w1',
    ])
    expect(queue.job('flow')).toMatchObject({ attempt: 2, free: 1, spec: { models: ['b'] } })
    expect(projectionOf(queue.ledger).jobs.map(({ job_id: id, models }) => [id, models])).toEqual([
      ['flow', ['b']],
      ['next', ['a']],
    ])
  })

  it('keeps its place: it stands ahead of jobs that came later for the same model', () => {
    const queue = given({ maxActive: null })
    queue.enqueue('flow', ['a'])
    queue.claim()
    queue.enqueue('holder', ['b'])
    queue.claim()
    queue.enqueue('later', ['b'])
    giveBack(queue, 'flow', ['b'])
    expect(queue.complete('holder', { claim: { max: 1, kinds: null } }).said).toEqual([
      'completed holder',
      'started flow by w1',
    ])
    expect(queue.job('later')?.blockedBy).toBe('flow')
  })

  it('two that need each other’s models next do not wait for each other', () => {
    const queue = given({ maxActive: null })
    queue.enqueue('one', ['a'])
    queue.enqueue('two', ['b'])
    queue.claim(2)
    expect(giveBack(queue, 'one', ['b']).said).toEqual(['failed one', 'requeued one'])
    expect(giveBack(queue, 'two', ['a']).said).toEqual([
      'failed two',
      'requeued two',
      'started one by w1',
      'started two by w1',
    ])
  })

  it('and needs none any more bypasses, or runs alone, as the policy says', () => {
    for (const emptySet of ['bypass', 'exclusive'] as const) {
      const queue = given({ emptySet })
      queue.enqueue('flow', ['a'])
      queue.claim()
      giveBack(queue, 'flow', [])
      expect(queue.job('flow')).toMatchObject({ active: true, exclusive: emptySet === 'exclusive' })
    }
  })
})
