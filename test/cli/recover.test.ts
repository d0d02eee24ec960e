import { describe, expect, it } from 'vitest'
import { postgresStore } from '../../src/adapter/postgres/index.ts'
import { createCoordinator, silentLogger } from '../../src/coordinator/index.ts'
import { documentOf, emptyQueue } from './history.ts'
import { interlock } from './support.ts'

describe('recover', () => {
  it('holds the queue, lists what is in doubt, and is told what became of each', async () => {
    const url = await emptyQueue()
    const store = postgresStore(url)
    const worker = await createCoordinator({ store, logger: silentLogger })
    await worker.setPolicy('by-model')
    await worker.enqueue(['a', 'b', 'c', 'd'].map((jobId) => ({ jobId, models: [jobId] })))
    const [first] = await worker.claim({ max: 3, kinds: null })
    const looked = await documentOf(url, ['recover'])
    expect(looked).toMatchObject({ epoch: 1, status: 'running', decided: 0 })
    const begun = await documentOf(url, ['recover', '--begin'])
    expect(begun).toMatchObject({ epoch: 2, status: 'draining', waitingCount: 1 })
    expect(begun.doubtful.map(({ jobId }: { jobId: string }) => jobId)).toEqual(['a', 'b', 'c'])
    await expect(worker.complete((first as NonNullable<typeof first>).lease)).rejects.toMatchObject({
      code: 'stale_token',
    })
    const twice = await interlock(['recover', '--completed', 'a', '--fail', 'a', '--url', url])
    expect({ code: twice.code, says: twice.stderr.includes('named twice') }).toEqual({ code: 2, says: true })
    const unknown = await interlock(['recover', '--completed', 'd', '--url', url])
    expect({ code: unknown.code, says: unknown.stderr.includes('job d is not active') }).toEqual({
      code: 1,
      says: true,
    })
    const early = await interlock(['resume', '--url', url])
    expect(early).toMatchObject({ code: 1, stderr: expect.stringContaining('what became of a, b, c') })
    expect(await documentOf(url, ['explain', 'd'])).toMatchObject({
      code: 'draining',
      whatHasToHappen: expect.stringContaining('interlock recover'),
    })
    const words = ['recover', '--completed', 'a', '--requeue', 'b', '--fail', 'c']
    expect(await documentOf(url, words)).toMatchObject({ decided: 3, doubtful: [], waitingCount: 2 })
    expect((await interlock(['recover', '--url', url])).stdout).toContain(
      'no job is in doubt: interlock resume',
    )
    expect(await documentOf(url, ['resume'])).toMatchObject({ waitingCount: 2 })
    expect(await documentOf(url, ['verify'])).toMatchObject({ ok: true })
    expect(await documentOf(url, ['audit'])).toMatchObject({ violations: [], completed: 1, failed: 1 })
    await worker.close()
    await store.close()
  })

  it('is not asked for by a drain in a later epoch, and not waited for with resume --force', async () => {
    const url = await emptyQueue()
    const store = postgresStore(url)
    const worker = await createCoordinator({ store, logger: silentLogger })
    await worker.setPolicy('by-model')
    await worker.enqueue(['a', 'b'].map((jobId) => ({ jobId, models: [jobId] })))
    await worker.claim({ max: 1, kinds: null })
    await documentOf(url, ['recover', '--begin'])
    expect((await interlock(['resume', '--url', url])).code).toBe(1)
    expect(await documentOf(url, ['resume', '--force'])).toMatchObject({ status: 'running' })
    await documentOf(url, ['drain'])
    expect(await documentOf(url, ['resume'])).toMatchObject({ status: 'running' })
    await worker.close()
    await store.close()
  })
})
