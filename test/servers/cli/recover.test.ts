import { describe, expect, it } from 'vitest'
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import type { Started } from '../../../src/engine/core/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { documentOf, emptyQueue } from './history.ts'
import { interlock } from './support.ts'

describe('interlock recover (beginEpoch, inDoubt, recover)', () => {
  it('holds the queue, lists the jobs in doubt, and is told how each of them ended', async () => {
    const url = await emptyQueue()
    const store = postgresStore(url)
    const worker = await createCoordinator({ store, logger: silentLogger })
    await worker.setPolicy('by-model')
    await worker.enqueue(['a', 'b', 'c', 'd'].map((jobId) => ({ jobId, models: [jobId] })))
    const [first] = await worker.claim({ max: 3, kinds: null })
    const looked = await documentOf(url, ['recover'])
    expect(looked).toMatchObject({ epoch: 1, status: 'running', decided: [], doubtful: [] })
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
    expect(early).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('it is not decided yet how a, b, c ended'),
    })
    expect(await documentOf(url, ['explain', 'd'])).toMatchObject({
      code: 'draining',
      whatHasToHappen: expect.stringContaining('interlock-queue recover'),
    })
    const words = ['recover', '--completed', 'a', '--requeue', 'b', '--fail', 'c']
    expect(await documentOf(url, words)).toMatchObject({
      decided: [
        { jobId: 'a', end: 'completed' },
        { jobId: 'b', end: 'requeued' },
        { jobId: 'c', end: 'failed' },
      ],
      ...{ undecided: [], doubtful: [], waitingCount: 2 },
    })
    expect(await documentOf(url, ['dead'])).toMatchObject([{ jobId: 'c', code: 'unknown_end' }])
    expect((await interlock(['recover', '--url', url])).stdout).toContain(
      'no job is in doubt: npx interlock-queue resume',
    )
    expect(await documentOf(url, ['resume'])).toMatchObject({ waitingCount: 2 })
    expect(await documentOf(url, ['verify'])).toMatchObject({ ok: true })
    expect(await documentOf(url, ['audit'])).toMatchObject({ violations: [], completed: 1, failed: 1 })
    await worker.close()
    await store.close()
  })

  it('is not asked for by interlock drain in a later epoch, and not waited for with resume --force', async () => {
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

  it('decides nothing of a job that a worker runs, and says so before it joins the queue', async () => {
    const url = await emptyQueue()
    const store = postgresStore(url)
    const worker = await createCoordinator({ store, logger: silentLogger })
    await worker.setPolicy('by-model')
    await worker.enqueue(['a', 'b', 'c'].map((jobId) => ({ jobId, models: [jobId] })))
    const [a, b] = await worker.claim({ max: 2, kinds: null })
    const { version } = worker.state()
    const refused = async (flag: string, jobId: string) => {
      const { code, stdout, stderr } = await interlock(['recover', flag, jobId, '--url', url])
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
      expect(stderr).toContain(`error (not_holder): job ${jobId} is not in doubt`)
      expect(stderr).toContain('interlock-queue recover --begin')
    }
    for (const flag of ['--fail', '--completed', '--requeue']) await refused(flag, 'a')
    expect((await store.read('default', 0, 1)).version).toBe(version)
    // Nor after a drain: who runs them will say how they ended.
    await documentOf(url, ['drain'])
    expect(await documentOf(url, ['recover'])).toMatchObject({ status: 'draining', doubtful: [] })
    expect((await interlock(['recover', '--url', url])).stdout).toContain('no job is in doubt')
    await refused('--fail', 'a')
    // What its worker has detached in the first epoch is in nobody's doubt either; in a new epoch all that ran is.
    await worker.detach((a as Started).lease, { until: new Date(Date.now() + 3_600_000) })
    await refused('--fail', 'a')
    const begun = await documentOf(url, ['recover', '--begin'])
    expect(begun.doubtful.map(({ jobId }: { jobId: string }) => jobId)).toEqual(['a', 'b'])
    await documentOf(url, ['recover', '--completed', 'a'])
    await documentOf(url, ['resume', '--force'])
    await worker.catchUp()
    const [c] = await worker.claim({ max: 1, kinds: null })
    await worker.detach((c as Started).lease, { until: new Date(Date.now() + 3_600_000) })
    await refused('--fail', 'c')
    expect(await documentOf(url, ['recover', '--requeue', 'b'])).toMatchObject({
      ...{ decided: [{ jobId: 'b', end: 'requeued' }], doubtful: [] },
    })
    expect(b).toBeDefined()
    await worker.close()
    await store.close()
  })

  it('knows the jobs in doubt also when the beginning of the epoch is out of the log', async () => {
    const url = await emptyQueue()
    const store = postgresStore(url)
    const worker = await createCoordinator({ store, logger: silentLogger })
    await worker.enqueue([{ jobId: 'a', models: ['m'] }])
    await worker.claim({ max: 1, kinds: null })
    await documentOf(url, ['recover', '--begin'])
    const { version } = await store.project('default', 10_000)
    await documentOf(url, ['archive', '--before', String(version), '--drop'])
    expect((await documentOf(url, ['recover'])).doubtful).toMatchObject([{ jobId: 'a' }])
    expect(await documentOf(url, ['recover', '--fail', 'a'])).toMatchObject({ doubtful: [] })
    await worker.close()
    await store.close()
  })
})
