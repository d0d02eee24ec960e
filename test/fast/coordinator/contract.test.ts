/** A contract with schemas is kept at each way in, and at the end of each handler. */
import { firstValueFrom } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { TypedCoordinator } from '../../../src/engine/coordinator/index.ts'
import { defineQueue, type KindsOf } from '../../../src/engine/events/index.ts'
import { enqueueIn } from '../../../src/engine/transaction/index.ts'
import { testQueue } from '../../../src/tools/testing/index.ts'

const contract = defineQueue({
  resize: {
    payload: z.object({ width: z.string().transform(Number) }),
    result: z.object({ path: z.string() }),
    models: ['sharp'],
  },
  sweep: {},
})
type Kinds = KindsOf<typeof contract>

/** As JavaScript gives it. */
const wrong = { kind: 'resize', payload: { width: 5 } } as never
const other = { kind: 'resise', payload: { width: '5' } } as never
const lease = { jobId: 'a', fencingToken: 1, epoch: 1 }

type Door = (coordinator: TypedCoordinator<Kinds>, job: never) => Promise<unknown>
const doors: Readonly<Record<string, Door>> = {
  enqueue: (coordinator, job) => coordinator.enqueue(job),
  'enqueue a list': (coordinator, job) => coordinator.enqueue([{ kind: 'sweep' }, job]),
  add: (coordinator, job) => coordinator.add(lease, job),
  quote: (coordinator, job) => coordinator.quote(job),
  schedules: (coordinator, job) => coordinator.schedules('billing', [{ id: 'a', every: '15m', job }]),
  onJobStart: (coordinator, job) => coordinator.onJobStart('a', 'normal', ['sharp'], job),
  enqueueIn: (_, job) => enqueueIn(() => Promise.reject(new Error('sent')), job, { contract }),
}

describe.each(Object.entries(doors))('%s', (_, give) => {
  it('refuses a payload that the schema of its kind refuses, and names both', async () => {
    await using queue = await testQueue({ contract })
    await expect(give(queue.coordinator, wrong)).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringMatching(/payload\.width: .*expected string.*\(kind resize\)/),
    })
  })

  it('refuses a kind that is not in the contract, with the nearest', async () => {
    await using queue = await testQueue({ contract })
    await expect(give(queue.coordinator, other)).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringMatching(/kind: the contract has no kind "resise"; did you mean resize\?/),
    })
  })
})

it('hands handlers what the schema makes of a payload, with the models of the kind, and keeps what it makes of a result', async () => {
  await using queue = await testQueue({ contract })
  const seen: unknown[] = []
  queue.work({
    resize: ({ payload, models }) => {
      seen.push(payload, models)
      return { path: `${payload.width}.png`, secret: 'x' }
    },
  })
  const { jobId, result, payload } = await queue.run<'resize'>({ kind: 'resize', payload: { width: '5' } })
  expect(seen).toEqual([{ width: 5 }, ['sharp']])
  expect({ result, payload }).toEqual({ result: { path: '5.png' }, payload: { width: '5' } })
  const end = await firstValueFrom(queue.coordinator.ended$<'resize'>(jobId))
  expect(end.result?.path).toBe('5.png')
})

it('fails a job for good whose handler returns what its contract does not say', async () => {
  await using queue = await testQueue({ contract })
  queue.work({ resize: () => ({ paht: 'a' }) as never })
  const { state, error, starts } = await queue.run({ kind: 'resize', payload: { width: '5' } })
  expect({ state, starts, error }).toMatchObject({
    state: 'failed',
    starts: 1,
    error: { message: expect.stringMatching(/^result\.path: .*expected string/) },
  })
})

it('refuses a payload of a kind that takes none', async () => {
  await using queue = await testQueue({ contract })
  const given = queue.coordinator.enqueue({ kind: 'sweep', payload: 5 as never })
  await expect(given).rejects.toMatchObject({ message: expect.stringContaining('the kind sweep takes none') })
})

it('asks nothing at run time where only types are known', async () => {
  const typed = defineQueue<{ resize: { payload: { width: number } } }>()
  await using queue = await testQueue({ contract: typed })
  expect(await queue.coordinator.enqueue({ kind: 'other', payload: 5 } as never)).toMatchObject({ queued: 1 })
})

it.each([5, { a: 5 }, { a: { payload: 5 } }, { a: { modles: [] } }])(
  'defineQueue refuses what are no kinds: %j',
  (kinds) => {
    expect(() => defineQueue(kinds as never)).toThrow(/^kinds/)
  },
)
