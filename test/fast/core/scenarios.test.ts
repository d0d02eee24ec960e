import { describe, expect, it } from 'vitest'
import { projectionOf } from '../../../src/engine/core/index.ts'
import { given, waitingIn } from '../../support/scenario.ts'

/** The three scenarios of the first specification, with the gate as its coordinator had it. */
describe('as first specified', () => {
  it('1: a job waits for another on the same model, and starts by itself when that one ends', () => {
    const queue = given()
    expect(queue.ask('A', ['motion-2.0-fast']).said).toEqual(['queued A', 'started A by w1'])
    expect(projectionOf(queue.ledger).state.active_models).toEqual(['motion-2.0-fast'])
    const b = queue.ask('B', ['motion-2.0-fast'], { wait: true, worker: 'w2' })
    expect(b.said).toEqual(['queued B', 'conflict B'])
    expect(waitingIn(b)).toEqual(['B: model_in_use, A'])
    expect(queue.blockedBy('B')).toBe('A')
    expect(queue.complete('A').said).toEqual(['completed A', 'started B by w2'])
    expect(queue.blockedBy('B')).toBe(null)
  })

  it('2: a job waits for a workflow that holds its model among others', () => {
    const queue = given()
    queue.ask('W1', ['nano-banana-pro', 'motion-2.0-fast'])
    expect(waitingIn(queue.ask('N1', ['motion-2.0-fast']))).toEqual(['N1: model_in_use, W1'])
    expect(projectionOf(queue.ledger).jobs.find((row) => row.job_id === 'N1')).toMatchObject({
      blocked_by_job_id: 'W1',
      blocked_on: 'motion-2.0-fast',
    })
    expect(queue.complete('W1').said).toEqual(['completed W1, offers N1'])
  })

  it('3: one job at a time, first come first served, whatever the models', () => {
    const queue = given()
    queue.ask('A', ['flux-dev'])
    const b = queue.ask('B', ['minimax/video-01'])
    expect(b.said).toEqual(['queued B', 'blocked B'])
    expect(waitingIn(b)).toEqual(['B: serialized, A'])
    expect(queue.complete('A').said).toEqual(['completed A, offers B'])
    expect(queue.ask('B', ['minimax/video-01']).said).toEqual(['started B by w1'])
  })
})
