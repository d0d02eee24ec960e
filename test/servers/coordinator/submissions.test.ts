/** Submitted jobs come into line by any process, and those that may not yet come when they may. */
import { expect, it } from 'vitest'
import { memorySubmit } from '../../../src/engine/store/memory/inbox.ts'
import { memoryDatabase, memoryStore } from '../../../src/engine/store/memory/index.ts'
import { explain } from '../../../src/tools/operate/index.ts'
import { join, keepingLogger } from './support.ts'

const job = (id: string, more: object = {}) => ({ job_id: id, models: ['m'], ...more })

it('are taken in by a process that comes later, with their payloads', async () => {
  const database = memoryDatabase()
  const store = memoryStore(database)
  await store.open('default')
  memorySubmit(database, [job('a', { payload: 5, run_at: '2026-01-01T00:00:00Z' }), job('b')])
  expect(await explain({ store }, 'b')).toMatchObject({ state: 'submitted', code: 'undecided' })
  const coordinator = await join({ store })
  await expect.poll(() => coordinator.state().waitingCount).toBe(2)
  expect((await coordinator.data(['a']))[0]).toMatchObject({ payload: 5 })
  expect(await store.submitted('default', 10)).toMatchObject({ undecided: { commands: 0 }, jobs: [] })
})

it('wait behind a live job with their id and another body, and come into line when it ends', async () => {
  const database = memoryDatabase()
  const store = memoryStore(database)
  const logger = keepingLogger()
  const coordinator = await join({ store, logger })
  await coordinator.enqueue([{ jobId: 'a', models: ['m'], priority: 1 }])
  memorySubmit(database, [job('a'), job('b')])
  const held = async () => (await store.submitted('default', 10)).jobs.map(({ jobId, code }) => [jobId, code])
  await expect.poll(held).toEqual([['a', 'job_exists']])
  expect(logger.lines.filter((line) => line.includes('comes into line later'))).toHaveLength(1)
  expect(await explain({ store }, 'a')).toMatchObject({ state: 'waiting' })
  await coordinator.cancel('a')
  await expect.poll(held).toEqual([])
  expect(coordinator.state().waitingCount).toBe(2)
})

it('that this release cannot read stay, and the others come into line', async () => {
  const database = memoryDatabase()
  const store = memoryStore(database)
  const coordinator = await join({ store })
  memorySubmit(database, [job('odd', { colour: 'of a later release' }), job('b')])
  const held = async () => (await store.submitted('default', 10)).jobs.map(({ jobId, code }) => [jobId, code])
  await expect.poll(held).toEqual([['odd', 'invalid_input']])
  expect(coordinator.state().waitingCount).toBe(1)
  expect(await explain({ store }, 'odd')).toMatchObject({
    ...{ state: 'submitted', code: 'invalid_input' },
    whatHasToHappen: expect.stringContaining('upgrade'),
  })
})

it('come after others, in whatever order they were committed, and wait for one that nobody knows', async () => {
  const database = memoryDatabase()
  const store = memoryStore(database)
  const coordinator = await join({ store })
  await coordinator.setPolicy('by-model')
  await coordinator.enqueue([{ jobId: 'ended', models: ['m'] }])
  for (const { lease } of await coordinator.claim({ max: 1 })) await coordinator.complete(lease)
  memorySubmit(database, [
    job('c', { after: ['b', 'ended'] }),
    job('b', { after: [{ job: 'a', if_failed: 'continue' }] }),
    job('a'),
    job('late', { after: ['not yet'] }),
    ...[job('x', { after: ['y'] }), job('y', { after: ['x'] })],
  ])
  const held = async () => (await store.submitted('default', 10)).jobs.map(({ jobId, code }) => [jobId, code])
  await expect.poll(held).toEqual([
    ['late', 'parent_unknown'],
    ['x', 'flow_cycle'],
    ['y', 'flow_cycle'],
  ])
  expect(await explain({ store }, 'late')).toMatchObject({
    ...{ state: 'submitted', code: 'parent_unknown' },
    reason: expect.stringContaining('comes into line later: job late comes after job not yet'),
  })
  expect((await coordinator.explain('c'))?.parents.map(({ jobId, outcome }) => [jobId, outcome])).toEqual([
    ['b', null],
    ['ended', 'completed'],
  ])
  // One closes a circle with what waits since an earlier transaction: all say so.
  memorySubmit(database, [job('not yet', { after: ['between'] })])
  memorySubmit(database, [job('between', { after: ['late'] })])
  await expect
    .poll(held)
    .toEqual(['late', 'x', 'y', 'not yet', 'between'].map((jobId) => [jobId, 'flow_cycle']))
  expect(await explain({ store }, 'between')).toMatchObject({
    ...{ state: 'submitted', code: 'flow_cycle' },
    reason: expect.stringMatching(/wait for each other.*: (\S+|not yet) → .* → .* → .*;/),
  })
  expect(await coordinator.cancel('not yet')).toBeUndefined()
  await expect.poll(async () => (await held())[0]).toEqual(['late', 'parent_unknown'])
  await coordinator.cancel('between')
  await coordinator.enqueue([{ jobId: 'not yet', models: ['n'] }])
  await expect.poll(() => coordinator.explain('late').then((found) => found?.code)).toBe('waits_for_parents')
})
