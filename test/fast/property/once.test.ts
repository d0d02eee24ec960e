import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Coordinator, createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { Retention } from '../../../src/engine/coordinator/maintenance/retention.ts'
import { emptyLedger, isInterlockError } from '../../../src/engine/core/index.ts'
import type { LogStore } from '../../../src/engine/store/index.ts'
import { memoryDatabase, memoryStore } from '../../../src/engine/store/memory/index.ts'
import { audit } from '../../../src/tools/audit/index.ts'
import { PATIENCE, runs } from '../../support/runs.ts'

const SECOND = 1_000_000

const step = fc.oneof(
  { weight: 8, arbitrary: enqueueStep() },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('end' as const),
      how: fc.constantFrom('complete', 'fail', 'cancel'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('retry' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('drop' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cut' as const), keep: fc.boolean() }) },
  // In steps of 25 s, so that no decision is within 10 s of the end of a minute: the log may be a second ahead of the clock.
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('jump' as const), by: fc.integer({ min: -2, max: 4 }) }),
  },
)
type Step = typeof step extends fc.Arbitrary<infer One> ? One : never

function enqueueStep() {
  return fc.record({
    do: fc.constant('enqueue' as const),
    by: fc.nat({ max: 1 }),
    jobId: fc.constantFrom('a', 'b', 'c'),
    payload: fc.constantFrom(1, 2),
    once: fc.constantFrom(undefined, '60s', '60s', 'for ever'),
  })
}

/** What is promised, in the plainest way: a list of what is live, and one of what is taken until when. */
class Model {
  readonly live = new Map<string, number>()
  readonly taken = new Map<string, { readonly payload: number; readonly until: number }>()

  enqueue(
    { jobId, payload, once }: Step & { do: 'enqueue' },
    now: number,
  ): 'queued' | 'known' | 'job_exists' {
    const taken = this.taken.get(jobId)
    const isTaken = once !== undefined && taken !== undefined && taken.until > now
    const there = this.live.get(jobId) ?? (isTaken ? taken.payload : undefined)
    if (there !== undefined) return there === payload ? 'known' : 'job_exists'
    this.live.set(jobId, payload)
    const until = once === '60s' ? now + 60 * SECOND : Number.POSITIVE_INFINITY
    if (once !== undefined) this.taken.set(jobId, { payload, until })
    return 'queued'
  }
}

/** Two processes over one database whose clock jumps, and the model beside them. */
async function play(steps: readonly Step[]): Promise<void> {
  let jump = 0
  const began = Date.now() * 1_000
  const database = memoryDatabase(() => began + jump * SECOND)
  const store = memoryStore(database)
  const options = { leaseMs: 3_600_000, logger: silentLogger }
  const pair = await Promise.all(
    [0, 1].map(() => createCoordinator({ ...options, store: memoryStore(database) })),
  )
  const [first] = pair as [Coordinator]
  const model = new Model()
  let kept = 0
  const log = async () => {
    const { version } = await store.read('default', 0, 1)
    return (await store.read('default', kept, version - kept)).events
  }
  const lastAt = async () => (await log()).at(-1)?.at ?? 0
  const payloads = new Map<string, number>()
  try {
    await first.setPolicy('by-model')
    for (const one of steps) {
      if (one.do === 'enqueue') {
        const { by, jobId, payload, once } = one
        const before = await lastAt()
        const call = (pair[by] ?? first).enqueue([
          { jobId, models: [jobId], payload, ...(once === undefined ? {} : { once }) },
        ])
        const said = await call.then(
          ({ queued }) => (queued === 1 ? 'queued' : 'known'),
          (error) => (isInterlockError(error, 'job_exists') ? error.code : error),
        )
        expect(said).toBe(model.enqueue(one, Math.max(database.now(), before)))
        if (said === 'queued') payloads.set(jobId, payload)
      } else if (one.do === 'end') await endAll(first, one.how, model)
      else if (one.do === 'drop') await first.dropDead({ all: true })
      else if (one.do === 'jump') jump += 25 * one.by
      else if (one.do === 'retry') {
        const dead = (await first.dead()).map(({ jobId }) => jobId)
        expect(await first.retryDead({ all: true })).toBe(dead.length)
        for (const jobId of dead) model.live.set(jobId, payloads.get(jobId) ?? 0)
      } else {
        const { version } = await store.read('default', 0, 1)
        await cut(first, store, one.keep)
        if (!one.keep) kept = version
      }
    }
    expect(audit(await log()).violations.filter(({ rule }) => rule === 'once')).toEqual([])
    expect(await store.checkOnce('default')).toEqual([])
  } finally {
    for (const each of pair) await each.close()
    await store.close()
  }
}

/** Everything that has happened so far leaves the log. */
async function cut(coordinator: Coordinator, store: LogStore, keep: boolean): Promise<void> {
  const policy = { ...coordinator.state().policy, retentionDays: 1, archive: keep ? 'keep' : 'drop' } as const
  const retention = new Retention({
    store,
    queue: 'default',
    ledger: () => ({ ...emptyLedger, policy }),
    now: () => coordinator.now() + 30 * 86_400 * SECOND,
    failures: { note: expect.unreachable },
  })
  await retention.carryOut()
}

async function endAll(coordinator: Coordinator, how: string, model: Model): Promise<void> {
  if (how === 'cancel') for (const jobId of model.live.keys()) await coordinator.cancel(jobId)
  else
    for (const { lease } of await coordinator.claim({ max: 9 }))
      await (how === 'complete' ? coordinator.complete(lease) : coordinator.fail(lease, { retryAt: null }))
  model.live.clear()
}

describe('ids of jobs that are enqueued once', () => {
  it(
    'are taken and free as a naive list of them says, whatever ends, is dropped, is cut off or is late',
    async () => {
      await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 35 }), play), { numRuns: runs(150) })
    },
    PATIENCE,
  )
})
