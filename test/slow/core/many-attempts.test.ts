// Slow, 8 s: 30,000 attempts at once.
import { describe, expect, it } from 'vitest'
import { CoreQueue, plainSpec } from '../../../bench/core-queue.ts'
import { type Decision, defaultPolicy, type Policy } from '../../../src/engine/core/index.ts'

const MOST_IN_ONE_APPEND = 25_000
const MANY = 30_000
const JOBS = Array.from({ length: MANY }, (_, n) => plainSpec(`job-${n}`, [`m${n % 7}`]))
const free: Policy = { ...defaultPolicy, maxActive: null, capacity: { '*': MANY } }

/** A queue in which so many jobs run at once, all in one process. */
function busy(policy: Partial<Policy> = {}): CoreQueue {
  const queue = new CoreQueue()
  queue.send({ type: 'set_policy', policy: { ...free, ...policy } })
  for (let from = 0; from < MANY; from += 1_000)
    queue.send({ type: 'enqueue', specs: JOBS.slice(from, from + 1_000) }, { max: 1_000, kinds: null })
  expect(queue.ledger.active.size).toBe(MANY)
  return queue
}

/** Sends it until there is nothing left to do; each time what came of it has to fit into one append. */
function untilDone(send: () => Decision): readonly Decision[] {
  const all: Decision[] = []
  for (;;) {
    const decision = send()
    if (decision.events.length === 0) return all
    expect(decision.events.length).toBeLessThanOrEqual(MOST_IN_ONE_APPEND)
    all.push(decision)
    expect(all.length).toBeLessThan(20)
  }
}

describe('one command over 30,000 attempts', () => {
  it('takes them from a dead worker in several appends, and holds each of their models', () => {
    const queue = busy({ holdAfterLossSeconds: { '*': 60 } })
    const workerId = [...queue.ledger.jobs][0]?.workerId ?? ''
    const body = { type: 'expire_leases', workerIds: [workerId], retryAt: 0 } as const
    const all = untilDone(() => queue.send(body))
    expect(queue.ledger.active.size).toBe(0)
    expect(queue.ledger.jobs.size).toBe(MANY)
    expect(queue.ledger.pauses.size).toBe(7)
    expect(all.length).toBeGreaterThan(1)
  })

  it('begins a new epoch after it has detached all of them, and starts nothing meanwhile', () => {
    const queue = busy()
    const { epoch } = queue.ledger
    for (let tries = 0; queue.ledger.epoch === epoch; tries++) {
      const { events } = queue.send({ type: 'recover', ended: epoch })
      expect(events.length).toBeLessThanOrEqual(MOST_IN_ONE_APPEND)
      expect(queue.ledger.draining).toBe(true)
      expect(tries).toBeLessThan(20)
    }
    for (const place of queue.ledger.active)
      expect(queue.ledger.jobs.get(place)?.detachedUntil).not.toBeNull()
    expect(queue.send({ type: 'recover', ended: epoch }).events).toEqual([])
  })

  it.each(['drain', 'resume'] as const)('of %s fits into one', (type) => {
    const queue = busy()
    if (type === 'resume') queue.send({ type: 'drain' })
    expect(queue.send({ type }).events.length).toBeLessThanOrEqual(MOST_IN_ONE_APPEND)
  })
})

it('jobs that 30,000 callers wait for are started in several appends', () => {
  const queue = new CoreQueue()
  queue.send({ type: 'set_policy', policy: free })
  queue.send({ type: 'drain' })
  for (const spec of JOBS) queue.send({ type: 'ask', spec, wait: true })
  const first = queue.send({ type: 'resume' })
  expect(first.events.length).toBeLessThanOrEqual(MOST_IN_ONE_APPEND)
  expect(first.events.length).toBeGreaterThan(10_000)
  untilDone(() => queue.send({ type: 'tick' }))
  expect(queue.ledger.active.size).toBe(MANY)
})
