import pg from 'pg'
import { expect, it } from 'vitest'
import { defineQueue } from '../../../src/engine/events/index.ts'
import { fromPg } from '../../../src/engine/transaction/index.ts'
import { joined, migratedDatabase } from '../contract/support.ts'

it('enqueue in a transaction of the caller’s: in line with its commit, gone with its rollback, each with what was left out', async () => {
  const url = await migratedDatabase()
  const contract = defineQueue({ mail: { models: ['smtp'] } })
  const { coordinator } = await joined(url, { contract })
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const give = async (end: 'commit' | 'rollback') => {
      await client.query('begin')
      const given = [
        { ref: 'a', kind: 'mail' },
        { kind: 'mail', after: ['a'] },
      ]
      const answer = await coordinator.enqueue(given, { in: fromPg(client), notify: true })
      await client.query(end)
      return answer
    }
    const gone = await give('rollback')
    const { jobs, ids, jobId, queued } = await give('commit')
    expect({ queued, first: ids['a'] }).toEqual({ queued: 2, first: jobId })
    await expect.poll(() => coordinator.state().waitingCount).toBe(2)
    const [first] = coordinator.state().waiting()
    expect(first).toMatchObject({ jobId, models: ['smtp'] })
    expect(await coordinator.explain(jobs[1]?.jobId ?? '')).toMatchObject({ code: 'waits_for_parents' })
    expect(await coordinator.explain(gone.jobId)).toBeUndefined()
  } finally {
    await client.end()
  }
})
