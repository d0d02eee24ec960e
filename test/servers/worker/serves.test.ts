import { firstValueFrom } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { createJobWorker, type Job } from '../../../src/engine/worker/index.ts'
import { eventually } from '../../support/this-test.ts'
import { join, memoryStore } from '../coordinator/support.ts'
import { log, work } from './support.ts'

const capacity = { flux: ['host1:0', 'host2:0'], motion: ['host2:0'] }

/** A process with a worker that serves these places, and says where its jobs ran. */
async function host(store: ReturnType<typeof memoryStore>, serves: readonly string[]) {
  const coordinator = await join({ store, pollMs: 50 })
  const normal = async (job: Job) => Object.values(job.places)
  const { worker } = await work({ coordinator, serves, handlers: { normal } })
  return { coordinator, worker }
}

describe.concurrent('a worker that serves some places', () => {
  it('is given their jobs and no others', async () => {
    const store = memoryStore()
    const here = await join({ store })
    await here.setPolicy({ maxActive: null, capacity })
    await host(store, ['host1:*'])
    await host(store, ['host2:*'])
    await eventually(
      async () => (await log(store)).filter(({ type }) => type === 'worker_serves').length,
    ).toBe(2)
    await here.enqueue([
      { jobId: 'a', models: ['motion'] },
      { jobId: 'b', models: ['flux'] },
      { jobId: 'c', models: ['flux'] },
    ])
    await Promise.all(['a', 'b', 'c'].map((jobId) => firstValueFrom(here.ended$(jobId))))
    const servers = new Map<string, string>()
    for (const event of await log(store)) {
      if (event.type === 'worker_serves') servers.set(event.workerId, event.places?.[0]?.split(':')[0] ?? '')
      if (event.type !== 'started') continue
      for (const place of Object.values(event.places ?? {}))
        expect(place.startsWith(servers.get(event.workerId) ?? 'nobody')).toBe(true)
    }
  })

  it('leaves with its process: what only it served waits, and says for what, until somebody serves it', async () => {
    const store = memoryStore()
    const here = await join({ store })
    await here.setPolicy({ maxActive: null, capacity })
    await host(store, ['host1:*'])
    const second = await host(store, ['host2:*'])
    await eventually(
      async () => (await log(store)).filter(({ type }) => type === 'worker_serves').length,
    ).toBe(2)
    const gone = second.coordinator.workerId
    await second.worker.drain()
    await second.coordinator.close()
    expect((await log(store)).at(-1)).toMatchObject({ type: 'worker_gone', workerId: gone, left: true })
    await here.enqueue([{ jobId: 'a', models: ['motion'] }])
    const reason = 'no live process serves host2:0, where model motion could be'
    expect(await here.explain('a')).toMatchObject({ code: 'no_worker', reason, state: 'waiting' })
    const ended = firstValueFrom(here.ended$('a'))
    await host(store, ['host2:0'])
    expect(await ended).toMatchObject({ result: ['host2:0'] })
  })

  it('says the same as the other workers of its process', async () => {
    const coordinator = await join()
    const handlers = { normal: async () => null }
    createJobWorker({ coordinator, handlers, serves: ['host1:*'] })
    createJobWorker({ coordinator, handlers, serves: ['host1:*'] })
    expect(() => createJobWorker({ coordinator, handlers, serves: ['host2:*'] })).toThrow(
      'options.serves: another worker of this coordinator serves host1:*; give both the same, or each a coordinator of its own',
    )
  })

  it.each([
    [['host1:*', 7], 'options.serves[1]: must be a text'],
    ['host1:*', 'options.serves: must be a list of places or patterns'],
    [Array.from({ length: 101 }, (_, i) => `p${i}`), 'options.serves: must have at most 100 places'],
  ])('names places: not %j', async (serves, message) => {
    const coordinator = await join()
    const handlers = { normal: async () => null }
    expect(() => createJobWorker({ coordinator, handlers, serves: serves as string[] })).toThrow(message)
  })
})
