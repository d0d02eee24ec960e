/** A what-if over a log with places, units, modes, uses and weights: as it was, and under rules that are then really run. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  Agenda,
  type CommandBody,
  decide,
  defaultPolicy,
  emptyLedger,
  type Ledger,
  nextOpeningAt,
  nextTickAt,
  type Policy,
  type RecordedEvent,
  specDefaults,
} from '../../../src/engine/core/index.ts'
import { simulate } from '../../../src/tools/insight/what-if/simulate.ts'
import { PeriodRecorder, type Trial, triedOf } from '../../../src/tools/insight/what-if/tried.ts'
import { runs } from '../../support/runs.ts'

const SECOND = 1_000_000
const T0 = 1_700_000_000 * SECOND

interface Wish {
  readonly at: number
  readonly seconds: number
  readonly models: readonly string[]
  readonly whole?: readonly string[]
  readonly vram?: number
  readonly tokens?: number
  /** What it does use in the end. */
  readonly used?: number
  readonly fairKey?: string
  /** Gives its first model back after half of its time. */
  readonly givesBack?: boolean
}

interface Server {
  readonly serves?: readonly string[]
  readonly keeps?: number
  readonly slots?: number
  readonly from?: number
  readonly to?: number
}

type Item =
  | { readonly body: CommandBody; readonly by?: string }
  | { readonly join: number }
  | { readonly leave: number }

/** What a queue really does: the log that its processes write, with jobs that take as long as they take, and nothing else any time. */
class Run {
  readonly events: RecordedEvent[] = []
  readonly #agenda = new Agenda<Item>()
  readonly #wishes: ReadonlyMap<string, Wish>
  readonly #servers: readonly Server[]
  readonly #here = new Set<number>()
  readonly #busy = new Map<string, number>()
  #ledger: Ledger = emptyLedger
  #now = T0

  constructor(policy: Policy, servers: readonly Server[], wishes: readonly Wish[]) {
    this.#servers = servers
    this.#wishes = new Map(wishes.map((wish, n) => [`job-${n}`, wish]))
    this.#agenda.add(T0, { body: { type: 'set_policy', policy } })
    for (const [n, { from = 0, to }] of servers.entries()) {
      this.#agenda.add(T0 + 1 + from * SECOND, { join: n })
      if (to !== undefined) this.#agenda.add(T0 + to * SECOND, { leave: n })
    }
    for (const [jobId, wish] of this.#wishes) {
      const { models, whole, vram, tokens, fairKey = null } = wish
      const [first = ''] = models
      const spec = {
        ...({ ...specDefaults, jobId, jobType: 'normal', kind: 'normal', models, fairKey } as const),
        ...(whole && { whole }),
        ...(vram && { asks: { [first]: { vram } } }),
        ...(tokens && { uses: { tpm: tokens } }),
      }
      this.#agenda.add(T0 + wish.at * SECOND, { body: { type: 'enqueue', specs: [spec] } })
    }
  }

  later(seconds: number, body: CommandBody): this {
    this.#agenda.add(T0 + seconds * SECOND, { body })
    return this
  }

