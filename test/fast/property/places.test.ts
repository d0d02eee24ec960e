import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type CommandBody,
  decide,
  emptyLedger,
  isStartable,
  type JobSpec,
  jobOf,
  type Ledger,
  type Policy,
  type RecordedEvent,
} from '../../../src/engine/core/index.ts'
import { arbitraryRun } from '../../support/commands.ts'
import { breaksNoRule } from '../../support/one-ledger.ts'
import { holds, PATIENCE, runs } from '../../support/runs.ts'
import { eventsOf, play, type Turn, World } from '../../support/simulate.ts'
import { lineOf, queueOf, runningIn } from './oracle/queue.ts'

const batches = arbitraryRun({ maxLength: 100, places: true, batches: true })
const serving = fc.oneof(
  arbitraryRun({ maxLength: 100, places: true, serves: true }),
  arbitraryRun({ maxLength: 100, places: 'units', serves: true }),
)
const run = fc.oneof(
  arbitraryRun({ maxLength: 100, places: true }),
  batches,
  serving,
  arbitraryRun({ maxLength: 100, places: 'units' }),
  arbitraryRun({ maxLength: 100, places: 'units', batches: true }),
)

const joinsInPlaces = (event: RecordedEvent): boolean =>
  event.type === 'started' && event.places !== undefined && (event.batch ?? event.seq) !== event.seq

describe('a log with places', () => {
  it('has batches that are in one, and that go on there without their first job', () => {
    const turns = fc.sample(batches, { numRuns: 100, seed: 4 }).flatMap(play)
    const goesOn = (ledger: Ledger) =>
      [...ledger.jobs].some(({ batch, places }) => {
        const isFirstGone = batch !== null && ![...ledger.jobs].some(({ token }) => token === batch)
        return isFirstGone && places !== null
      })
    expect(eventsOf(turns).filter(joinsInPlaces).length).toBeGreaterThan(20)
    expect(turns.filter(({ decision }) => goesOn(decision.ledger)).length).toBeGreaterThan(20)
  })

  it('has processes that say what they serve, places that nobody serves any more, and jobs that wait for that', () => {
    const turns = fc.sample(serving, { numRuns: 60, seed: 4 }).flatMap(play)
    const count = (is: (turn: Turn) => boolean) => turns.filter(is).length
    const has = (type: RecordedEvent['type']) =>
      count(({ decision }) => decision.events.some((e) => e.type === type))
    expect(has('worker_serves')).toBeGreaterThan(100)
    expect(has('worker_gone')).toBeGreaterThan(20)
    expect(count(({ decision: { ledger } }) => ledger.beside.size > 0)).toBeGreaterThan(30)
    const isElsewhere = ({ before, decision }: Turn) =>
      decision.events.some(
        (e) => e.type === 'started' && before.servers.some(({ worker }) => worker === e.workerId) && e.places,
      )
    expect(count(isElsewhere)).toBeGreaterThan(20)
  })

  it(
    'keeps one job or batch per place, in a place of its model that is not paused and that its process serves, at every prefix; the audit says the same',
    breaksNoRule(run, 40),
    PATIENCE,
  )

  it(
    'never stands still: while work is due and nothing runs, somebody may start',
    holds([run], 20, (steps) => {
      for (const { decision, surroundings } of play(steps)) {
        const { ledger } = decision
        const queue = queueOf(ledger)
        const hasRates = Object.keys(queue.policy.rate).length > 0
        if (queue.draining || hasRates || lineOf(queue).length === 0 || runningIn(queue).length > 0) continue
        expect([...ledger.jobs].some((job) => isStartable(ledger, job, surroundings.now))).toBe(true)
      }
    }),
    PATIENCE,
  )
})

/** Whatever has come and gone: the processes that are left go on claiming what they serve, and end what they get. */
describe('jobs that live processes serve places for', () => {
  it(
    'all come to their turn; who is left waits for a place that nobody serves',
    holds([serving], 30, (steps) => {
      const world = new World()
      for (const step of steps) world.play(step)
      const rounds = settleAll(world)
      expect(rounds).toBeLessThan(100)
      expect([...world.ledger.line].map(({ jobId }) => jobId)).toEqual([])
    }),
    PATIENCE,
  )
})

/** How many rounds it takes until nobody is in line, 100 at most. */
function settleAll(world: World): number {
  const send = (body: CommandBody, workerId: string, max = 0) => {
    world.now += 11_000_000
    const claim = max === 0 ? {} : { claim: { max, kinds: null } }
    world.run({ id: `s${world.now}`, hash: 0, workerId, body, ...claim })
  }
  send({ type: 'expire_leases', workerIds: [...world.dead], retryAt: 0 }, 'other')
  send({ type: 'resume' }, 'other')
  for (const { model } of [...world.ledger.pauses]) send({ type: 'resume_model', model }, 'other')
  for (let round = 0; round < 100; round++) {
    const { ledger } = world
    if (ledger.line.size + ledger.active.size === 0) return round
    for (const { jobId, token } of [...ledger.jobs].filter(({ active }) => active))
      send({ type: 'complete', jobId, token }, 'other')
    send({ type: 'tick' }, 'other')
    const workers = ledger.servers.length === 0 ? ['any'] : ledger.servers.map(({ worker }) => worker)
    for (const worker of workers) send({ type: 'claim' }, worker, 9)
  }
  return 100
}

