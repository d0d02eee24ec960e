/** Says when a job would start before it is put in line, and when one starts that waits. */
import { expect, it } from 'vitest'
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { quote } from '../../../src/tools/operate/index.ts'
import { clockOf } from '../contract/clocked.ts'
import { connection, migratedDatabase } from '../contract/support.ts'
import { documentOf } from './history.ts'
import { interlock } from './support.ts'

it('interlock quote says what would come of a job and changes nothing, and explain when one starts that waits', async () => {
  const url = await migratedDatabase()
  const setClock = await clockOf(await connection(url))
  // Alive in all the minutes that pass.
  const coordinator = await createCoordinator({
    store: postgresStore(url),
    leaseMs: 3_600_000,
    logger: silentLogger,
  })
  await coordinator.setPolicy('by-model')
  coordinator.offering(null, 1)
  const names = Array.from({ length: 20 }, (_, n) => `j${n}`)
  await coordinator.enqueue(names.map((jobId) => ({ jobId, models: ['veo'] })))
  let [started] = await coordinator.claim({ max: 1 })
  // Each takes a minute. Against that it does not count how long one waits until the last question.
  for (let minute = 1; minute <= 18; minute++) {
    await setClock(60 * minute)
    const { lease } = started ?? expect.unreachable()
    ;[started] = await coordinator.complete(lease, { claim: { max: 1, kinds: null } })
  }
  const before = await documentOf(url, ['status'])
  const told = await documentOf(url, ['quote', '--models', 'veo'])
  expect(told).toMatchObject({
    ...{ jobId: 'quote', isNew: true, isStartable: false, version: before.version },
    ...{ startsInSeconds: expect.any(Number), startsFromSeconds: expect.any(Number) },
    explanation: { code: 'model_in_use', blockedBy: 'j19', chain: ['j19', 'j18'], position: 1 },
  })
  const { explanation, ...rest } = await quote(
    { store: postgresStore(url) },
    { jobId: 'quote', models: ['veo'] },
  )
  expect(rest).toEqual({ ...rest, isNew: told.isNew, version: told.version })
  expect(explanation?.reason).toBe(told.explanation.reason)
  expect((await interlock(['quote', '--models', 'veo', '--url', url])).stdout).toMatch(
    /job +it would be put in line\nmay start +no\n(.*\n)*starts +(in about|at once).*\n/,
  )
  expect((await interlock(['explain', 'j19', '--url', url])).stdout).toMatch(/starts +(in about|at once)/)
  expect(await documentOf(url, ['explain', 'j19'])).toMatchObject({
    startsToSeconds: expect.any(Number),
    startsReason: null,
  })
  const refused = await interlock(['quote', '--job', 'j19', '--models', 'other', '--url', url])
  expect([refused.code, refused.stderr]).toEqual([
    expect.any(Number),
    expect.stringMatching(/job j19 is live with another spec/),
  ])
  expect((await documentOf(url, ['status'])).version).toBe(before.version)
  await coordinator.close()
  expect((await interlock(['explain', 'j19', '--url', url])).stdout).toMatch(
    /starts +nobody can say: no live process runs its kind\n/,
  )
  expect(await documentOf(url, ['explain', 'j19'])).toMatchObject({ startsInSeconds: null })
})
