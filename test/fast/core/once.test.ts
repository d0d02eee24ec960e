import { expect, it } from 'vitest'
import {
  type CommandBody,
  decide,
  emptyLedger,
  type JobSpec,
  type OnceRecord,
  onceRecordOf,
  specDefaults,
} from '../../../src/engine/core/index.ts'

const MINUTE = 60_000_000
const now = 1_700_000_000_000_000
const job: JobSpec = {
  ...{ jobId: 'a', jobType: 'normal', kind: 'normal', models: ['m'], ...specDefaults },
  ...{ payloadHash: 1, hasData: true, once: 3_600_000 },
}

/** What comes of these commands, decided in one breath. */
function decided(bodies: readonly CommandBody[], remembered: readonly OnceRecord[] = [], at = now) {
  const commands = bodies.map((body, n) => ({ id: `c${n}`, hash: n, workerId: 'w', body }))
  const once = new Map(remembered.map((record) => [record.jobId, record]))
  const { events, results } = decide(emptyLedger, commands, { now: at, deadWorkers: new Set(), once })
  return { events, types: events.map(({ type }) => type), results }
}

const enqueue = (spec: JobSpec): CommandBody => ({ type: 'enqueue', specs: [spec] })
const cancel: CommandBody = { type: 'cancel', jobId: 'a', force: false }

/** What a store remembers of the first event of a log in which the job is enqueued. */
function recordOf(spec: JobSpec): OnceRecord {
  const [event] = decided([enqueue(spec)]).events
  const record = event && onceRecordOf(event)
  if (record === undefined) throw new Error('it is not remembered')
  return record
}

it('knows what the command before has enqueued, also if another one has ended it since', () => {
  const { types, results } = decided([enqueue(job), cancel, enqueue(job), enqueue({ ...job, kind: 'other' })])
  expect(types).toEqual(['queued', 'cancelled'])
  expect(results).toMatchObject([
    { ok: true },
    { ok: true },
    { ok: true, known: ['a'], changed: false },
    { ok: false, code: 'job_exists' },
  ])
})

it('takes the word of the store, until the time is over', () => {
  const record = recordOf(job)
  expect(record).toEqual({
    ...{ jobId: 'a', seq: 1, until: now + 60 * MINUTE, body: record.body, hasData: true, payloadHash: 1 },
  })
  expect(decided([enqueue(job)], [record], now + 59 * MINUTE)).toMatchObject({
    types: [],
    results: [{ ok: true, known: ['a'] }],
  })
  expect(decided([enqueue(job)], [record], now + 60 * MINUTE).types).toEqual(['queued'])
  const { once: _, ...plain } = job
  expect(decided([enqueue(plain)], [record]).types).toEqual(['queued'])
})

it.each<Partial<JobSpec>>([
  ...[{ kind: 'k' }, { models: [] }, { models: ['m', 'n'] }, { priority: 1 }, { runAt: 1 }, { attempts: 1 }],
  ...[{ timeoutMs: 1 }, { expireMs: 1 }, { fairKey: 'f' }, { jobType: 'workflow' }, { payloadHash: 2 }],
] as Partial<JobSpec>[])('is another job with %j', (change) => {
  const { types, results } = decided([enqueue({ ...job, ...change })], [recordOf(job)])
  expect(types).toEqual([])
  expect(results).toMatchObject([{ ok: false, code: 'job_exists' }])
})

it('is the same job, live or remembered, in whatever order it names what it uses', () => {
  const one = { ...job, uses: { x: 1, y: 2 } }
  const other = { ...job, uses: { y: 2, x: 1 } }
  expect(decided([enqueue(one), enqueue(other)])).toMatchObject({
    types: ['queued'],
    results: [{ ok: true }, { ok: true }],
  })
  expect(decided([enqueue(other)], [recordOf(one)])).toMatchObject({ types: [], results: [{ ok: true }] })
})

it('never starts at the gate a job that was there before', () => {
  const ask = (spec: JobSpec): CommandBody => ({ type: 'ask', spec, wait: true })
  expect(decided([ask(job), ask({ ...job, kind: 'k' })], [recordOf(job)])).toMatchObject({
    types: [],
    results: [{ code: 'job_not_live' }, { code: 'job_exists' }],
  })
})
