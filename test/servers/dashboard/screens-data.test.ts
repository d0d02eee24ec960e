/** What screens are made of, where it was wrong or dear: counts of models with places, trials of new places, the snapshot, the list of jobs. */
import { gunzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { CoreQueue, plainSpec } from '../../../bench/core-queue.ts'
import { countsOf } from '../../../src/apps/dashboard/page/screen/history/order.ts'
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { defaultPolicy, emptyLedger, jobOf } from '../../../src/engine/core/index.ts'
import { memoryStore } from '../../../src/engine/store/memory/index.ts'
import { whatIf } from '../../../src/tools/insight/index.ts'
import { slotsIn, unitsOfNew } from '../../../src/tools/insight/what-if/around.ts'
import { mounted, notingReads } from './support.ts'

it('History counts who has a place of a model and who waits for one', () => {
  const queue = new CoreQueue()
  queue.setPolicy({ ...defaultPolicy, maxActive: null, capacity: { flux: ['h:0', 'h:1'] } })
  const specs = ['a', 'b', 'c'].map((jobId) => plainSpec(jobId, ['flux']))
  queue.send({ type: 'enqueue', specs }, { max: 9, kinds: null })
  expect(countsOf(queue.ledger, 'flux')).toEqual({ held: 2, waiting: 1 })
})

it('What if gives a place that the log does not know the units of the first one of its model', () => {
  const policy = {
    ...defaultPolicy,
    capacity: { flux: ['h:0', 'h:1'] },
    units: { 'h:0': { vram: 24 }, 'h:1': { vram: 24 } },
  }
  const capacity = { flux: ['h:0', 'h:1', 'new:2'], sdxl: 2 }
  expect(unitsOfNew(capacity, policy)).toEqual({ 'new:2': { vram: 24 } })
  expect(unitsOfNew(policy.capacity, policy)).toEqual({})
})

it('What if knows the slots of the processes that are alive', () => {
  const queue = new CoreQueue()
  queue.send({ type: 'enqueue', specs: [plainSpec('a', ['m'])] }, { max: 1, kinds: null }, 'w')
  expect(jobOf(queue.ledger, 'a')?.active).toBe(true)
  const worker = { workerId: 'w', state: 'live', kinds: null, freeSlots: 3, release: '1.0.0' } as const
  expect(slotsIn([worker, { ...worker, workerId: 'x', freeSlots: 5 }], queue.ledger)).toBe(9)
  expect(
    slotsIn(
      [
        { ...worker, state: 'dead' },
        { ...worker, kinds: [] },
      ],
      queue.ledger,
    ),
  ).toBeNull()
  expect(slotsIn(null, emptyLedger)).toBeNull()
})

it('interlock what-if simulates with the slots of the processes that are alive', async () => {
  const store = memoryStore()
  const coordinator = await createCoordinator({ store, logger: silentLogger })
  await coordinator.setPolicy('by-model')
  coordinator.offering(null, 2)
  await coordinator.enqueue(['a', 'b', 'c'].map((jobId) => ({ jobId, models: [jobId] })))
  for (const { lease } of await coordinator.claim({ max: 2, kinds: null })) await coordinator.complete(lease)
  const { outcomes } = await whatIf({ store }, { since: 1, tries: [{}, { slots: 7 }] })
  expect(outcomes.map(({ slots }) => slots)).toEqual([null, 2, 2, 7])
  await coordinator.close()
})

it('the snapshot comes packed to who takes that, and is the same', async () => {
  const { get } = await mounted()
  const plain = await get('/api/queues/default/snapshot')
  const packed = await get('/api/queues/default/snapshot', { 'accept-encoding': 'br, gzip' })
  expect([plain, packed].map(({ headers }) => headers.get('content-encoding'))).toEqual([null, 'gzip'])
  expect(gunzipSync(Buffer.from(await packed.arrayBuffer())).toString()).toBe(await plain.text())
})

it('Jobs folds the log once, and reads on', async () => {
  const { store, reads } = notingReads()
  const { get, coordinator } = await mounted({ store })
  const found = async () => {
    const answer: { readonly total?: number } = JSON.parse(
      await (await get('/api/queues/default/jobs')).text(),
    )
    return answer.total
  }
  expect(await found()).toBe(2)
  await coordinator.enqueue([{ jobId: 'c', models: ['m'] }])
  reads.length = 0
  expect(await found()).toBe(3)
  // To fold it again is to read from its beginning.
  expect(reads).not.toContain(0)
})
