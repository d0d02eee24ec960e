import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { plainSpec } from '../../../bench/core-queue.ts'
import { DatabaseClock, LogClock } from '../../../src/engine/coordinator/replica/clocks.ts'
import {
  type Claim,
  type CommandBody,
  type Decision,
  decide,
  defaultPolicy,
  emptyLedger,
  jobOf,
  type Ledger,
  type Policy,
  projectionChanges,
} from '../../../src/engine/core/index.ts'
import { memoryDatabase, memoryStore } from '../../../src/engine/store/memory/index.ts'
import { runs } from '../../support/runs.ts'

const SECOND = 1_000_000
const HOUR = 3_600
const one: Claim = { max: 1, kinds: null }

/** One process over a store whose clock is set forward and back, while its own goes on. Times in seconds. */
class Jumping {
  ledger: Ledger = emptyLedger
  #ms = 0
  #jump = 0
  #commands = 0
  readonly #store = memoryStore(memoryDatabase(() => this.#now()))
  readonly #clock = new DatabaseClock(
    () => this.#ms,
    () => 1_700_000_000_000,
  )
  readonly #time = new LogClock(this.#clock, () => this.ledger.lastAt)

  #now(): number {
    return 1_700_000_000_000_000 + this.#ms * 1_000 + this.#jump * SECOND
  }

  /** The clock of the database is so far ahead from now on. */
  async jump(seconds: number): Promise<void> {
    this.#jump = seconds
    const { now } = await this.#store.read('default', 0, 1)
    this.#clock.sync(now, this.#clock.mark())
  }

  pass(seconds: number): void {
    this.#ms += seconds * 1_000
    this.#time.see()
  }

  async register(): Promise<void> {
    const beat = { workerId: 'w', kinds: null, freeSlots: 9, release: '0', ttlMs: 1e9, graceMs: 0 }
    await this.#store.beat({ queue: 'default', ...beat })
  }

  async die(): Promise<void> {
    await this.#store.leave('default', 'w')
  }

  /** Decides and appends: the store has to take it at once. */
  async send(body: CommandBody, claim?: Claim): Promise<Decision> {
    const id = `c${this.#commands++}`
    const command = { id, hash: 1, workerId: 'w', body, ...(claim && { claim }) }
    const surroundings = {
      now: this.#time.now(),
      clock: this.#clock.now(),
      deadWorkers: new Set<string>(),
    }
    const decision = decide(this.ledger, [command], surroundings)
    if (decision.events.length > 0) {
      const answer = await this.#store.append({
        queue: 'default',
        expectedVersion: this.ledger.version,
        expectedAt: this.ledger.lastAt,
        events: decision.events,
        changes: projectionChanges(this.ledger, decision.ledger, decision.touched),
      })
      expect(answer).toMatchObject({ ok: true })
    }
    this.ledger = decision.ledger
    this.#time.see()
    return decision
  }

  enqueue(...jobIds: readonly string[]): Promise<Decision> {
    return this.send({ type: 'enqueue', specs: jobIds.map((jobId) => plainSpec(jobId, ['m'])) })
  }

  /** After how many seconds, looking once a second, something has happened. */
  async until(
    what: CommandBody,
    happened: (decision: Decision) => boolean,
    most: number,
    claim?: Claim,
  ): Promise<number> {
    for (let seconds = 0; seconds <= most; seconds++) {
      if (happened(await this.send(what, claim))) return seconds
      this.pass(1)
    }
    return Number.POSITIVE_INFINITY
  }
}

async function process(policy: Partial<Policy> = {}): Promise<Jumping> {
  const queue = new Jumping()
  await queue.jump(0)
  await queue.register()
  await queue.send({ type: 'set_policy', policy: { ...defaultPolicy, maxActive: null, ...policy } })
  return queue
}

const startsOf = ({ events }: Decision) =>
  events.flatMap((event) => (event.type === 'started' ? [event] : []))
const has = (type: string) => (decision: Decision) => decision.events.some((event) => event.type === type)

/** Does something while the clock is ahead, and has it set right again. */
async function ahead<Out>(queue: Jumping, seconds: number, work: () => Promise<Out>): Promise<Out> {
  await queue.jump(seconds)
  const out = await work()
  await queue.jump(0)
  return out
}

