/** When a waiting job starts: the core decides on from the present ledger, and each job takes as long as some like it did. */
import { describe, expect, it } from 'vitest'
import {
  type Claim,
  type CommandBody,
  type ComparedRange,
  decide,
  defaultPolicy,
  emptyLedger,
  type JobSpec,
  jobOf,
  type NoRange,
  type Policy,
  type RecordedEvent,
  RunTimes,
  type StartRange,
  specDefaults,
  type WorkerFact,
} from '../../../src/engine/core/index.ts'
import { forecast } from '../../../src/engine/core/says/forecast/forecast.ts'
import { handsOf } from '../../../src/engine/core/says/forecast/hands.ts'

const SECOND = 1_000_000
const worker = (freeSlots: number, more: Partial<WorkerFact> = {}): WorkerFact => ({
  ...{ workerId: 'w', state: 'live', kinds: null, freeSlots, release: '1.0.0', ...more },
})
const anybody = [worker(1_000)]
/** All that was said of this queue came true. */
const right: readonly ComparedRange[] = Array.from({ length: 20 }, () => ({
  ...{ likely: 20 * SECOND, from: 10 * SECOND, to: 30 * SECOND, waited: 20 * SECOND },
}))

const specOf = (jobId: string, models: readonly string[], more: Partial<JobSpec> = {}): JobSpec => ({
  ...{ ...specDefaults, jobId, models, kind: 'normal' },
  ...{ jobType: 'normal', ...more },
})

/** A queue that is driven by hand. */
function aQueue(policy: Partial<Policy> = {}) {
  let ledger = emptyLedger
  let commands = 0
  const times = new RunTimes()
  const at = (seconds: number, body: CommandBody, claim: Claim = { max: 9, kinds: null }) => {
    const command = { id: `c${commands++}`, hash: 0, workerId: 'w', claim, body }
    const decided = decide(ledger, [command], { now: seconds * SECOND, deadWorkers: new Set() })
    ledger = decided.ledger
    for (const event of decided.events) times.push(event, ledger)
  }
  const complete = (seconds: number, jobId: string) =>
    at(seconds, { type: 'complete', jobId, token: jobOf(ledger, jobId)?.token ?? 0 })
  const enqueue = (seconds: number, ...specs: readonly JobSpec[]) => at(seconds, { type: 'enqueue', specs })
  /** Jobs that took so many seconds each, one after the other from that second on. */
  const took = (from: number, seconds: readonly number[], spec: Partial<JobSpec> = {}) => {
    let now = from
    for (const [n, each] of seconds.entries()) {
      enqueue(now, specOf(`took-${from}-${n}`, ['m'], spec))
      complete(now + each, `took-${from}-${n}`)
      now += each + 1
    }
  }
  at(1, { type: 'set_policy', policy: { ...defaultPolicy, maxActive: null, ...policy } })
  const look = (seconds: number, workers: readonly WorkerFact[] = anybody, compared = right) => {
    const found = whole(forecast({ ledger, now: seconds * SECOND, times, workers, compared }))
    return { of: (jobId: string) => whole(found.of(jobId)) }
  }
  return { at, complete, enqueue, took, look, times, ledger: () => ledger }
}

function whole<T>(work: Generator<void, T>): T {
  for (;;) {
    const { done, value } = work.next()
    if (done === true) return value
  }
}

/** In seconds. */
const rangeOf = (found: StartRange | NoRange) => {
  if (typeof found === 'string') throw new Error(found)
  const round = (at: number) => Math.round(at / SECOND)
  return { likely: round(found.likely), from: round(found.from), to: round(found.to) }
}

