import { expect, it } from 'vitest'
import { jobOf } from '../../../src/engine/core/index.ts'
import { testQueue } from '../../../src/tools/testing/index.ts'

it('a handler knows the places of its models: one of each that it shares, all of one that it has as exclusive', async () => {
  await using queue = await testQueue({
    policy: { maxActive: null, capacity: { flux: ['h:0', 'h:1'], vae: ['h:2'] } },
  })
  const seen: unknown[] = []
  queue.work({ '*': ({ places, allPlaces }) => void seen.push(places, allPlaces) })
  await queue.run({ kind: 'shared', models: ['flux', 'vae', 'api'] })
  await queue.run({ kind: 'swap', models: ['flux', 'vae'], modes: { flux: 'exclusive' } })
  expect(seen).toEqual([
    { flux: 'h:0', vae: 'h:2' },
    { flux: ['h:0'], vae: ['h:2'] },
    { vae: 'h:2' },
    { flux: ['h:0', 'h:1'], vae: ['h:2'] },
  ])
})

it('the gate takes what a job asks of a place, and whose it is', async () => {
  await using queue = await testQueue({
    policy: { maxActive: null, capacity: { flux: ['h:0'] }, units: { 'h:0': { vram: 24 } } },
  })
  const { coordinator } = queue
  const ask = (jobId: string) =>
    coordinator.onJobStart(jobId, 'normal', ['flux'], { asks: { flux: { vram: 12 } }, fairKey: 'ada' })
  const answers = [await ask('a'), await ask('b'), await ask('c')]
  expect(answers.map(({ allowed }) => allowed)).toEqual([true, true, false])
  expect(jobOf(coordinator.ledger(), 'a')?.spec.fairKey).toBe('ada')
})
