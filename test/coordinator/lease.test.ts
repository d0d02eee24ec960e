import { describe, expect, it } from 'vitest'
import type { CoordinatorOptions } from '../../src/coordinator/index.ts'
import { InterlockError } from '../../src/core/index.ts'
import { join, memoryStore } from './support.ts'

// Long enough for a busy machine to send its beats in time.
const short = { leaseMs: 900, graceMs: 100, pollMs: 50 }

describe('leases', () => {
  it('gives the job of a process that stopped beating to another attempt', async () => {
    const store = memoryStore()
    // A process that is cut off: its beats never reach the store again.
    let cut = false
    const beat: typeof store.beat = (what) =>
      cut ? Promise.reject(new InterlockError('store_unavailable', 'cut off')) : store.beat(what)
    const [lost, alive] = [
      await join({ store: { ...store, beat }, ...short }),
      await join({ store, ...short }),
    ]
    await lost.enqueue([{ jobId: 'A', models: ['m'] }])
    const [first] = await lost.claim({ max: 1, kinds: null })
    cut = true
    await expect.poll(() => alive.state().waitingCount, { timeout: 10_000 }).toBe(1)
    const [second] = await alive.claim({ max: 1, kinds: null })
    expect(second).toMatchObject({ lease: { jobId: 'A' }, attempt: 2 })
    if (first === undefined) throw new Error('nothing was started')
    await expect(lost.complete(first.lease)).rejects.toMatchObject({ code: 'stale_token' })
    expect(alive.state().active()).toMatchObject([{ jobId: 'A', workerId: alive.workerId }])
  })

  it('refuses options out of range, and names them', async () => {
    const refused = (options: Partial<CoordinatorOptions>) => expect(join(options)).rejects
    await refused({ leaseMs: 5 }).toThrow(/leaseMs must be milliseconds from 100/)
    await refused({ pollMs: Number.NaN }).toMatchObject({
      code: 'invalid_input',
      details: { path: 'pollMs' },
    })
    await refused({ queue: '' }).toMatchObject({ code: 'invalid_input' })
  })
})
