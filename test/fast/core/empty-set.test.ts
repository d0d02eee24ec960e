import { describe, expect, it } from 'vitest'
import { codeOf, given } from '../../support/scenario.ts'

const everybody = { max: 9, kinds: null }

describe('a job without models', () => {
  it('bypasses at the gate: nothing is held, so nothing can end', () => {
    const queue = given()
    queue.ask('A', ['a'])
    const none = queue.ask('none', [])
    expect(none.said).toEqual(['bypassed none'])
    expect(none.result).toMatchObject({ ok: true, bypassed: ['none'], started: [], waiting: [] })
    expect(codeOf(queue.complete('none', { token: null }))).toBe('job_not_active')
  })

  it('takes no slot and no model when it is pulled', () => {
    const queue = given()
    queue.ask('A', ['a'])
    expect(queue.enqueue('none', [], {}, { claim: everybody }).said).toEqual([
      'queued none',
      'started none by w1',
    ])
    queue.complete('A')
    expect(queue.enqueue('B', ['b'], {}, { claim: everybody }).said).toContain('started B by w1')
  })

  it('is started, not passed by, when it stands in line already', () => {
    const queue = given()
    queue.enqueue('none', [])
    expect(queue.ask('none', []).said).toEqual(['started none by w1'])
  })

  it('is rejected where the policy says so (models_required)', () => {
    const queue = given({ emptySet: 'reject' })
    expect(codeOf(queue.enqueue('none', []))).toBe('models_required')
    expect(codeOf(queue.ask('none', []))).toBe('models_required')
    expect(queue.ledger.jobs.size).toBe(0)
  })

  it('runs alone where the policy says so, and nobody behind passes it', () => {
    const queue = given({ maxActive: null, emptySet: 'exclusive' })
    queue.enqueue('A', ['a'], {}, { claim: everybody })
    queue.enqueue('alone', [], {}, { claim: everybody })
    queue.enqueue('B', ['b'], {}, { claim: everybody })
    expect(queue.running()).toEqual(['A'])
    expect(queue.complete('A', { claim: everybody }).said).toEqual(['completed A', 'started alone by w1'])
    expect(queue.complete('alone', { claim: everybody }).said).toEqual(['completed alone', 'started B by w1'])
  })

  it('tells who stands behind one that has to run alone that it waits for its turn, and not for a worker', () => {
    const queue = given({ maxActive: 3, emptySet: 'exclusive' })
    queue.enqueue('A', ['a'], {}, { claim: everybody })
    queue.enqueue('E', [])
    queue.enqueue('B', ['b'])
    expect(queue.told('B')).toMatchObject({
      code: 'at_capacity',
      blockedBy: 'E',
      reason: 'job E goes first, and runs alone as soon as the jobs that run have ended',
    })
  })
})
