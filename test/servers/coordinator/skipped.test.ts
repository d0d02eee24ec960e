import { firstValueFrom } from 'rxjs'
import { describe, expect, it } from 'vitest'
import type { Coordinator } from '../../../src/engine/coordinator/index.ts'
import { keepSnapshot } from '../../../src/engine/coordinator/replica/snapshots.ts'
import { InterlockError, replay, type Started } from '../../../src/engine/core/index.ts'
import type { LogStore, StoredSnapshot } from '../../../src/engine/store/index.ts'
import { join, keepingLogger, memoryStore } from './support.ts'

/** A store from which one process can be away. */
function leavable() {
  const store = memoryStore()
  let isAway = false
  const unlessAway = <Args extends readonly unknown[], Out>(call: (...args: Args) => Promise<Out>) => {
    const away = () => Promise.reject(new InterlockError('store_unavailable', 'away'))
    return (...args: Args): Promise<Out> => (isAway ? away() : call(...args))
  }
  const { read, append, beat } = store
  return {
    store,
    of: {
      ...store,
      ...{
        read: unlessAway(read),
        append: unlessAway(append),
        beat: unlessAway(beat),
      },
      listen: async () => async () => {},
    } satisfies LogStore,
    away: (now: boolean) => {
      isAway = now
    },
  }
}

const few = { patienceMs: 0, pollMs: 120_000 }

/** Another process goes on, and everything up to there is archived for good. */
async function goOn(store: LogStore, work: (other: Coordinator) => Promise<void>): Promise<Coordinator> {
  const other = await join({ store })
  await work(other)
  const { events, version } = await store.read('default', 0, 1_000)
  await keepSnapshot(store, 'default', replay(events))
  await store.archive('default', version, false)
  await other.enqueue([{ jobId: 'after', models: ['after'] }])
  return other
}

