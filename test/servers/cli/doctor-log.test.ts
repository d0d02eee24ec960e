import { describe, expect, it } from 'vitest'
import { documentOf, emptyQueue, tamper, worked } from './history.ts'

describe('interlock doctor', () => {
  const looked = async (url: string) => {
    const { findings, log } = await documentOf(url, ['doctor'], 3)
    return { found: findings.filter(({ check }: { check: string }) => check !== 'fsync'), log }
  }

  it('compares the rows with the log, and says what mends them', async () => {
    const url = await emptyQueue()
    await worked(url, ['a,m,0', 'b,m;n,0'])
    await documentOf(url, ['enqueue', '--job', 'waits', '--models', 'm'])
    const { found, log } = await looked(url)
    expect(log).toMatchObject({ chain: 'off', bytes: expect.any(Number) })
    expect(found[0]).toMatchObject({ what: 'no process is alive: 1 job waits' })
    await tamper(url, `update job_queue_jobs set priority = 9 where job_id = 'waits'`)
    // Which of the two says that nobody is alive turns on whether the job is still offered.
    const others = async () =>
      (await looked(url)).found.filter(
        ({ check }: { check: string }) => check !== 'no_process' && check !== 'no_worker',
      )
    expect(await others()).toMatchObject([
      {
        check: 'projection',
        what: '1 field of the rows is not what the log says: job_queue_jobs waits: priority',
        remedy: expect.stringContaining('interlock-queue rebuild'),
      },
    ])
    await documentOf(url, ['rebuild'])
    expect(await others()).toEqual([])
  })

  it('checks the end of the hash chain', async () => {
    const url = await emptyQueue()
    await documentOf(url, ['chain', '--start'])
    await worked(url, ['a,m,0', 'b,m;n,0'])
    expect(await looked(url)).toMatchObject({ found: [], log: { chain: 'sound' } })
    await tamper(url, `update job_queue_log set command_hash = command_hash + 1 where seq = 4`)
    expect(await looked(url)).toMatchObject({
      found: [{ check: 'chain', what: expect.stringContaining('event 4 does not match its hash') }],
      log: { chain: 'broken' },
    })
  })

  it('names an event that cannot be read', async () => {
    const url = await emptyQueue()
    await worked(url, ['a,m,0'])
    await tamper(url, `update job_queue_log set event_type = 'teleported' where seq = 3`)
    expect((await looked(url)).found).toMatchObject([{ check: 'log', remedy: 'npx interlock-queue verify' }])
  })
})