describe('a forecast', () => {
  it('is the rest of what runs, and all of what waits before it', () => {
    const { enqueue, took, look } = aQueue()
    took(2, Array(300).fill(10))
    enqueue(9_000, ...['b', 'c', 'd'].map((id) => specOf(id, ['m'])))
    // Each takes 10 s, at a pace that is 1.7 times as fast or slow at most: b has 6 s left, and c comes before d.
    const { likely, from, to } = rangeOf(look(9_004).of('d'))
    expect(likely).toBeGreaterThanOrEqual(14)
    expect(likely).toBeLessThanOrEqual(20)
    expect(from).toBeGreaterThanOrEqual(8)
    expect(to).toBeLessThanOrEqual(28)
  })

  it('has the range of what was measured of jobs of the same kind and models', () => {
    const { enqueue, took, look } = aQueue()
    for (let n = 0; n < 40; n++) {
      took(1_000 * n + 2, [2, 4, 8, 16])
      took(1_000 * n + 300, [300, 300], { kind: 'train' })
    }
    enqueue(90_000, ...['b', 'c'].map((id) => specOf(id, ['m'])))
    const quick = rangeOf(look(90_000).of('c'))
    expect(quick.to).toBeLessThan(30)
    expect(quick.from).toBeLessThan(6)
    enqueue(90_001, specOf('d', ['m'], { kind: 'train' }), specOf('e', ['m']))
    expect(rangeOf(look(90_001).of('e')).from).toBeGreaterThan(170)
  })

  it('goes by jobs that are like it where none was just so: of its models, of its kind, of any', () => {
    const { enqueue, took, look } = aQueue()
    took(2, [50, 50, 50], { models: ['m', 'x'] })
    enqueue(900, ...['b', 'c'].map((id) => specOf(id, ['x', 'y'])), specOf('d', ['z']), specOf('e', ['z']))
    for (const jobId of ['c', 'e']) {
      const { from, to } = rangeOf(look(900).of(jobId))
      expect(from).toBeGreaterThan(30)
      expect(to).toBeLessThan(80)
    }
  })

  it('has a wider range of a set that was never measured where those differ that have a model in common', () => {
    const widthOf = (one: readonly number[], other: readonly number[]) => {
      const { enqueue, took, look } = aQueue()
      took(2, Array(9).fill(10))
      took(200, Array(9).fill(10), { models: ['n'] })
      took(400, one, { models: ['m', 'x'] })
      took(800, other, { models: ['n', 'x'] })
      enqueue(2_000, ...['b', 'c', 'd'].map((id) => specOf(id, ['x', 'y'])))
      const { from, to } = rangeOf(look(2_000).of('d'))
      return to / from
    }
    const alike = widthOf([10, 90, 10, 90], [90, 10, 90, 10])
    expect(widthOf([10, 10, 10, 10], [90, 90, 90, 90])).toBeGreaterThan(1.5 * alike)
  })

  it('is the same each time, and one more ahead makes no start of a strict line earlier', () => {
    const before = aQueue()
    const after = aQueue()
    for (const queue of [before, after]) {
      queue.took(2, [3, 9, 27, 4, 5])
      queue.enqueue(500, ...['b', 'c', 'd'].map((id) => specOf(id, ['m'])))
    }
    after.enqueue(500, specOf('more', ['m'], { priority: 1 }))
    for (const queue of [before, after]) queue.enqueue(501, specOf('last', ['m']))
    expect(before.look(501).of('last')).toEqual(before.look(501).of('last'))
    const [few, many] = [before, after].map((queue) => rangeOf(queue.look(501).of('last')))
    for (const part of ['likely', 'from', 'to'] as const)
      expect(many?.[part] ?? 0).toBeGreaterThanOrEqual(few?.[part] ?? 0)
    // Who stands further behind starts no earlier.
    const starts = ['c', 'd', 'last'].map((jobId) => rangeOf(before.look(501).of(jobId)).to)
    expect(starts).toEqual(starts.toSorted((a, b) => a - b))
  })

  it('counts the slots of the processes that are alive, and what kinds they run', () => {
    const { took, look, at, ledger, times } = aQueue()
    took(2, [10, 10, 10])
    at(
      500,
      { type: 'enqueue', specs: ['a', 'b', 'c'].map((id) => specOf(id, [id])) },
      { max: 1, kinds: null },
    )
    const one = look(500, [worker(0)])
    expect([rangeOf(one.of('b')).to, rangeOf(one.of('c')).from]).toEqual([
      expect.closeTo(12, -1),
      expect.closeTo(16, -1),
    ])
    expect(rangeOf(look(500).of('c'))).toMatchObject({ likely: 0, to: 0 })
    at(501, { type: 'enqueue', specs: [specOf('d', ['d'], { kind: 'film' })] }, { max: 0, kinds: null })
    expect(jobOf(ledger(), 'd')).toMatchObject({ active: false })
    expect(look(501, [worker(3, { kinds: ['normal'] })]).of('d')).toBe('no_live_worker')
    const gate = worker(0, { workerId: 'gate', kinds: [] })
    expect(handsOf([gate], ledger(), times.crews)).toEqual([])
    expect(handsOf([gate, worker(3, { kinds: ['a'] })], ledger(), times.crews)).toEqual([
      { worker: 'w', of: ['w'], slots: 3, kinds: ['a'] },
    ])
  })

  it('takes the slots that a process has had, not those that its last heartbeat had free', () => {
    const { at, took, look } = aQueue()
    took(2, [10, 10, 10])
    const claim = { max: 4, kinds: null }
    at(100, { type: 'enqueue', specs: ['a', 'b', 'c', 'd'].map((id) => specOf(id, [id])) }, claim)
    at(101, { type: 'enqueue', specs: [specOf('next', ['e'])] }, { max: 0, kinds: null })
    // It had four free when it said so, and all four are taken now.
    expect(rangeOf(look(101, [worker(4)]).of('next')).from).toBeGreaterThan(2)
    expect(rangeOf(look(101, [worker(5)]).of('next'))).toEqual({ likely: 0, from: 0, to: 0 })
  })

  it('is none where no live process runs it', () => {
    const { enqueue, took, look } = aQueue()
    took(2, Array(20).fill(10))
    enqueue(900, specOf('a', ['x'], { kind: 'normal' }), specOf('b', ['x']))
    const dead = worker(3, { state: 'dead' })
    const producer = worker(0, { workerId: 'producer', kinds: [] })
    for (const workers of [[], [dead], [producer], [dead, producer, worker(0, { state: 'late' })]])
      expect(look(901, workers).of('b')).toBe('no_live_worker')
    expect(rangeOf(look(901, [dead, worker(1)]).of('b')).to).toBeGreaterThan(5)
  })

  it('is as wide as the last ones of this queue had to be, and none where too few or far off', () => {
    const { enqueue, took, look } = aQueue()
    took(2, Array(20).fill(10))
    enqueue(900, specOf('a', ['x']), specOf('b', ['x']))
    const [one] = right
    if (one === undefined) return expect.unreachable()
    const late = (seconds: number) => right.map((each) => ({ ...each, waited: seconds * SECOND }))
    const said = rangeOf(look(900).of('b'))
    const wider = rangeOf(look(900, anybody, late(61)).of('b'))
    expect(wider).toMatchObject({ likely: said.likely, from: said.from })
    expect(wider.to).toBeCloseTo(2 * said.to, -1)
    expect(rangeOf(look(900, anybody, late(4)).of('b')).from).toBeLessThan(said.from)
    expect(look(900, anybody, late(1_000)).of('b')).toBe('wrong_lately')
    expect(look(900, anybody, right.slice(0, 8)).of('b')).toBe('not_compared')
  })

  it('knows what processes load', () => {
    const { at, complete, look } = aQueue({
      warm: { maxPassed: 16, maxPassedSeconds: 600, minLoadedSeconds: 0, loadSeconds: { '*': 100 } },
    })
    const claim = { max: 1, kinds: null, keeps: 1 }
    const enter = (seconds: number, ...jobs: readonly [string, string][]) =>
      at(seconds, { type: 'enqueue', specs: jobs.map(([id, model]) => specOf(id, [model])) }, claim)
    // The first loads its model, the second has it.
    enter(2, ['a', 'm'])
    complete(112, 'a')
    enter(112, ['b', 'm'])
    complete(122, 'b')
    enter(200, ['runs', 'm'], ['cold', 'n'], ['last', 'n'])
    const found = look(200, [worker(0)])
    // 10 s each, and 100 s before the first job of another model.
    expect(rangeOf(found.of('cold')).to).toBeLessThan(20)
    expect(rangeOf(found.of('last')).from).toBeGreaterThan(100)
  })

  it('knows of batches: as many start at once as one call took before', () => {
    const { at, enqueue, look, ledger } = aQueue()
    const claim = { max: 1, kinds: null, batches: [{ kind: 'normal', size: 4 }] }
    const four = ['a', 'b', 'c', 'd'].map((id) => specOf(id, ['m']))
    at(2, { type: 'enqueue', specs: four }, claim)
    for (const { jobId } of four)
      at(12, { type: 'complete', jobId, token: jobOf(ledger(), jobId)?.token ?? 0 })
    enqueue(20, specOf('now', ['m']), ...[1, 2, 3, 4, 5].map((n) => specOf(`w${n}`, ['m'])))
    expect(rangeOf(look(20).of('w4')).to).toBeLessThan(16)
    expect(rangeOf(look(20).of('w5')).from).toBeGreaterThan(13)
  })

  it('waits for a time that is known: of a due job, and of a pause that ends', () => {
    const { at, enqueue, took, look } = aQueue()
    took(2, [10, 10])
    took(50, [0.1, 0.1, 0.1, 0.1], { kind: 'brief' })
    enqueue(100, specOf('later', ['x'], { runAt: 400 * SECOND }), specOf('b', ['y']))
    at(101, { type: 'pause_model', model: 'z', reason: 'by_hand', until: 700 * SECOND })
    enqueue(102, specOf('paused', ['z']))
    const starts = () => {
      const found = look(102)
      return ['later', 'paused'].map((jobId) => rangeOf(found.of(jobId)).likely)
    }
    expect(starts()).toEqual([298, 598])
    // Also where more happens before that time than a try decides.
    for (const model of ['p', 'q'])
      enqueue(
        102,
        ...Array.from({ length: 120 }, (_, n) => specOf(`${model}${n}`, [model], { kind: 'brief' })),
      )
    expect(starts()).toEqual([298, 598])
  })

  it('is none where nothing has completed, for what is paused or runs, and in a queue that drains', () => {
    const { at, enqueue, took, look } = aQueue()
    enqueue(2, ...['b', 'c'].map((id) => specOf(id, ['x'])))
    expect(look(3).of('c')).toBe('nothing_completed')
    took(4, [5])
    expect(rangeOf(look(20).of('c')).to).toBeLessThan(40)
    expect([look(20).of('b'), look(20).of('nobody')]).toEqual(['no_time_brings_it', 'no_time_brings_it'])
    at(21, { type: 'pause_model', model: 'x', reason: 'by_hand', until: null })
    expect(look(22).of('c')).toBe('no_time_brings_it')
    at(23, { type: 'resume_model', model: 'x' })
    at(24, { type: 'drain' })
    expect(look(25).of('c')).toBe('no_time_brings_it')
  })

  it('adds up what is far ahead, and takes no more turns for it', () => {
    const { enqueue, took, ledger, times } = aQueue()
    took(2, Array(50).fill(10))
    const all = Array.from({ length: 2_000 }, (_, n) => specOf(`b${n}`, ['m']))
    for (let n = 0; n < 2_000; n += 1_000) enqueue(1_000, ...all.slice(n, n + 1_000))
    const now = 1_000 * SECOND
    const work = forecast({ ledger: ledger(), now, times, workers: [worker(4)], compared: right })
    let turns = 0
    let next = work.next()
    for (; next.done !== true; next = work.next()) turns++
    expect(turns).toBeLessThanOrEqual(15 * 11)
    const last = next.value
    const found = { of: (jobId: string) => whole(last.of(jobId)) }
    const { likely } = rangeOf(found.of('b1999'))
    expect(likely).toBeGreaterThan(16_000)
    expect(likely).toBeLessThan(24_000)
  })
})

