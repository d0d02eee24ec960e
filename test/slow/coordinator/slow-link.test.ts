// Slow, waits 14 s: a link of 1 MB/s, and how late it makes an append.
import { describe, expect, it } from 'vitest'
import { type Coordinator, createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { migratedDatabase } from '../../servers/contract/support.ts'
import { type SlowLink, slowLink } from '../../support/slow-link.ts'
import { atEnd } from '../../support/this-test.ts'

interface Far {
  readonly link: SlowLink
  readonly far: Coordinator
  /** Another process, right beside the database. */
  readonly near: Coordinator
}

async function overALink(): Promise<Far> {
  const url = await migratedDatabase()
  const link = await slowLink(url)
  const join = async (address: string) => {
    const store = postgresStore(address)
    const coordinator = await createCoordinator({ store, logger: silentLogger, queue: 'q' })
    atEnd(async () => {
      Object.assign(link, { bytesPerSecond: Number.POSITIVE_INFINITY, delayUp: 0 })
      await coordinator.close()
      await store.close()
    })
    return coordinator
  }
  const far = await join(link.url)
  const near = await join(url)
  await far.setPolicy({ maxActive: null })
  await near.explain('nobody')
  return { link, far, near }
}

const MB = 1_000_000
const payload = (kilobytes: number) => 'x'.repeat(kilobytes * 1_000)
const ids = (name: string, count: number) => Array.from({ length: count }, (_, i) => `${name}${i}`)

/** How far the times of the log are from when its events came, as a process beside the database sees it: in seconds. */
async function apartFrom(near: Coordinator, work: () => Promise<unknown>): Promise<number> {
  let apart = 0
  const watch = near.events$.subscribe(({ at }) => {
    apart = Math.max(apart, Math.abs(near.now() - at) / 1_000_000)
  })
  await work()
  await near.explain('nobody')
  watch.unsubscribe()
  return apart
}

describe.concurrent('over an uplink of 1 MB/s', () => {
  it('payloads, results and errors arrive, once, and nobody waits behind them', async () => {
    const { link, far, near } = await overALink()
    link.bytesPerSecond = MB
    link.sent = 0
    const jobs = ids('job', 12)
    const enqueued = Promise.all(
      jobs.map((jobId) => far.enqueue([{ jobId, models: [jobId], payload: payload(250) }])),
    )
    const ends: string[] = []
    const all = enqueued.then(() => ends.push('large'))
    await far.enqueue([{ jobId: 'small', models: ['small'] }])
    ends.push('small')
    await all
    expect(ends).toEqual(['small', 'large'])
    expect(link.sent).toBeLessThan(1.2 * 12 * 250_000)
    const kept = await near.data(jobs)
    expect(kept.map(({ payload: text }) => String(text).length)).toEqual(jobs.map(() => 250_000))

    link.sent = 0
    const started = await far.claim({ max: 4, kinds: null })
    const [done, failed] = started.map(({ lease }) => lease)
    if (done === undefined || failed === undefined) throw new Error('nothing was started')
    await Promise.all([
      far.complete(done, { result: payload(400) }),
      far.fail(failed, { error: new Error(payload(250)), retryAt: null }),
    ])
    expect(link.sent).toBeLessThan(1.2 * 400_000)
    const [result, error] = await near.data([done.jobId, failed.jobId])
    expect(String(result?.result).length).toBe(400_000)
    expect(error?.error).toMatchObject({ name: 'Error' })
  }, 60_000)

  it('a call of thousands of jobs is dated for when it arrives', async () => {
    const { link, far, near } = await overALink()
    link.bytesPerSecond = 0.6 * MB
    const jobs = ids('job', 2_500).map((jobId) => ({ jobId, models: [jobId] }))
    const apart = await apartFrom(near, () => far.enqueue(jobs))
    expect(apart).toBeLessThan(3)
    expect(far.health().counts.lost).toBeLessThanOrEqual(2)
    expect(near.state().waitingCount).toBe(2_500)
  }, 60_000)
})

describe.concurrent('over a link with a way there that is seconds longer than the way back', () => {
  it('the first append teaches how long it is, and the next one arrives in time', async () => {
    const { link, far, near } = await overALink()
    link.delayUp = 2_200
    await far.enqueue([{ jobId: 'a', models: ['a'] }])
    expect(far.health().counts.lost).toBe(1)
    await far.enqueue([{ jobId: 'b', models: ['b'] }])
    expect(far.health().counts.lost).toBe(1)
    await near.explain('b')
    expect(near.state().waitingCount).toBe(2)
  }, 60_000)
})
