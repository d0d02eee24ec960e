import { describe, expect, it } from 'vitest'
import { checkLog } from '../../src/cli/doctor/checks/log.ts'
import type { Facts } from '../../src/cli/doctor/facts.ts'
import { logSize } from '../../src/cli/doctor/sizes.ts'
import { defaultPolicy, type Policy } from '../../src/core/index.ts'
import type { LogCheck } from '../../src/port/index.ts'
import { documentOf, emptyQueue, tamper, worked } from './history.ts'

const DAY = 86_400_000_000
const now = 1_764_000_000_000_000

/** A database that is three days old and writes 1 MB a day, except for what is given. */
function facts(log: Partial<LogCheck> = {}, policy: Partial<Policy> = {}): Facts {
  const week = { events: 12_000, ageMs: 3 * 86_400_000 }
  const plain = { bytes: 3e6, archiveBytes: 0, events: 12_000, own: 12_000, oldestAt: now - 3 * DAY, week }
  return {
    checkup: { now, log: { ...plain, ...log } },
    projection: { state: { policy: { ...defaultPolicy, ...policy } }, jobs: [] },
    drift: { fields: [], unreadable: null },
    chain: null,
  } as unknown as Facts
}

const GB = 1e9

describe('the size of the log', () => {
  it('is told with what it will come to, and when retention holds it', () => {
    expect(checkLog(facts())).toEqual([])
    expect(logSize(facts())).toEqual({
      ...{ bytes: 3e6, archiveBytes: 0, bytesPerDay: 1e6, heldAtBytes: 30e6, heldInDays: 27, chain: 'off' },
    })
    expect(logSize(facts({ oldestAt: now - 40 * DAY }))).toMatchObject({ heldInDays: 0 })
    expect(logSize(facts({}, { retentionDays: null }))).toMatchObject({ heldAtBytes: null, heldInDays: null })
    expect(logSize(facts({ week: null }))).toMatchObject({ bytesPerDay: null, heldAtBytes: null })
    expect(logSize(facts({ week: { events: 9, ageMs: 60_000 } }))).toMatchObject({ bytesPerDay: null })
  })

  it('counts what other queues put into the same tables out', () => {
    expect(logSize(facts({ events: 120_000, bytes: 30e6 }))).toMatchObject({ bytesPerDay: 1e6 })
  })

  it.each([
    ['nothing leaves it', { bytes: 2 * GB }, { retentionDays: null }, 'log', 'policy set --retention 30'],
    ['its archive only grows', { archiveBytes: 6 * GB }, {}, 'archive', 'archive --before 30d --to'],
    [
      'nobody sees to its retention',
      { oldestAt: now - 40 * DAY, own: 300_000 },
      {},
      'retention',
      '--before 30d',
    ],
  ])('is worth a word when %s', (_, log, policy, check, remedy) => {
    expect(checkLog(facts(log, policy))).toMatchObject([{ check, remedy: expect.stringContaining(remedy) }])
  })

  it('is none when it is meant to be like that', () => {
    expect(checkLog(facts({ archiveBytes: 6 * GB }, { archive: 'drop' }))).toEqual([])
    expect(checkLog(facts({ oldestAt: now - 40 * DAY, own: 50_000 }))).toEqual([])
  })
})

describe('interlock doctor', () => {
  const looked = async (url: string) => {
    const { findings, log } = await documentOf(url, ['doctor'], 3)
    return { found: findings.filter(({ check }: { check: string }) => check !== 'fsync'), log }
  }

  it('compares the rows with the log, and says what mends them', async () => {
    const url = await emptyQueue()
    await worked(url, ['a,m,0', 'b,m;n,0'])
    await documentOf(url, ['enqueue', '--job', 'waits', '--models', 'm'])
    expect(await looked(url)).toMatchObject({ found: [], log: { chain: 'off', bytes: expect.any(Number) } })
    await tamper(url, `update job_queue_jobs set priority = 9 where job_id = 'waits'`)
    expect((await looked(url)).found).toMatchObject([
      {
        check: 'projection',
        what: '1 field of the rows are not what the log says: job_queue_jobs waits: priority',
        remedy: expect.stringContaining('interlock rebuild'),
      },
    ])
    await documentOf(url, ['rebuild'])
    expect((await looked(url)).found).toEqual([])
  })

  it('checks the end of the hash chain', async () => {
    const url = await emptyQueue()
    await documentOf(url, ['chain', '--start'])
    await worked(url, ['a,m,0', 'b,m;n,0'])
    expect(await looked(url)).toMatchObject({ found: [], log: { chain: 'sound' } })
    await tamper(url, `update job_queue_log set command_hash = command_hash + 1 where seq = 4`)
    expect(await looked(url)).toMatchObject({
      found: [
        { check: 'chain', what: expect.stringContaining('event 4 is not what its hash was made over') },
      ],
      log: { chain: 'broken' },
    })
  })

  it('names an event that cannot be read', async () => {
    const url = await emptyQueue()
    await worked(url, ['a,m,0'])
    await tamper(url, `update job_queue_log set event_type = 'teleported' where seq = 3`)
    expect((await looked(url)).found).toMatchObject([{ check: 'log', remedy: 'interlock verify' }])
  })
})
