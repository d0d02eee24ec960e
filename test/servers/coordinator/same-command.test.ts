/** Two commands with one id in one append: two processes took the same request, say. */
import { expect, it } from 'vitest'
import { carryOut } from '../../../src/engine/coordinator/commit/commit-beside.ts'
import { type CommandBody, specDefaults } from '../../../src/engine/core/index.ts'
import { memoryStore } from '../../../src/engine/store/memory/index.ts'

const enqueued = (jobId: string): CommandBody => ({
  type: 'enqueue',
  specs: [{ ...{ jobId, jobType: 'normal', kind: 'normal', models: ['m'] }, ...specDefaults }],
})

async function sent(...bodies: readonly CommandBody[]) {
  const store = memoryStore()
  await store.open('default')
  const limit = { forMs: 5_000, signal: new AbortController().signal }
  const commands = bodies.map((body) => ({ id: 'x', body }))
  const outcome = await carryOut({ store, queue: 'default', limit }, commands).then(
    ({ results }) => results,
    (error) => error,
  )
  return { outcome, events: (await store.read('default', 0, 100)).events }
}

it('are carried out once, and both are answered', async () => {
  const { outcome, events } = await sent(enqueued('a'), enqueued('a'))
  expect(outcome).toMatchObject([
    { ok: true, changed: true },
    { ok: true, changed: true },
  ])
  expect(events.filter(({ type }) => type === 'queued')).toHaveLength(1)
})

it('of which the second has another body: the first is carried out, the second refused (command_reused)', async () => {
  const { outcome, events } = await sent(enqueued('a'), enqueued('b'))
  expect(outcome).toMatchObject({ code: 'command_reused' })
  expect(events.flatMap((event) => (event.type === 'queued' ? [event.jobId] : []))).toEqual(['a'])
})
