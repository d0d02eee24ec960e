/** Fair share by use through the calls of a coordinator, with a log in PostgreSQL. */
import { expect, it } from 'vitest'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { audit } from '../../../src/tools/audit/index.ts'
import { createDatabase } from '../../support/postgres-database.ts'
import { join } from './support.ts'

it('a worker gets the job of the key that has used least; the log says by what, and others read it alike', async () => {
  const url = await createDatabase('weights', 'migrated')
  const store = postgresStore(url)
  const coordinator = await join({ store })
  await coordinator.setPolicy({ maxActive: null, maxOvertakes: 100, weights: { '*': 1 } })
  const jobs = ['k0', 'k1', 'k2', 'k3', 'l0'].map((jobId) => ({
    jobId,
    models: ['m'],
    fairKey: jobId.slice(0, 1),
  }))
  await coordinator.enqueue(jobs)
  const started: string[] = []
  for (let i = 0; i < 2; i++) {
    const [job] = await coordinator.claim({ max: 1 })
    if (job === undefined) throw new Error('nothing could start')
    started.push(job.lease.jobId)
    await coordinator.complete(job.lease)
  }
  expect(started).toEqual(['k0', 'l0'])
  const { events } = await store.read('default', 0, 100)
  expect(events.flatMap((event) => (event.type === 'started' ? [event.virtualTime] : []))).toEqual([0, 0])
  expect(audit(events).violations).toEqual([])
  const other = await join({ store: postgresStore(url) })
  const why = await other.explain('k1')
  expect(why?.also.some((text) => text.startsWith('its turn: k has used '))).toBe(true)
})
