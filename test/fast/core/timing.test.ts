import { describe, expect, it } from 'vitest'
import { nextOpeningAt, nextTickAt, projectionOf } from '../../../src/engine/core/index.ts'
import { codeOf, given, type Scenario } from '../../support/scenario.ts'

const one = { max: 1, kinds: null }
const tick = { type: 'tick' } as const

function rowOf(queue: Scenario, jobId: string) {
  return projectionOf(queue.ledger).jobs.find((row) => row.job_id === jobId)
}

describe('an attempt that takes too long', () => {
  function running(attempts: number) {
    const queue = given()
    queue.enqueue('A', ['a'], { timeoutMs: 10_000, attempts }, { claim: one })
    return queue
  }

  it('is ended five seconds after its holder should have said so, and tried again at once', () => {
    const queue = running(2)
    expect(queue.later(14_999).send(tick).said).toEqual([])
    const told = queue.later(2).send(tick, { worker: 'w2' })
    expect(told.said).toEqual(['failed A', 'requeued A, offers A'])
    expect(told.events[0]).toMatchObject({ code: 'timed_out', final: false, workerId: 'w2' })
  })

  it('has failed for good with its last attempt, and frees what it held', () => {
    const queue = running(1)
    queue.enqueue('B', ['a'])
    expect(queue.later(15_001).send(tick).said).toEqual(['failed A, offers B'])
  })

  it('does not come back when it was asked to stop', () => {
    const queue = running(3)
    queue.cancel('A')
    expect(queue.later(15_001).send(tick).events[0]).toMatchObject({ type: 'cancelled', token: 2 })
  })

  it('ends the drain of a queue', () => {
    const queue = running(1)
    queue.send({ type: 'drain' })
    expect(queue.later(15_001).send(tick).said).toEqual(['failed A', 'drained'])
  })

  it('shows when it will be over, and wakes a process then', () => {
    const queue = running(1)
    const at = queue.now + 15_000_000
    expect(rowOf(queue, 'A')?.expires_at).toBe((queue.job('A')?.startedAt ?? 0) + 15_000_000)
    expect(nextTickAt(queue.ledger)).toBeGreaterThanOrEqual(at)
    queue.complete('A')
    expect(nextTickAt(queue.ledger)).toBe(undefined)
  })
})

describe('a detached attempt', () => {
  const minute = 60_000_000

  function detached(forMicros = minute) {
    const queue = given()
    queue.enqueue('A', ['a'], { timeoutMs: 1_000 }, { claim: one })
    const token = queue.job('A')?.token ?? 0
    const until = queue.now + forMicros
    const told = queue.send({ type: 'detach', jobId: 'A', token, until })
    return { queue, token, until, told }
  }

  it('keeps its models until its own time, and fails then, without a margin', () => {
    const { queue, until } = detached()
    expect(queue.later(59_999).send(tick).said).toEqual([])
    expect(nextTickAt(queue.ledger)).toBe(until)
    expect(queue.later(1).send(tick).events[0]).toMatchObject({ type: 'failed', code: 'timed_out' })
  })

  it('does not end with the lease of the process that started it', () => {
    const { queue } = detached()
    expect(queue.send({ type: 'expire_leases', workerIds: ['w1'], retryAt: 0 }).said).toEqual([])
    expect(queue.running()).toEqual(['A'])
  })

  it('is ended by its token from any process, and by nobody without', () => {
    const { queue, token } = detached()
    expect(codeOf(queue.complete('A', { token: null, worker: 'w1' }))).toBe('not_holder')
    expect(codeOf(queue.ask('A', ['a'], { worker: 'w1' }))).toBe('job_exists')
    expect(queue.complete('A', { token, worker: 'w7' }).said).toEqual(['completed A'])
  })

  it('may be given another time, and the same one without a trace', () => {
    const { queue, token, until, told } = detached()
    expect(told.said).toEqual(['detached A'])
    expect(queue.send({ type: 'detach', jobId: 'A', token, until }).said).toEqual([])
    queue.send({ type: 'detach', jobId: 'A', token, until: until + minute }, { worker: 'w3' })
    expect(rowOf(queue, 'A')).toMatchObject({ worker_id: null, state: 'active', expires_at: until + minute })
    expect(queue.later(60_000).send(tick).said).toEqual([])
  })

  it('needs a time to come, a year ahead at most, and the token of the running attempt', () => {
    const year = 365 * 86_400_000_000
    for (const forMicros of [0, -1, year + 1]) expect(codeOf(detached(forMicros).told)).toBe('invalid_input')
    expect(codeOf(detached(year).told)).toBe(undefined)
    const { queue, token, until } = detached()
    expect(codeOf(queue.send({ type: 'detach', jobId: 'A', token: token - 1, until }))).toBe('stale_token')
    queue.complete('A')
    expect(codeOf(queue.send({ type: 'detach', jobId: 'A', token, until }))).toBe('job_not_active')
  })

  it('is bound to a lease again with its next attempt', () => {
    const { queue } = detached()
    queue.later(60_000).send(tick)
    queue.claim(1, { worker: 'w2' })
    expect(queue.job('A')).toMatchObject({ workerId: 'w2', detachedUntil: null })
    expect(queue.send({ type: 'expire_leases', workerIds: ['w2'], retryAt: 0 }).said[0]).toBe(
      'lease_expired A',
    )
  })
})