  go(): this {
    for (let next = this.#agenda.next(); next !== undefined; next = this.#agenda.next()) {
      this.#now = Math.max(this.#now, Math.round(next.at))
      this.#do(next.item)
    }
    expect(this.#ledger.jobs.size).toBe(0)
    return this
  }

  #do(item: Item): void {
    if ('join' in item) this.#here.add(item.join)
    else if ('leave' in item) {
      this.#here.delete(item.leave)
      this.#send(`worker-${item.leave}`, { type: 'leave' })
    } else this.#send(item.by ?? 'client', item.body, this.#numberOf(item.by))
    for (const n of this.#here) this.#send(`worker-${n}`, { type: 'claim' }, n)
    const times = [nextTickAt(this.#ledger), nextOpeningAt(this.#ledger, this.#now)]
    for (const at of times)
      if (at !== undefined && at > this.#now) this.#agenda.add(at, { body: { type: 'tick' } })
  }

  /** A process that ends a job claims with it, while it is there. */
  #numberOf(worker: string | undefined): number | undefined {
    return [...this.#here].find((n) => worker === `worker-${n}`)
  }

  #send(workerId: string, body: CommandBody, n?: number): void {
    const { serves, keeps, slots = 8 } = this.#servers[n ?? -1] ?? {}
    if (body.type === 'complete') this.#busy.set(workerId, (this.#busy.get(workerId) ?? 1) - 1)
    const claim = { max: slots - (this.#busy.get(workerId) ?? 0), kinds: null, serves, keeps }
    const command = { id: `c${this.events.length}-${this.#now}`, hash: 0, workerId, body }
    const decided = decide(this.#ledger, [n === undefined ? command : { ...command, claim }], {
      now: this.#now,
      deadWorkers: new Set<string>(),
    })
    expect(decided.results.filter(({ ok }) => !ok)).toEqual([])
    this.#ledger = decided.ledger
    for (const event of decided.events) {
      this.events.push(event)
      if (event.type === 'started') this.#started(event)
    }
  }

  #started({ jobId, seq: token, workerId, at, models }: RecordedEvent & { readonly type: 'started' }): void {
    this.#busy.set(workerId, (this.#busy.get(workerId) ?? 0) + 1)
    const { seconds = 1, used, givesBack } = this.#wishes.get(jobId) ?? {}
    const tpm = used === undefined ? undefined : { used: { tpm: used } }
    const [model = ''] = models
    if (givesBack)
      this.#agenda.add(at + (seconds / 2) * SECOND, {
        body: { type: 'done', jobId, token, model },
        by: workerId,
      })
    this.#agenda.add(at + seconds * SECOND, {
      body: { type: 'complete', jobId, token, ...tpm },
      by: workerId,
    })
  }
}

const trial = (name: string, rules: Policy): Trial => ({ name, policy: rules, slots: null })

async function whatIf({ events }: Run, ...tried: readonly Trial[]) {
  const [first, last] = [events[0]?.seq ?? 0, events.at(-1)]
  const period = { after: first - 1, upTo: last?.seq ?? 0, from: T0, to: last?.at ?? T0 }
  const recorder = new PeriodRecorder(emptyLedger, period)
  for (const event of events) recorder.push(event)
  const found = await triedOf('default', recorder.finish(), tried, (lives, rules) => simulate(lives, rules))
  return found.outcomes.map(
    ({ waiting, makespanMs, maxConcurrent, loads, models, jobs, attempts, refused }) => ({
      waits: [waiting.count, ...[waiting.mean, waiting.p50, waiting.p95, waiting.max].map(tenths)],
      makespan: tenths(makespanMs),
      ...{ maxConcurrent, loads, jobs, attempts, refused },
      models: models.map(({ model, heldMs }) => [model, tenths(heldMs)]).sort(),
    }),
  )
}

/** Commands of one moment are some microseconds apart. */
const tenths = (ms: number) => Math.round(ms / 100) / 10

const policy = (rest: Partial<Policy>): Policy => ({ ...defaultPolicy, maxActive: null, ...rest })
const two = policy({ capacity: { flux: ['host1:0', 'host1:1'], upscale: ['host1:1'] } })
const three = policy({ capacity: { flux: ['host1:0', 'host1:1', 'host2:0'], upscale: ['host1:1'] } })
const onEach: readonly Server[] = [
  { serves: ['host1:0'], slots: 1 },
  { serves: ['host1:1'], slots: 1 },
]
const nine = Array.from(
  { length: 9 },
  (_, n): Wish => ({ at: 1 + n * 0.01, seconds: 4 + n * 0.3, models: [n % 4 === 3 ? 'upscale' : 'flux'] }),
)

