/** Where attempts failed lately, as the dashboard's server knows it. */
import { expect, it } from 'vitest'
import { failuresSchema } from '../../../src/apps/dashboard/api/queue-documents.ts'
import { mounted, notingReads } from './support.ts'

const address = '/api/queues/default/failures'

it('the answer grows with what fails, and reads only what is new', async () => {
  const { store, reads } = notingReads()
  const { get, coordinator } = await mounted({ store })
  await coordinator.setPolicy({ capacity: { m: ['h:0', 'h:1'] }, maxActive: null })
  const answer = async (query = '') =>
    failuresSchema.parse(JSON.parse(await (await get(`${address}${query}`)).text()))
  expect(await answer()).toMatchObject({ attempts: 0, failed: 0, byPlace: [], byWorker: [], byModel: [] })
  const claims = await coordinator.claim({ max: 2, kinds: null })
  for (const { lease } of claims) await coordinator.fail(lease, { error: 'no memory left' })
  reads.length = 0
  // What was looked at a moment ago is good.
  await expect.poll(() => answer()).toMatchObject({ failed: claims.length, attempts: claims.length })
  const found = await answer()
  expect(found.byModel).toEqual([{ name: 'm', attempts: claims.length, failed: claims.length }])
  expect(found.byPlace.map(({ name }) => name)).toEqual(['h:0'])
  // To count it again is to read from the beginning.
  expect(reads).not.toContain(0)
  expect(await answer(`?since=${found.to + 60_000_000}`)).toMatchObject({ attempts: 0, failed: 0 })
})
