import { describe, expect, it, onTestFinished } from 'vitest'
import type { Lease } from '../../../src/engine/core/index.ts'
import { createJobWorker } from '../../../src/engine/worker/index.ts'
import { createWorkflowManager } from '../../../src/engine/workflow/index.ts'
import { appendNow } from '../contract/hand-made.ts'
import { blocksOf, pageOf } from '../docs/markdown.ts'
import { type Account, account } from './support.ts'

/** The queue as of this epoch: as after so many restores. */
const inEpoch = async (db: Account, epoch: number) =>
  appendNow(db.store(), 'default', [{ type: 'epoch_changed', epoch }])

async function ask(db: Account, command: object): Promise<Record<string, unknown>> {
  const id = await db.value('select job_queue_request($1)', [JSON.stringify(command)])
  const look = async () => (await db.value('select job_queue_answer($1)', [id])) as Record<string, unknown>
  await expect.poll(look).not.toBeNull()
  return look()
}

const inSql = async (db: Account, fences: readonly string[]) =>
  db.value('select array_agg(f order by f collate "C") from unnest($1::text[]) f', [fences])

describe('the fence of a lease (job_queue_held)', () => {
  it('crosses from 9 to 10 in token and in epoch, and JavaScript and SQL agree on the order', async () => {
    const db = await account()
    await inEpoch(db, 9)
    const leases: Lease[] = []
    const startAll = async (name: string, count: number) => {
      const coordinator = await db.coordinator()
      for (let n = 0; n < count; n++) {
        const answer = await coordinator.onJobStart(`${name}-${n}`, 'normal', ['m'])
        if (!answer.allowed || answer.lease === null) throw new Error('it may not start')
        leases.push(answer.lease)
        await coordinator.onJobComplete(`${name}-${n}`, 'normal')
      }
      await coordinator.close()
    }
    await startAll('before', 4)
    await inEpoch(db, 10)
    await startAll('after', 2)
    expect(leases.slice(0, 4).map(({ fencingToken }) => fencingToken)).toEqual([3, 6, 9, 12])
    expect(leases.map(({ epoch }) => epoch)).toEqual([9, 9, 9, 9, 10, 10])
    const fences = leases.map(({ fence }) => fence)
    // As after the restore of a backup in which the log was shorter.
    fences.push('0000000011.0000000000000002')
    expect(fences.toReversed().toSorted()).toEqual(fences)
    expect(await inSql(db, fences.toReversed())).toEqual(fences)
  })

  it('is the same at every door: worker, workflow, gate, SQL', async () => {
    const db = await account()
    await inEpoch(db, 9)
    const coordinator = await db.coordinator()
    await coordinator.setPolicy('by-model')
    const held = (workerId: string) => db.value('select job_queue_held($1)', [workerId])
    const fence = /^0{9}9\.0{13}\d{3}$|^0{9}9\.0{14}\d{2}$|^0{9}9\.0{15}\d$/

    await db.value("select job_queue_beat('default', 'py', null, 1, 'test', 60000, 0)")
    const { lease } = await ask(db, { type: 'start', worker_id: 'py', job: { job_id: 'a', models: ['a'] } })
    expect(await held('py')).toMatchObject([{ fence: (lease as Record<string, unknown>)['fence'] }])
    expect(lease).toMatchObject({ fence: expect.stringMatching(fence), epoch: 9 })
    await coordinator.enqueue([{ jobId: 'b', models: ['b'] }])
    const { started } = await ask(db, { type: 'claim', worker_id: 'py', max: 1 })
    expect(started).toMatchObject([{ job_id: 'b', fence: expect.stringMatching(fence) }])
    expect(await held('py')).toMatchObject([{}, { fence: (started as { fence: string }[])[0]?.fence }])

    const seen: unknown[] = []
    const worker = createJobWorker({
      coordinator,
      handlers: {
        normal: async (_, { fence: its, fencingToken, epoch }) => {
          const [own] = (await held(coordinator.workerId)) as readonly Record<string, unknown>[]
          seen.push(
            [its, own?.['fence'], [epoch, fencingToken]],
            [its, its, [own?.['epoch'], own?.['fencing_token']]],
          )
        },
      },
    })
    onTestFinished(() => worker.drain().then(() => undefined))
    worker.start()
    await coordinator.enqueue([{ jobId: 'c', models: ['c'] }])
    await expect.poll(() => seen).toHaveLength(2)
    expect(seen[0]).toEqual(seen[1])
    await worker.drain()

    const manager = createWorkflowManager({
      coordinator,
      runStep: (_, { lease: its }) => its?.fence ?? null,
    })
    const { results } = await manager.executeWorkflow('w', { steps: [{ default_model: 'w' }] })
    expect(results).toEqual([expect.stringMatching(fence)])
  })
})

describe('the recipe of docs/guides/idempotency.md', () => {
  const [table, write] = blocksOf(pageOf('docs/guides/idempotency.md')).filter(
    ({ info }) => info === 'sql fence',
  )

  it('takes a call under the same fence twice, and refuses a late one', async () => {
    const db = await account()
    await db.exec(table?.code ?? '')
    const put = async (image: string, fence: string) =>
      (await db.query(write?.code ?? '', ['report-1', image, fence])).length
    const at = (epoch: number, token: number) =>
      `${String(epoch).padStart(10, '0')}.${String(token).padStart(16, '0')}`
    expect(await put('first', at(9, 9))).toBe(1)
    expect(await put('again', at(9, 9))).toBe(1)
    expect(await put('later', at(9, 10))).toBe(1)
    expect(await put('late', at(9, 9))).toBe(0)
    expect(await put('restored', at(10, 2))).toBe(1)
    expect(await put('of before the restore', at(9, 35))).toBe(0)
    expect(await db.value('select image from images')).toBe('restored')
  })
})