describe('an offer that runs out', () => {
  it('wakes the processes at that time, for the jobs behind it', () => {
    const queue = given()
    queue.enqueue('A', ['a'], { kind: 'rare' })
    expect(nextOpeningAt(queue.ledger, 0)).toBe(undefined)
    queue.ask('B', ['b'], { wait: true, worker: 'w2' })
    const at = (queue.job('A')?.offeredAt ?? 0) + 2_000_000
    expect(nextOpeningAt(queue.ledger, 0)).toBe(at)
    expect(nextOpeningAt(queue.ledger, at)).toBe(undefined)
    expect(queue.later(2_000).send(tick).said).toEqual(['started B by w2'])
  })

  it.each([0, 1, null])(
    'lets those behind it on the same model pass, each of which counts, with maxOvertakes %s',
    (maxOvertakes) => {
      const queue = given({ maxActive: null, maxOvertakes })
      queue.enqueue('A', ['a'], { kind: 'rare' })
      for (const id of ['B', 'C']) queue.enqueue(id, ['a'])
      const own = { kinds: ['normal'] }
      expect(queue.claim(1, own).said).toEqual([])
      for (const [n, id] of ['B', 'C'].entries()) {
        expect(nextOpeningAt(queue.ledger, queue.now)).toBe((queue.job('A')?.offeredAt ?? 0) + 2_000_000)
        expect(queue.later(2_001).claim(1, own).said.at(0)).toContain(`started ${id}`)
        expect(queue.job('A')?.overtaken).toBe(n + 1)
        expect(queue.complete(id).said.at(0)).toContain('offers A')
      }
      // It is offered again, and the first who can run it gets it.
      expect(queue.claim(1, { kinds: ['rare'], worker: 'w2' }).said).toEqual(['started A by w2'])
    },
  )

  it('speaks for its kind, so that all jobs of that kind may be passed at once', () => {
    const queue = given({ maxActive: null })
    for (const id of ['A', 'B']) queue.enqueue(id, ['a'], { kind: 'rare' })
    queue.enqueue('C', ['a', 'b'])
    expect(queue.later(2_001).claim(1, { kinds: ['normal'] }).said).toEqual(['started C by w1'])
    expect(['A', 'B'].map((id) => queue.job(id)?.overtaken)).toEqual([1, 1])
  })

  it('lets the next kind that nobody takes be offered, and be passed in its turn', () => {
    const queue = given({ maxActive: null })
    for (const [id, kind] of [
      ['A', 'rare'],
      ['B', 'odd'],
      ['C', 'normal'],
    ] as const)
      queue.enqueue(id, ['a'], { kind })
    const own = { kinds: ['normal'] }
    expect(queue.later(2_001).claim(1, own).said).toEqual([])
    expect(queue.send(tick).said).toEqual(['blocked B, offers B'])
    expect(queue.claim(1, own).said).toEqual([])
    expect(queue.later(2_001).claim(1, own).said).toEqual(['started C by w1'])
  })
})

describe('overtaking', () => {
  it('is counted of a job that keeps its models as well, for another policy', () => {
    const queue = given({ maxActive: null, capacity: { a: 2 } })
    queue.ask('X', ['b'])
    queue.enqueue('A', ['a', 'b'])
    for (const id of ['B', 'C', 'D']) {
      queue.ask(id, ['a'])
      queue.complete(id)
    }
    expect(queue.job('A')?.overtaken).toBe(3)
  })
})
