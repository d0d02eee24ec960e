/** What is accepted by SQL is decided after the commit: what becomes of it can be found, and is told as it is. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createCoordinator } from '../../../src/engine/coordinator/index.ts'
import { explain, queue } from '../../../src/tools/operate/index.ts'
import { keepingLogger } from '../coordinator/support.ts'
import { type Place, placeOf, Scene } from './scene.ts'

let place: Place
beforeAll(async () => {
  place = await placeOf()
})
afterAll(() => place.close())

const enqueue = (...jobs: readonly object[]) => ({ type: 'enqueue', jobs })

describe('a job that is live already with the same spec', () => {
  it('is told of as known, with what it waits for, by SQL and in TypeScript', async () => {
    const scene = new Scene(place, 'known')
    const coordinator = await scene.join()
    await coordinator.onJobStart('a', 'normal', ['m'])
    const job = { job_id: 'b', models: ['m'] }
    expect(await scene.ask(enqueue(job))).toEqual({ ok: true, queued: 1, known: [], waiting: ['b'] })
    expect(await scene.ask(enqueue(job, { job_id: 'c', models: ['m'] }))).toEqual({
      ...{ ok: true, queued: 1, known: ['b'], waiting: ['c', 'b'] },
    })
    const same = { jobId: 'b', models: ['m'] }
    expect(await coordinator.enqueue([same, same])).toMatchObject({
      ...{ queued: 0, known: ['b'] },
      waiting: [{ jobId: 'b', code: 'model_in_use', blockedBy: 'a' }],
    })
    await scene.close()
  })
})

describe('a submission that is refused after its commit', () => {
  it('is in the log of the process that refused it, and in the lists until its job has come in', async () => {
    const scene = new Scene(place, 'refused')
    const logger = keepingLogger()
    const coordinator = await createCoordinator({ store: place.store, queue: scene.queue, logger })
    await coordinator.setPolicy({ emptySet: 'reject' })
    await scene.ask(enqueue({ job_id: 'a', models: ['m'] }, { job_id: 'b', models: [] }))
    expect(logger.lines.filter((line) => line.includes('refused'))).toEqual([
      expect.stringMatching(
        /^\[COORDINATOR\] Job a and 1 more, submitted by SQL \(request \S+\), refused: job b names no model/,
      ),
    ])
    const access = { store: place.store, queue: scene.queue }
    const refused = async () => (await queue(access)).refused.map(({ jobId, code }) => [jobId, code])
    // All or none: neither of the two is in line.
    expect(await refused()).toEqual([
      ['a', 'models_required'],
      ['b', 'models_required'],
    ])
    expect(await explain(access, 'a')).toMatchObject({ state: 'refused', code: 'models_required' })
    expect(await scene.ask(enqueue({ job_id: 'a', models: ['m'] }))).toMatchObject({ queued: 1 })
    expect(await refused()).toEqual([['b', 'models_required']])
    expect(await explain(access, 'a')).toMatchObject({
      state: 'waiting',
      also: [/refused/, /refused/].slice(1),
    })
    await coordinator.close()
  })
})
