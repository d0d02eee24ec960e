/** When a waiting job may start: the core decides over the jobs that are live, each of which runs as long as one of its kind did. */
import { describe, expect, it } from 'vitest'
import {
  type CommandBody,
  decide,
  defaultPolicy,
  emptyLedger,
  type JobSpec,
  type RecordedEvent,
  specDefaults,
} from '../../src/engine/core/index.ts'
import {
  estimateStart,
  type NoEstimate,
  RunTimes,
  type StartEstimate,
} from '../../src/tools/insight/what-if/estimate.ts'

const SECOND = 1_000_000

const specOf = (jobId: string, models: readonly string[], kind = 'normal'): JobSpec => ({
  ...{ ...specDefaults, jobId, models, kind },
  jobType: 'normal',
})

/** A queue that is driven by hand. */
function aQueue() {
  let ledger = emptyLedger
  let commands = 0
  const events: RecordedEvent[] = []
  const at = (seconds: number, body: CommandBody) => {
    const command = { id: `c${commands++}`, hash: 0, workerId: 'w', claim: { max: 9, kinds: null }, body }
    const decided = decide(ledger, [command], { now: seconds * SECOND, deadWorkers: new Set() })
    ledger = decided.ledger
    events.push(...decided.events)
  }
  const complete = (seconds: number, jobId: string) => {
    const job = [...ledger.jobs].find((each) => each.jobId === jobId)
    at(seconds, { type: 'complete', jobId, token: job?.token ?? 0 })
  }
  at(1, { type: 'set_policy', policy: { ...defaultPolicy, maxActive: null } })
  return { ledger: () => ledger, events, at, complete }
}

const timesOf = (events: readonly RecordedEvent[]): RunTimes => {
  const times = new RunTimes(emptyLedger)
  for (const event of events) times.push(event)
  return times
}

const inSeconds = (found: StartEstimate | NoEstimate) =>
  typeof found === 'string' ? found : { ...found, likely: Math.round(found.likely / SECOND) }

describe('an estimate', () => {
  it('is the rest of what runs, and all of what waits before it', async () => {
    const { ledger, events, at, complete } = aQueue()
    at(2, { type: 'enqueue', specs: [specOf('a', ['m'])] })
    complete(12, 'a')
    at(20, { type: 'enqueue', specs: ['b', 'c', 'd'].map((id) => specOf(id, ['m'])) })
    const found = await estimateStart({
      ...{ ledger: ledger(), now: 24 * SECOND, jobId: 'd', times: timesOf(events), slots: null },
    })
    // Each takes 10 s: b has 6 s left, and c comes before d.
    expect(inSeconds(found)).toMatchObject({ likely: 16, tries: 20, runs: 1 })
  })

  it('has a range where attempts took unlike long, and is the same each time', async () => {
    const { ledger, events, at, complete } = aQueue()
    for (const [n, took] of [2, 4, 8, 16].entries()) {
      at(100 * n + 2, { type: 'enqueue', specs: [specOf(`a${n}`, ['m'])] })
      complete(100 * n + 2 + took, `a${n}`)
    }
    at(1_000, { type: 'enqueue', specs: ['b', 'c', 'd'].map((id) => specOf(id, ['m'])) })
    const options = { ledger: ledger(), now: 1_000 * SECOND, jobId: 'd', times: timesOf(events), slots: null }
    const found = await estimateStart(options)
    expect(await estimateStart(options)).toEqual(found)
    if (typeof found === 'string') throw new Error(found)
    expect(found.from).toBeGreaterThanOrEqual(4 * SECOND)
    expect(found.to).toBeLessThanOrEqual(32 * SECOND + SECOND)
    expect(found.from).toBeLessThan(found.to)
  })

  it('is none where nothing has completed, for what is paused, and in a queue that drains', async () => {
    const { ledger, events, at } = aQueue()
    at(2, { type: 'enqueue', specs: ['b', 'c'].map((id) => specOf(id, ['m'])) })
    const options = { now: 3 * SECOND, jobId: 'c', slots: null }
    expect(await estimateStart({ ...options, ledger: ledger(), times: timesOf(events) })).toBe(
      'nothing_completed',
    )
    const known = aQueue()
    known.at(2, { type: 'enqueue', specs: [specOf('a', ['m'])] })
    known.complete(4, 'a')
    known.at(5, { type: 'enqueue', specs: ['b', 'c'].map((id) => specOf(id, ['m'])) })
    const times = timesOf(known.events)
    expect(await estimateStart({ ...options, ledger: known.ledger(), times })).toMatchObject({ runs: 1 })
    known.at(6, { type: 'pause_model', model: 'm', reason: 'by_hand', until: null })
    expect(await estimateStart({ ...options, ledger: known.ledger(), times })).toBe('no_time_brings_it')
    known.at(7, { type: 'resume_model', model: 'm' })
    known.at(8, { type: 'drain' })
    expect(await estimateStart({ ...options, ledger: known.ledger(), times })).toBe('no_time_brings_it')
  })

  it('is there for the front of a line of 5,000 jobs after a few of them, and for its end at the pace of the first', async () => {
    const { ledger, events, at, complete } = aQueue()
    at(2, { type: 'enqueue', specs: [specOf('a', ['m'])] })
    complete(12, 'a')
    for (let n = 0; n < 5; n++)
      at(20, {
        type: 'enqueue',
        specs: Array.from({ length: 1_000 }, (_, i) => specOf(`b${n * 1_000 + i}`, ['m'])),
      })
    const times = timesOf(events)
    let turns = 0
    const turn = async () => void turns++
    const options = { ledger: ledger(), now: 20 * SECOND, times, slots: 4, turn }
    // b0 runs: it and the two between them take 10 s each.
    expect(inSeconds(await estimateStart({ ...options, jobId: 'b3' }))).toMatchObject({
      ...{ likely: 30, tries: 20, isScaled: false },
    })
    // A turn each 50 steps: those behind it are not simulated until they end.
    expect(turns).toBeLessThan((20 * 600) / 50)
    expect(inSeconds(await estimateStart({ ...options, jobId: 'b4999' }))).toMatchObject({
      ...{ likely: 49_990, tries: 8, isScaled: true },
    })
  })
})