describe('measured run times', () => {
  const event = (fields: object, seq: number) =>
    ({ seq, at: seq * SECOND, commandId: 'c', commandHash: 0, ...fields }) as RecordedEvent
  const started = (jobId: string, seq: number, models = ['m']) =>
    event({ type: 'started', jobId, workerId: 'w', attempt: 1, models }, seq)

  it('are those of attempts that completed: what failed was cut short', () => {
    const times = new RunTimes()
    times.push(started('a', 1), emptyLedger)
    times.push(
      event({ type: 'failed', jobId: 'a', token: 1, code: 'handler_error', final: true }, 2),
      emptyLedger,
    )
    times.push(event({ type: 'completed', jobId: 'never-seen', token: 1 }, 3), emptyLedger)
    expect(times.count).toBe(0)
    times.push(started('b', 4), emptyLedger)
    times.push(event({ type: 'completed', jobId: 'b', token: 4 }, 9), emptyLedger)
    expect([times.count, times.of(specOf('x', ['m']))[0]]).toEqual([1, [5 * SECOND]])
  })

  it('are bounded, however many jobs and models there were', () => {
    const times = new RunTimes()
    for (let n = 0; n < 6_000; n++) {
      times.push(started(`j${n}`, 2 * n + 1, [n < 3_000 ? `model-${n}` : 'm']), emptyLedger)
      times.push(event({ type: 'completed', jobId: `j${n}`, token: 2 * n + 1 }, 2 * n + 2), emptyLedger)
    }
    expect(times.of(specOf('x', ['m'])).map(({ length }) => length)).toEqual([256, 256, 256])
    expect(times.of(specOf('x', ['model-0']))).toHaveLength(1)
    expect(times.of(specOf('x', ['model-2999']))).toHaveLength(3)
  })
})
