import { firstValueFrom } from 'rxjs'
import { describe, expect, it } from 'vitest'
import type { Started } from '../../../src/engine/core/index.ts'
import { eventually } from '../../support/this-test.ts'
import { log } from '../worker/support.ts'
import { join, keepingLogger, memoryStore } from './support.ts'

describe('the gate', () => {
  it('scenario 1: a job on the same model waits, and may start when the first has completed', async () => {
    const logger = keepingLogger()
    const coordinator = await join({ logger })
    expect(await coordinator.onJobStart('A', 'normal', ['motion-2.0-fast'])).toMatchObject({ allowed: true })
    expect(await coordinator.onJobStart('B', 'normal', ['motion-2.0-fast'])).toMatchObject({
      allowed: false,
      code: 'model_in_use',
      blockedBy: ['A'],
    })
    await coordinator.onJobComplete('A', 'normal')
    expect(await coordinator.onJobStart('B', 'normal', ['motion-2.0-fast'])).toMatchObject({ allowed: true })
    expect(logger.lines).toEqual([
      '[COORDINATOR] Checking if job A can start...',
      '[COORDINATOR] No active job - A can start immediately',
      '[COORDINATOR] Set active job: A (normal) - Models: [motion-2.0-fast]',
      '[COORDINATOR] Checking if job B can start...',
      expect.stringContaining('conflict detected'),
      expect.stringContaining('blocked:'),
      '[COORDINATOR] Job A ended: completed',
      '[COORDINATOR] Checking if job B can start...',
      '[COORDINATOR] No active job - B can start immediately',
      '[COORDINATOR] Set active job: B (normal) - Models: [motion-2.0-fast]',
    ])
  })

  it('scenario 2: a normal job waits for a workflow that has its model', async () => {
    const coordinator = await join()
    const models = coordinator.getWorkflowModels({
      steps: [{ default_model: 'nano-banana-pro' }, { default_model: 'motion-2.0-fast' }],
    })
    await coordinator.onJobStart('W1', 'workflow', models)
    const waiting = coordinator.onJobStart('N1', 'normal', ['motion-2.0-fast'], { wait: true })
    await coordinator.onJobComplete('W1', 'workflow')
    expect(await waiting).toMatchObject({ allowed: true, lease: { jobId: 'N1' } })
  })

  it('scenario 3: serialised by default, whatever the models', async () => {
    const coordinator = await join()
    await coordinator.onJobStart('A', 'normal', ['flux-dev'])
    expect(await coordinator.onJobStart('B', 'normal', ['minimax/video-01'])).toMatchObject({
      allowed: false,
      code: 'serialized',
      blockedBy: ['A'],
    })
  })

  it('may say how many models its process keeps: what it starts is loaded there', async () => {
    const store = memoryStore()
    const coordinator = await join({ store })
    await coordinator.setPolicy({ maxActive: 1, warm: { maxPassed: 9, maxPassedSeconds: 60 } })
    await coordinator.onJobStart('A', 'normal', ['a'], { keeps: 1 })
    await coordinator.onJobComplete('A', 'normal')
    const models = ['b', 'a']
    await coordinator.enqueue(models.map((model) => ({ jobId: model, models: [model] })))
    const [next] = (await coordinator.claim({ max: 1 })) as [Started]
    expect(next.lease.jobId).toBe('a')
    await coordinator.complete(next.lease)
    expect(await coordinator.takeUp('b', { keeps: 2 })).toMatchObject({ allowed: true })
    const said = (await log(store)).filter(({ type }) => type === 'worker_serves')
    expect(said).toMatchObject([{ keeps: 1 }, { keeps: 2 }])
    await expect(coordinator.onJobStart('C', 'normal', ['c'], { keeps: 0 })).rejects.toThrow(
      'options.keeps: must be a whole number from 1 to 1,000',
    )
  })

  it('may say which places its process serves: it is given no others', async () => {
    const store = memoryStore()
    const [coordinator, other] = [await join({ store }), await join({ store })]
    await coordinator.setPolicy({ maxActive: null, capacity: { flux: ['host1:0', 'host2:0'] } })
    await coordinator.onJobStart('A', 'normal', ['flux'], { serves: ['host1:*'] })
    expect(await other.onJobStart('B', 'normal', ['flux'], { serves: ['host2:*'] })).toMatchObject({
      lease: { places: { flux: 'host2:0' } },
    })
    const waits = coordinator.onJobStart('C', 'normal', ['flux'], { wait: true, keeps: 1 })
    await eventually(() => coordinator.state().waitingCount).toBe(1)
    await other.onJobComplete('B', 'normal')
    await coordinator.onJobComplete('A', 'normal')
    expect(await waits).toMatchObject({ lease: { places: { flux: 'host1:0' } } })
    const said = (await log(store)).filter(({ type }) => type === 'worker_serves')
    expect(said).toMatchObject([
      { places: ['host1:*'] },
      { places: ['host2:*'] },
      { places: ['host1:*'], keeps: 1 },
    ])
  })

  it('answers the same to the same question, and hands the lease to its holder only', async () => {
    const store = memoryStore()
    const [here, there] = [await join({ store }), await join({ store })]
    const first = await here.onJobStart('A', 'normal', ['m'])
    expect(await here.onJobStart('A', 'normal', ['m'])).toEqual(first)
    await expect(there.onJobStart('A', 'normal', ['m'])).rejects.toMatchObject({ code: 'not_holder' })
    await expect(here.onJobStart('A', 'normal', ['n'])).rejects.toMatchObject({ code: 'job_exists' })
  })

  it('starts a job for the process that waits for it when another process ends the blocker', async () => {
    const store = memoryStore()
    const [here, there] = [await join({ store }), await join({ store })]
    await here.onJobStart('A', 'normal', ['m'])
    const waiting = there.onJobStart('B', 'normal', ['m'], { wait: true })
    await expect.poll(() => here.state().waitingCount).toBe(1)
    await here.onJobComplete('A', 'normal')
    expect(await waiting).toMatchObject({ allowed: true, lease: { jobId: 'B' } })
    expect(here.state().active()).toMatchObject([{ jobId: 'B', workerId: there.workerId }])
  })

  it('announces on ready$ what was refused before, and takes back what nobody takes up', async () => {
    const coordinator = await join()
    const ready = firstValueFrom(coordinator.ready$)
    await coordinator.onJobStart('A', 'normal', ['m'])
    expect(await coordinator.onJobStart('B', 'normal', ['m'])).toMatchObject({ allowed: false })
    await coordinator.onJobComplete('A', 'normal')
    expect(await ready).toMatchObject({ lease: { jobId: 'B' } })
    expect(await coordinator.onJobStart('B', 'normal', ['m'])).toMatchObject({ allowed: true })
  })

  it('leaves a job in line when its asker gives up', async () => {
    const coordinator = await join()
    const giveUp = new AbortController()
    await coordinator.onJobStart('A', 'normal', ['m'])
    const waiting = coordinator.onJobStart('B', 'normal', ['m'], { wait: true, signal: giveUp.signal })
    await expect.poll(() => coordinator.state().waitingCount).toBe(1)
    giveUp.abort()
    await expect(waiting).rejects.toThrow()
    await coordinator.onJobComplete('A', 'normal')
    expect(coordinator.state().waiting()).toMatchObject([{ jobId: 'B', code: 'offered' }])
  })

  it('tells a waiting asker that its job was cancelled (job_not_live)', async () => {
    const coordinator = await join()
    await coordinator.onJobStart('A', 'normal', ['m'])
    const waiting = coordinator.onJobStart('B', 'normal', ['m'], { wait: true })
    await expect.poll(() => coordinator.state().waitingCount).toBe(1)
    await coordinator.cancel('B')
    await expect(waiting).rejects.toMatchObject({ code: 'job_not_live' })
  })

  it('lets a job without models bypass, and its end do nothing', async () => {
    const coordinator = await join()
    expect(await coordinator.onJobStart('A', 'normal', [])).toEqual({
      allowed: true,
      lease: null,
      bypassed: true,
    })
    await coordinator.onJobComplete('A', 'normal')
    expect(coordinator.state()).toMatchObject({ activeCount: 0, waitingCount: 0, version: 1 })
  })

  it('accepts an end from the holder, or with the token, and only once (not_holder, stale_token, job_not_active)', async () => {
    const store = memoryStore()
    const [here, there] = [await join({ store }), await join({ store })]
    const answer = await here.onJobStart('A', 'normal', ['m'])
    const fencingToken = answer.allowed ? (answer.lease?.fencingToken ?? 0) : 0
    await expect(there.onJobComplete('A', 'normal')).rejects.toMatchObject({ code: 'not_holder' })
    await expect(
      there.onJobComplete('A', 'normal', { fencingToken: fencingToken - 1 }),
    ).rejects.toMatchObject({
      code: 'stale_token',
    })
    await there.onJobComplete('A', 'normal', { fencingToken })
    await expect(here.onJobComplete('A', 'normal')).rejects.toMatchObject({ code: 'job_not_active' })
  })

  it('names the steps of a workflow that have no model', async () => {
    const logger = keepingLogger()
    const coordinator = await join({ logger })
    const steps = [{ default_model: 'a' }, { name: 'upscale' }, {}, { default_model: 'a' }]
    expect(coordinator.getWorkflowModels({ steps })).toEqual(['a'])
    expect(logger.lines).toEqual(['[COORDINATOR] No default_model in: upscale, step 3'])
  })
})