describe('what-if over a log of two cards', () => {
  it('says of a third one what really comes of it, beside what happened', async () => {
    const run = new Run(two, onEach, nine).go()
    const [happened, same, tried] = await whatIf(run, trial('three', three))
    expect(same).toEqual(happened)
    const [really] = await whatIf(new Run(three, [...onEach, { serves: ['host2:0'], slots: 1 }], nine).go())
    expect(tried).toEqual(really)
    expect(really?.makespan).toBeLessThan(happened?.makespan ?? 0)
  })

  it('says what comes of one card less', async () => {
    const one = policy({ capacity: { flux: ['host1:0'], upscale: ['host1:1'] } })
    const [, , tried] = await whatIf(new Run(two, onEach, nine).go(), trial('one', one))
    const [really] = await whatIf(new Run(one, onEach, nine).go())
    expect(tried).toEqual(really)
  })

  it('gives a card that a process serves by a pattern to that process', async () => {
    const host: readonly Server[] = [{ serves: ['host1:*'], slots: 2 }]
    const more = policy({ capacity: { ...two.capacity, flux: ['host1:0', 'host1:1', 'host1:2'] } })
    const [happened, same, tried] = await whatIf(new Run(two, host, nine).go(), trial('more', more))
    expect(same).toEqual(happened)
    const [really] = await whatIf(new Run(more, [{ serves: ['host1:*'], slots: 3 }], nine).go())
    expect(tried).toEqual(really)
  })

  it('says how many jobs a fair share would have refused', async () => {
    const wishes = nine.map((wish) => ({ ...wish, models: ['flux'], fairKey: 'a' }))
    const full = { ...two, fairShare: { spacingSeconds: 0, maxWaiting: 2, maxActive: null } }
    const [happened, same, tried] = await whatIf(new Run(two, onEach, wishes).go(), trial('full', full))
    expect(same).toEqual(happened)
    expect(happened).toMatchObject({ jobs: 9, refused: 0 })
    expect(tried).toMatchObject({ jobs: 4, refused: 5 })
  })

  it('tries other units, other limits of use, and other weights', async () => {
    const wishes = nine.map((wish, n) => ({
      ...wish,
      models: ['flux'],
      ...{ vram: 12, tokens: 100, used: 80 + n, fairKey: n < 6 ? 'free/a' : 'paid/b' },
    }))
    const base = policy({
      capacity: { flux: ['host1:0', 'host1:1'] },
      units: { 'host1:*': { vram: 12 } },
      uses: { tpm: { limit: 1_000, perSeconds: 5 } },
      ...{ maxOvertakes: 100, weights: { '*': 1 } },
    })
    const tries = {
      units: { ...base, units: { 'host1:*': { vram: 24 } } },
      uses: { ...base, uses: { tpm: { limit: 120, perSeconds: 5 } } },
      weights: { ...base, weights: { 'paid/*': 9, '*': 1 } },
    }
    const names = Object.keys(tries) as readonly (keyof typeof tries)[]
    const servers = [{ serves: ['host1:*'] }]
    const [happened, same, ...tried] = await whatIf(
      new Run(base, servers, wishes).go(),
      ...names.map((name) => trial(name, tries[name])),
    )
    expect(same).toEqual(happened)
    for (const [n, name] of names.entries()) {
      const [really] = await whatIf(new Run(tries[name], servers, wishes).go())
      expect({ name, ...tried[n] }).toEqual({ name, ...really })
      expect(tried[n]).not.toEqual(happened)
    }
  })

  it('plays pauses of a card, changes of the policy, and processes that leave, as they were', async () => {
    const servers: readonly Server[] = [
      { serves: ['host1:*'], to: 60 },
      { serves: ['host2:0'], from: 6.5, to: 16.3 },
    ]
    const run = new Run(two, servers, nine)
      .later(3.2, { type: 'pause_model', model: 'host1:0', reason: 'broken', until: null })
      .later(5.7, { type: 'set_policy', policy: three })
      .later(14.1, { type: 'resume_model', model: 'host1:0' })
      .go()
    const [happened, same] = await whatIf(run)
    expect(same).toEqual(happened)
    const [alone] = await whatIf(new Run(two, servers.slice(0, 1), nine).go())
    expect(alone?.makespan).not.toBe(happened?.makespan)
  })

  it('goes on under rules that take longer than those did who ran the jobs', async () => {
    const run = new Run(two, [{ serves: ['host1:*'], to: 25 }], nine)
      .later(24, { type: 'pause_model', model: 'flux', reason: 'night', until: null })
      .go()
    const [happened, same, tried] = await whatIf(run, trial('serial', { ...two, maxActive: 1 }))
    expect(same).toEqual(happened)
    expect(tried).toMatchObject({ jobs: 9, attempts: 9, maxConcurrent: 1 })
    expect(tried?.makespan).toBeGreaterThan(30)
  })

  it('refuses rules that have no room for a job', async () => {
    const units = policy({ ...two, units: { 'host1:*': { vram: 24 } } })
    const run = new Run(units, onEach, [{ at: 1, seconds: 1, models: ['flux'], vram: 20 }]).go()
    const small = trial('small', { ...units, units: { 'host1:*': { vram: 16 } } })
    await expect(whatIf(run, small)).rejects.toMatchObject({ code: 'aborted' })
  })
})

