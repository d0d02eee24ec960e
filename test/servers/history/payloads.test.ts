import { describe, expect, it } from 'vitest'
import type { KeptPayload } from '../../../src/engine/store/index.ts'
import { archive, type ComparedPayloads, verify } from '../../../src/tools/history/index.ts'
import { documentOf, tamper } from '../cli/history.ts'
import { interlock } from '../cli/support.ts'
import { type Account, account } from '../intake/support.ts'

const compared = (found: Partial<ComparedPayloads>): ComparedPayloads => ({
  ...{ same: 0, changed: 0, changedJobs: [], notCompared: 0 },
  ...found,
})

/** A queue with payloads of several kinds, of jobs that wait, run and ended. */
async function queueWithPayloads(): Promise<Account> {
  const db = await account()
  const coordinator = await db.coordinator()
  await coordinator.setPolicy('by-model')
  const payloads = [
    { b: 1, a: [2.5, -0, 1e21, 1e-7] },
    'Zoë \u{1F682}',
    null,
    { ['__proto__']: { '10': 1, '9': 2 } },
  ]
  await coordinator.enqueue(payloads.map((payload, n) => ({ jobId: `job-${n}`, models: ['m'], payload })))
  await db.value('select job_queue_submit($1)', [
    '{"job_id": "by-sql", "models": ["m"], "payload": [12345678901234567890.123, 1.0, 100e3]}',
  ])
  await expect.poll(() => coordinator.state().waitingCount).toBe(5)
  for (const outcome of ['completed', 'failed'] as const) {
    const [started] = await coordinator.claim({ max: 1, kinds: null })
    const { lease } = started ?? expect.unreachable()
    await coordinator.onJobComplete(lease.jobId, 'normal', { outcome, fencingToken: lease.fencingToken })
  }
  await coordinator.claim({ max: 1, kinds: null })
  return db
}

describe('verify compares payloads (job_queue_payloads)', () => {
  it('with the hashes of the log, whatever JSON they are', async () => {
    const { url, store } = await queueWithPayloads()
    const { ok, payloads } = await verify({ store: store() })
    expect({ ok, payloads }).toEqual({ ok: true, payloads: compared({ same: 5 }) })
    const { stdout } = await interlock(['verify', '--url', url])
    expect(stdout).toContain('are what the log says, 5 payloads are what was enqueued\n')
  })

  it.each([
    ['of a job that waits', 'job-3', `'{"__proto__": {"9": 2, "10": 1, "11": 0}}'`],
    ['of a job that ended', 'job-0', `jsonb_set(payload, '{b}', '2')`],
    ['by a digit far behind', 'by-sql', `'[12345678901234567890.123, 1.0, 100001]'`],
    ['to null', 'job-1', `'null'`],
  ])('and finds one that was changed %s', async (_, jobId, payload) => {
    const { url, store } = await queueWithPayloads()
    await tamper(url, `update interlock.job_queue_data set payload = ${payload} where job_id = '${jobId}'`)
    const { ok, payloads, firstBad, differences } = await verify({ store: store() })
    expect({ ok, firstBad, differences }).toEqual({ ok: false, firstBad: null, differences: [] })
    const seq = expect.any(Number)
    expect(payloads).toEqual(compared({ same: 4, changed: 1, changedJobs: [{ jobId, seq }] }))
    const { code, stdout } = await interlock(['verify', '--url', url])
    expect({ code, stdout }).toEqual({
      code: 3,
      stdout: expect.stringMatching(
        new RegExp(
          `^1 payload is not what was enqueued: ${jobId} \\(event \\d+\\)\nthe log has no payloads: restore .*\n$`,
        ),
      ),
    })
    expect(await documentOf(url, ['verify'], 3)).toMatchObject({ ok: false, payloads: { changed: 1 } })
  })

  it('but not one that is gone, of an earlier life, or whose event has no hash: it says how many', async () => {
    const { url, store } = await queueWithPayloads()
    await tamper(
      url,
      `delete from interlock.job_queue_data where job_id = 'job-2'`,
      `update interlock.job_queue_data set payload = null where job_id = 'job-3'`,
      `update job_queue_log set data = data - 'payload_hash' where job_id = 'job-1' and event_type = 'queued'`,
      `update interlock.job_queue_data set life = null where job_id = 'by-sql'`,
    )
    const { ok, payloads } = await verify({ store: store() })
    expect({ ok, payloads }).toEqual({ ok: true, payloads: compared({ same: 1, notCompared: 5 }) })
    const { stdout } = await interlock(['verify', '--url', url])
    expect(stdout).toContain('1 payload is what was enqueued (not compared: 5)')
  })

  it('of what was archived and kept, and of jobs that lived on over a cut', async () => {
    const db = await queueWithPayloads()
    const access = { store: db.store() }
    const coordinator = await db.coordinator()
    const cut = async (keep: boolean) => {
      const behind = 'select count(*)::int from interlock.job_queue_heads where projected_seq < version'
      await expect.poll(() => db.value(behind)).toBe(0)
      expect(await archive(access, { before: coordinator.state().version, keep })).toMatchObject({
        archivedSeq: coordinator.state().version,
      })
    }
    await cut(true)
    await coordinator.enqueue([{ jobId: 'later', models: ['x'], payload: 1 }])
    expect((await verify(access)).payloads).toEqual(compared({ same: 6 }))
    await tamper(
      db.url,
      `update interlock.job_queue_data set payload = '2' where job_id in ('job-0', 'job-3')`,
    )
    expect((await verify(access)).payloads).toMatchObject({ same: 4, changed: 2, notCompared: 0 })
    await cut(false)
    // What had ended is gone with its events.
    expect((await verify(access)).payloads).toMatchObject({ same: 3, changed: 1, notCompared: 0 })
  })

  it('no further than the log is sound', async () => {
    const { url, store } = await queueWithPayloads()
    await tamper(
      url,
      'delete from job_queue_log where seq = 3',
      `update interlock.job_queue_data set payload = '1'`,
    )
    expect(await verify({ store: store() })).toMatchObject({
      ok: false,
      payloads: null,
      firstBad: { seq: 3 },
    })
  })

  it('in pages of bounded bytes, also of jobs that come meanwhile', async () => {
    const db = await account()
    const coordinator = await db.coordinator()
    const payload = 'x'.repeat(900_000)
    const jobs = Array.from({ length: 12 }, (_, n) => ({ jobId: `job-${n}`, models: ['m'], payload }))
    await coordinator.enqueue(jobs)
    await coordinator.enqueue(
      Array.from({ length: 1_500 }, (_, n) => ({ jobId: `small-${n}`, models: ['m'], payload: n })),
    )
    const store = db.store()
    const pages: (readonly KeptPayload[])[] = []
    const watched = {
      ...store,
      payloads: async (queue: string, after: string) => {
        if (pages.length === 1) await coordinator.enqueue([{ jobId: 'then', models: ['m'], payload: 1 }])
        const page = await store.payloads(queue, after)
        pages.push(page)
        return page
      },
    }
    const { ok, payloads } = await verify({ store: watched })
    expect({ ok, payloads }).toEqual({ ok: true, payloads: compared({ same: 1_513 }) })
    for (const page of pages) {
      expect(page.length).toBeLessThanOrEqual(1_000)
      expect(JSON.stringify(page).length).toBeLessThan(4_194_304 + 1_000_000)
    }
  })
})