describe('a process that was away while events were archived for good', () => {
  it('goes on from the newest snapshot, without the attempts of before', async () => {
    const { store, of, away } = leavable()
    const logger = keepingLogger()
    const late = await join({ store: of, logger, ...few })
    await late.setPolicy('by-model')
    await late.enqueue([
      { jobId: 'ours', models: ['m'] },
      { jobId: 'theirs', models: ['n'] },
    ])
    const [ours] = (await late.claim({ max: 1, kinds: null })) as [Started]
    const machine = late.machine()
    const lost = firstValueFrom(late.leaseLost$)
    const { workerId } = late
    away(true)
    const other = await goOn(store, async (other) => {
      const [theirs] = (await other.claim({ max: 1, kinds: null })) as [Started]
      await other.complete(theirs.lease)
    })
    away(false)
    await late.catchUp()
    const seen = (of: Coordinator) => [of.state().version, of.state().active(), of.state().waiting()]
    expect(seen(late)).toEqual(seen(other))
    expect(machine.ledger.version).toBe(late.state().version)
    expect(await lost).toEqual({ workerId })
    expect(late.attempt(ours.lease)).toBeUndefined()
    expect(late.workerId).not.toBe(workerId)
    expect(late.health()).toMatchObject({ lastError: null })
    await late.enqueue([{ jobId: 'new', models: ['n'] }])
    const started = await late.claim({ max: 5, kinds: null })
    expect(started.map(({ lease }) => lease.jobId)).toEqual(['after', 'new'])
    expect(logger.lines.join('\n')).toContain('were archived before this process read them')
  })

  it('goes on as well when its first word is a command, also one that loses to others', async () => {
    const { store, of, away } = leavable()
    const late = await join({ store: of, ...few })
    await late.enqueue([{ jobId: 'a', models: ['m'] }])
    away(true)
    const other = await goOn(store, (other) => other.pauseModel('x', { reason: 'test' }))
    away(false)
    await late.enqueue([{ jobId: 'b', models: ['n'] }])
    await other.catchUp()
    expect(
      other
        .state()
        .waiting()
        .map(({ jobId }) => jobId),
    ).toEqual(['a', 'after', 'b'])
  })

  it('rejects calls at the gate for a job that has ended, and asks again for one that has not', async () => {
    const { store, of, away } = leavable()
    const late = await join({ store: of, ...few })
    await late.enqueue([{ jobId: 'holder', models: ['m', 'n'] }])
    const [holder] = (await late.claim({ max: 1, kinds: null })) as [Started]
    const gone = late.onJobStart('gone', 'normal', ['m'], { wait: true })
    const stays = late.onJobStart('stays', 'normal', ['n'], { wait: true })
    await expect.poll(() => late.state().waitingCount).toBe(2)
    away(true)
    const other = await goOn(store, (other) => other.cancel('gone'))
    away(false)
    const refused = expect(gone).rejects.toMatchObject({ code: 'job_not_live' })
    await late.catchUp()
    await refused
    // Under the id that it has now.
    const asked = async () => (await store.read('default', other.state().version - 1, 1_000)).events.at(-1)
    await expect.poll(asked).toMatchObject({ type: 'asked', jobId: 'stays', asker: late.workerId })
    await other.complete(holder.lease)
    await expect.poll(async () => late.catchUp().then(() => late.state().activeCount)).toBe(1)
    expect(await stays).toMatchObject({ allowed: true, lease: { jobId: 'stays' } })
  })

  it('tells a stream of events that some are gone', async () => {
    const { store, of, away } = leavable()
    const late = await join({ store: of, ...few })
    await late.enqueue([{ jobId: 'a', models: ['m'] }])
    const codes: string[] = []
    late.eventsFrom(0).subscribe({ error: ({ code }) => codes.push(code) })
    away(true)
    const other = await goOn(store, (other) => other.pauseModel('x', { reason: 'test' }))
    away(false)
    await late.catchUp()
    await other.pauseModel('y', { reason: 'test' })
    await late.catchUp()
    await expect.poll(() => codes).toEqual(['archived'])
  })

  it.each([
    ['none', () => null, 'archived'],
    ['a damaged one', ({ seq }: StoredSnapshot) => ({ seq, state: 'damaged' }), 'corrupt_log'],
    [
      'one of a newer release',
      ({ seq }: StoredSnapshot) => ({ seq, state: { shape: 99 } }),
      'database_newer',
    ],
  ])('stops where there is no snapshot to go on from but %s', async (_, asRead, code) => {
    const { store, of, away } = leavable()
    const snapshot: LogStore['snapshot'] = async (queue, upTo) => {
      const kept = await store.snapshot(queue, upTo)
      return kept && asRead(kept)
    }
    const late = await join({ store: { ...of, snapshot }, ...few })
    await late.enqueue([{ jobId: 'a', models: ['m'] }])
    const stops: string[] = []
    late.stopped$.subscribe((error) => stops.push(error.code))
    away(true)
    await goOn(store, (other) => other.pauseModel('x', { reason: 'test' }))
    away(false)
    await late.catchUp()
    expect(stops).toEqual([code])
    expect(late.health()).toMatchObject({ ok: false, leaseLost: true })
    await expect(late.drain()).rejects.toMatchObject({ code })
  })

  it('is not asked again for what may have been done by a try whose answer was lost', async () => {
    const { store, of, away } = leavable()
    let lose = false
    const append: LogStore['append'] = async (request) => {
      const answer = await of.append(request)
      if (!lose) return answer
      lose = false
      away(true)
      throw new InterlockError('store_unavailable', 'the answer was lost')
    }
    const late = await join({ store: { ...of, append }, ...few, patienceMs: 60_000 })
    await late.setPolicy('by-model')
    lose = true
    const asked = late.enqueue([{ jobId: 'a', models: ['m'] }])
    const refused = expect(asked).rejects.toMatchObject({ code: 'archived' })
    await expect.poll(async () => (await store.read('default', 0, 1)).version).toBeGreaterThan(1)
    const other = await goOn(store, async (other) => {
      const [a] = (await other.claim({ max: 1, kinds: null })) as [Started]
      await other.complete(a.lease)
    })
    away(false)
    await refused
    // That is said of the command alone.
    await late.pauseModel('y', { reason: 'test' })
    await other.catchUp()
    expect(
      other
        .state()
        .waiting()
        .map(({ jobId }) => jobId),
    ).toEqual(['after'])
  })
})