describe('a clock that was ahead for one event', () => {
  it('holds a rated model for twice its span at most, and never for less than that span', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 120, max: HOUR }),
        fc.integer({ min: 2, max: 20 }),
        async (jump, span) => {
          const queue = await process({ capacity: { m: 9 }, rate: { m: { starts: 1, perSeconds: span } } })
          await queue.enqueue('a', 'b', 'c')
          const first = await ahead(queue, jump, () => queue.send({ type: 'claim' }, one))
          expect(startsOf(first)).toHaveLength(1)
          for (let n = 0; n < 2; n++) {
            const isStarted = (decision: Decision) => startsOf(decision).length === 1
            const held = await queue.until({ type: 'claim' }, isStarted, 2 * span + 2, one)
            expect(held).toBeLessThanOrEqual(2 * span + 2)
            expect(held).toBeGreaterThanOrEqual(span)
          }
        },
      ),
      { numRuns: runs(30) },
    )
  })

  it('keeps a job whose attempt failed then for twice its back-off at most', async () => {
    const queue = await process()
    await queue.enqueue('a')
    const [started] = startsOf(await queue.send({ type: 'claim' }, one))
    await ahead(queue, HOUR, async () => {
      const retryAt = queue.ledger.lastAt + (HOUR + 10) * SECOND
      const token = started?.seq ?? 0
      await queue.send({ type: 'fail', jobId: 'a', token, code: 'handler_error', retryAt })
    })
    expect(await queue.until({ type: 'tick' }, has('due'), 25)).toBeGreaterThanOrEqual(9)
  })

  it('keeps a back-off that begins while the log is ahead', async () => {
    const queue = await process()
    await queue.enqueue('a', 'b')
    await ahead(queue, HOUR, () =>
      queue.send({ type: 'pause_model', model: 'x', reason: 'test', until: null }),
    )
    const [started] = startsOf(await queue.send({ type: 'claim' }, one))
    const retryAt = queue.ledger.lastAt + 10 * SECOND
    await queue.send({ type: 'fail', jobId: 'a', token: started?.seq ?? 0, code: 'handler_error', retryAt })
    const held = await queue.until({ type: 'tick' }, has('due'), 25)
    expect(held).toBeGreaterThanOrEqual(10)
    expect(held).toBeLessThan(25)
  })

  it('ends no attempt that runs, lets no job expire, and makes none due before its time', async () => {
    const queue = await process()
    const late = { ...plainSpec('late', ['n']), runAt: 1_700_000_000_000_000 + 600 * SECOND }
    await queue.send({ type: 'enqueue', specs: [late, { ...plainSpec('x', ['m']), expireMs: 600_000 }] })
    await queue.send({ type: 'claim' }, one)
    await queue.send({ type: 'enqueue', specs: [{ ...plainSpec('y', ['m']), expireMs: 600_000 }] })
    await ahead(queue, 2 * HOUR, () =>
      queue.send({ type: 'pause_model', model: 'other', reason: 'test', until: null }),
    )
    for (let minute = 0; minute < 9; minute++) {
      queue.pass(60)
      expect((await queue.send({ type: 'tick' })).events).toEqual([])
    }
    queue.pass(61)
    const { events } = await queue.send({ type: 'tick' })
    expect(events.map(({ type }) => type).toSorted()).toEqual(['due', 'expired'])
    expect(jobOf(queue.ledger, 'x')?.active).toBe(true)
  })

  it('lets an offer, a pause after a loss and a time limit that began then run out as ever', async () => {
    const queue = await process({ holdAfterLossSeconds: { '*': 20 } })
    const spec = { ...plainSpec('a', ['m']), timeoutMs: 10_000 }
    await ahead(queue, HOUR, async () => {
      await queue.send({ type: 'enqueue', specs: [spec] })
      await queue.send({ type: 'claim' }, one)
    })
    const timedOut = await queue.until({ type: 'tick' }, has('failed'), 60)
    expect(timedOut).toBeGreaterThanOrEqual(15)
    expect(timedOut).toBeLessThanOrEqual(32)
    await queue.send({ type: 'claim' }, one)
    await queue.die()
    await queue.send({ type: 'expire_leases', workerIds: ['w'], retryAt: 0 })
    const lifted = await queue.until({ type: 'tick' }, has('model_resumed'), 60)
    expect(lifted).toBeLessThanOrEqual(42)
  })

  it('is caught up with: after twice the time the log goes by the clock again', async () => {
    const queue = await process()
    await ahead(queue, 60, () => queue.enqueue('a'))
    for (let second = 0; second < 125; second++) {
      queue.pass(1)
      await queue.enqueue(`b${second}`)
    }
    const right = 1_700_000_000_000_000 + 125 * SECOND
    expect(queue.ledger.lastAt).toBeGreaterThanOrEqual(right)
    expect(queue.ledger.lastAt).toBeLessThan(right + SECOND)
  })
})