const wish = fc.record(
  {
    at: fc.integer({ min: 1, max: 30 }),
    seconds: fc.integer({ min: 1, max: 9 }),
    models: fc.constantFrom(['flux'], ['flux'], ['upscale'], ['flux', 'cpu'], ['cpu']),
    whole: fc.constantFrom(['flux'], []),
    vram: fc.integer({ min: 1, max: 24 }),
    tokens: fc.integer({ min: 1, max: 400 }),
    used: fc.integer({ min: 0, max: 500 }),
    fairKey: fc.constantFrom('free/a', 'free/b', 'paid/c'),
    givesBack: fc.boolean(),
  },
  { requiredKeys: ['at', 'seconds', 'models'] },
)
const rules = fc.record(
  {
    maxOvertakes: fc.constantFrom(1, 4, 100),
    units: fc.constant({ 'host1:*': { vram: 24 } }),
    uses: fc.constant({ tpm: { limit: 1_000, perSeconds: 7 } }),
    weights: fc.constant({ 'paid/*': 3, '*': 1 }),
    tiers: fc.constant({ free: { maxActive: 1, maxTogether: 2 } }),
    warm: fc.constant({ maxPassed: 3, maxPassedSeconds: 20, minLoadedSeconds: 0, loadSeconds: { '*': 1 } }),
  },
  { requiredKeys: ['maxOvertakes'] },
)
const servers = fc.constantFrom<readonly Server[]>(
  [{ serves: ['host1:*'] }],
  [{ serves: ['host1:0'] }, { serves: ['host1:1'] }],
  [
    { serves: ['host1:0'], keeps: 1 },
    { serves: ['host1:1'], keeps: 2 },
  ],
  [{}],
)

/** A job takes all of a model or asks units of it, and what it gives back is in no batch. */
const made = (wishes: readonly Wish[], hasUnits: boolean): readonly Wish[] =>
  wishes
    .toSorted((a, b) => a.at - b.at)
    .map(({ vram, whole = [], ...one }, n) => {
      const isPlaced = one.models[0] === 'flux' || one.models[0] === 'upscale'
      const all = whole.filter((model) => one.models.includes(model))
      const asks = hasUnits && isPlaced && all.length === 0 && vram !== undefined
      return {
        ...one,
        // No two moments are the same: which of two that are goes first is nobody's promise.
        ...{ at: one.at + (n * 7 + 1) * 1e-3, seconds: one.seconds + (n * 13 + 1) * 1e-4 },
        ...(all.length === 0 ? {} : { whole: all }),
        ...(asks ? { vram } : {}),
      }
    })

it('of a log with places, units, modes, uses and weights the same rules give what happened', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(wish, { minLength: 1, maxLength: 15 }),
      rules,
      servers,
      async (wishes, rest, processes) => {
        const capacity = { flux: ['host1:0', 'host1:1'], upscale: ['host1:1'], cpu: 2 }
        const run = new Run(
          policy({ capacity, ...rest }),
          processes,
          made(wishes, rest.units !== undefined),
        ).go()
        const [happened, same] = await whatIf(run)
        expect(same).toEqual(happened)
      },
    ),
    { numRuns: runs(100) },
  )
})
