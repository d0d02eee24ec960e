import { firstValueFrom } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { createJobWorker } from '../../../src/engine/worker/index.ts'
import { audit } from '../../../src/tools/audit/index.ts'
import { stats, whatIf } from '../../../src/tools/insight/index.ts'
import { join, memoryStore } from '../coordinator/support.ts'
import { log, work } from './support.ts'

const warm = { maxPassed: 9, maxPassedSeconds: 60, loadSeconds: { '*': 12 } }

describe('a worker that keeps models loaded', () => {
  it('says how many, is given the jobs of those that it has, and forgets them when it leaves', async () => {
    const store = memoryStore()
    const here = await join({ store })
    await here.setPolicy({ maxActive: null, capacity: { '*': 9 }, warm })
    const models = ['a', 'b', 'a', 'b', 'a']
    await here.enqueue(models.map((model, i) => ({ jobId: `${i}${model}`, models: [model] })))
    const coordinator = await join({ store })
    const last = firstValueFrom(here.ended$('3b'))
    const { worker } = await work({ coordinator, keeps: 1, handlers: { normal: async () => null } })
    await last
    await worker.drain()
    await coordinator.close()
    const events = await log(store)
    expect(events.flatMap((event) => (event.type === 'started' ? [event.jobId] : []))).toEqual([
      '0a',
      '2a',
      '4a',
      '1b',
      '3b',
    ])
    expect(events.find(({ type }) => type === 'worker_serves')).toMatchObject({ keeps: 1 })
    expect(events.at(-1)).toMatchObject({ type: 'worker_gone', left: true })
    expect(audit(events).violations).toEqual([])
    const loads = { loads: 2, seconds: 24, savedSeconds: 36, passing: 2 }
    expect((await stats({ store })).loads).toEqual(loads)
    const tries = [{ name: 'none', policy: { warm: { ...warm, maxPassed: 0 } } }]
    const { outcomes } = await whatIf({ store }, { tries })
    expect(outcomes.map(({ loads: own }) => own?.loads)).toEqual([2, 2, 5])
  })

  it('says the same as the other workers of its process, from 1 to 1,000', async () => {
    const coordinator = await join()
    const handlers = { normal: async () => null }
    createJobWorker({ coordinator, handlers, keeps: 2 })
    createJobWorker({ coordinator, handlers })
    expect(() => createJobWorker({ coordinator, handlers, keeps: 1 })).toThrow(
      'options.keeps: another worker of this coordinator keeps 2; give both the same, or each a coordinator of its own',
    )
    expect(() => createJobWorker({ coordinator, handlers, keeps: 0 })).toThrow(
      'options.keeps: must be a whole number from 1 to 1,000',
    )
  })
})