const PLACES = ['p', 'q', 'r', 's']
const listed = fc.shuffledSubarray(PLACES, { minLength: 1, maxLength: 4 })

/** Jobs of one model come for ever, and one that needs all of them waits. The one that has run longest ends first. */
describe('a job that needs several places', () => {
  it(
    'starts after a bounded number of ends, whatever comes behind it',
    () => {
      fc.assert(
        fc.property(
          fc.record({ a: listed, b: listed, c: listed }),
          fc.constantFrom(0, 1, 3),
          fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 8, maxLength: 8 }),
          (capacity, maxOvertakes, small) => {
            const queue = new Small({ ...rules, maxOvertakes, capacity })
            queue.enqueue('first', small.slice(0, 1))
            for (const [i, model] of small.entries()) queue.enqueue(`before-${i}`, [model])
            queue.enqueue('large', ['a', 'b', 'c'])
            // Between two ends at one place there is one at each of the others.
            const most = (small.length + 2 + maxOvertakes) * (PLACES.length + 1)
            let ends = 0
            for (; !queue.isActive('large'); ends++) {
              expect(ends).toBeLessThanOrEqual(most)
              queue.enqueue(`after-${ends}`, [small[ends % small.length] ?? 'a'])
              queue.endOldest()
            }
          },
        ),
        { numRuns: runs(30) },
      )
    },
    PATIENCE,
  )
})

/** Small jobs come for ever, and one that needs nearly all of a place waits. */
describe('a job that asks for a whole place', () => {
  it(
    'starts after a bounded number of ends, whatever small ones come behind it',
    () => {
      const asked = fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 8 })
      fc.assert(
        fc.property(
          asked,
          fc.integer({ min: 17, max: 24 }),
          fc.constantFrom(0, 1, 4),
          (small, large, most) => {
            const queue = new Small({
              ...rules,
              ...{ maxOvertakes: most, capacity: { a: ['p', 'q'] } },
              units: { p: { vram: 24 }, q: { vram: 24 } },
            })
            for (const [i, vram] of small.entries()) queue.enqueue(`before-${i}`, ['a'], { a: { vram } })
            queue.enqueue('large', ['a'], { a: { vram: large } })
            let ends = 0
            for (; !queue.isActive('large'); ends++) {
              // Each that it waits for has at least one unit, and leaves once.
              expect(ends).toBeLessThanOrEqual(48 * (small.length + 2 + most))
              for (const nth of [0, 1])
                queue.enqueue(`after-${ends}-${nth}`, ['a'], { a: { vram: small[ends % small.length] ?? 1 } })
              queue.endOldest()
            }
          },
        ),
        { numRuns: runs(20) },
      )
    },
    PATIENCE,
  )
})

const rules: Policy = {
  ...{ maxActive: null, capacity: {}, maxOvertakes: 0, ageSeconds: 60, offerMs: 2_000, emptySet: 'bypass' },
  ...{ holdAfterLossSeconds: {}, rate: {}, fairShare: null, retentionDays: null, archive: 'keep' },
}

/** A queue with one worker that takes whatever may start. */
class Small {
  #ledger: Ledger = emptyLedger
  #now = 1_700_000_000_000_000
  #commands = 0

  constructor(policy: Policy) {
    this.#send({ type: 'set_policy', policy })
  }

  enqueue(jobId: string, models: readonly string[], asks?: JobSpec['asks']): void {
    const spec: JobSpec = {
      ...{ jobId, jobType: 'normal', kind: 'normal', models, priority: 0, runAt: null, attempts: 1 },
      ...{ timeoutMs: 3_600_000, expireMs: null, fairKey: null },
      ...(asks === undefined ? {} : { asks }),
    }
    this.#send({ type: 'enqueue', specs: [spec] })
  }

  isActive(jobId: string): boolean {
    return jobOf(this.#ledger, jobId)?.active === true
  }

  endOldest(): void {
    const [oldest] = [...this.#ledger.jobs].filter(({ active }) => active).sort((a, b) => a.token - b.token)
    if (oldest !== undefined) this.#send({ type: 'complete', jobId: oldest.jobId, token: oldest.token })
  }

  #send(body: Parameters<World['run']>[0]['body']): void {
    this.#now += 1_000
    const command = {
      id: `c${++this.#commands}`,
      hash: 0,
      workerId: 'w',
      body,
      claim: { max: 100, kinds: null },
    }
    const { ledger } = decide(this.#ledger, [command], { now: this.#now, deadWorkers: new Set() })
    this.#ledger = ledger
  }
}
