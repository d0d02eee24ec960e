/** What a transaction may submit, nobody refuses later: SQL finds every fault for which a coordinator would refuse a job. */
import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Json } from '../../../src/engine/core/index.ts'
import { parseSubmission } from '../../../src/engine/events/index.ts'
import { createDatabase } from '../../support/postgres-database.ts'

let client: pg.Client
beforeAll(async () => {
  client = new pg.Client(await createDatabase('bounds', 'migrated'))
  await client.connect()
})
afterAll(() => client.end())

const value = async (sql: string, values: readonly unknown[]): Promise<unknown> =>
  Object.values((await client.query(sql, [...values])).rows[0] ?? {})[0]

/** What SQL says, of a job as a text of JSON; null: nothing is wrong. */
const faultOf = (job: string): Promise<unknown> =>
  value(
    `select coalesce(interlock.job_queue_request_fault(jsonb_build_object('type', 'enqueue', 'jobs', j)), interlock.job_queue_jobs_fault(j))
       from jsonb_build_array($1::text::jsonb) j`,
    [job],
  )

/** The job as it is kept. */
const kept = async (job: string) =>
  (await value('select interlock.job_queue_submitted_job($1::text::jsonb)', [job])) as Json

const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)])
const names = (count: number) => Array.from({ length: count }, (_, n) => `m${n}`)
const text = (job: object): string => JSON.stringify({ job_id: 'a', models: ['m'], ...job })

const good: Record<string, string> = {
  'as in TypeScript': '{"jobId": "a", "models": ["m", "m"], "runAt": "2026-11-24T15:00:00Z", "fairKey": "k"}',
  'under both names': '{"jobId": "b", "job_id": "a", "models": []}',
  'a name of emoji': text({ kind: '\u{1F680}'.repeat(200) }),
  'a hundred models, some twice': text({ models: [...names(100), ...names(50)] }),
  'a leap day, to nanoseconds, far from Greenwich': text({ run_at: '2024-02-29T12:00:00.123456789-23:59' }),
  'the last time': text({ run_at: '2255-06-05T23:47:34.740Z' }),
  'the first time': text({ run_at: '1970-01-01T01:00:00+01:00' }),
  'a payload 100 deep': text({ payload: nested(100) }),
  'a payload of 1 MB': text({ payload: 'x'.repeat(1_048_574) }),
  'a payload of 1 MB of small things': text({ payload: Array.from({ length: 524_287 }, () => 1) }),
  'the largest number': text({ payload: Number.MAX_VALUE }),
  'null for a payload': text({ payload: null }),
  'nothing where nothing may be': text({ run_at: null, expire_ms: null, fair_key: null, once: null }),
}

const debounce = { delay: '5s', max_delay: '1m' }
good['a key, for the last of it'] = text({ dedupe: { key: 'k', while: 'waiting', debounce } })
good['a key for a time'] = text({ dedupe: { key: 'k', while: { within: '365d' } } })

good['others that it comes after'] = text({
  after: ['b', { job: 'c', if_failed: 'continue' }, { job: 'd', ifFailed: 'fail' }],
})
good['no others that it comes after'] = text({ after: [] })

const bad: Readonly<Record<string, string>> = {
  'a job type that there is not': text({ job_type: 'x' }),
  'one under the other name': text({ jobType: 'x' }),
  'more than a hundred models': text({ models: names(101) }),
  'a name of more than 200 characters': text({ job_id: '\u{1F680}'.repeat(201) }),
  'such a model': text({ models: ['\u{1F680}'.repeat(201)] }),
  'no time': text({ run_at: 'soon' }),
  'no day': text({ run_at: '2026-02-29T00:00:00Z' }),
  'no zone': text({ run_at: '2026-02-28T00:00:00' }),
  'no seconds': text({ run_at: '2026-02-28T00:00Z' }),
  'before 1970': text({ run_at: '1970-01-01T00:00:00+01:00' }),
  'after 2255': text({ run_at: '2255-06-05T23:47:34.741Z' }),
  'long after': text({ runAt: '9999-01-01T00:00:00Z' }),
  'a time, and others to wait for': text({
    run_at: '2030-01-01T00:00:00Z',
    dedupe: { key: 'k', while: 'waiting', debounce },
  }),
  'a key for too long': text({ dedupe: { key: 'k', while: { within: '366d' } } }),
  'less time than it waits': text({
    dedupe: { key: 'k', while: 'live', debounce: { delay: '2m', maxDelay: '1m' } },
  }),
  'the same parent twice': text({ after: ['b', { job: 'b', if_failed: 'continue' }] }),
  'a parent with an unknown field': text({ after: [{ job: 'b', ifFaled: 'fail' }] }),
  'parents, and others to wait for': text({ after: ['b'], dedupe: { key: 'k', while: 'waiting', debounce } }),
  'a payload 101 deep': text({ payload: nested(101) }),
  'a payload of more than 1 MB': text({ payload: 'x'.repeat(1_048_575) }),
  'more than 1 MB of small things': text({ payload: Array.from({ length: 524_289 }, () => 1) }),
  'a number that no program can hold': '{"job_id": "a", "models": [], "payload": [-1e400]}',
}

describe('a submitted job', () => {
  it.each(Object.entries(good))('may have %s', async (_, job) => {
    expect(await faultOf(job)).toBeNull()
    expect(parseSubmission(await kept(job)).spec.jobId).toBe('a')
  })

  it.each(Object.entries(bad))('may not have %s', async (_, job) => {
    expect(await faultOf(job)).toMatch(/^jobs\[0\]\.\w+/)
    expect(() => parseSubmission(JSON.parse(job))).toThrow()
  })

  it('may not come after itself, which only the queue could refuse', async () => {
    expect(await faultOf(text({ after: ['a'] }))).toBe('jobs[0].after: names the job itself')
  })

  it('is compared by what earlier releases have kept a digest of', async () => {
    const all = {
      job_type: 'workflow',
      kind: 'k',
      models: ['m', 'n', 'm'],
      priority: 5,
      attempts: 1,
      timeout_ms: 5,
      run_at: '2026-11-24T15:00:00.5Z',
      expire_ms: 7,
      fair_key: 'f',
      tag: 't',
      modes: { n: 'exclusive' },
      asks: { m: { u: 1 } },
      uses: { r: 1 },
      after: ['x', { job: 'y', if_failed: 'continue' }],
    }
    const body = (job: string) => value('select interlock.job_queue_job_body($1::jsonb)::text', [job])
    expect(await body(text(all))).toBe(
      '{"tag": "t", "asks": {"m": {"u": 1}}, "kind": "k", "uses": {"r": 1}, "after": [["x", false], ["y", true]], "whole": ["n"], "models": ["m", "n"], "run_at": 1795532400500000, "attempts": 1, "fair_key": "f", "job_type": "workflow", "priority": 5, "expire_ms": 7, "timeout_ms": 5}',
    )
    expect(await body(text({ uses: {} }))).toBe(
      '{"tag": null, "kind": "normal", "after": [], "models": ["m"], "run_at": null, "attempts": 3, "fair_key": null, "job_type": "normal", "priority": 0, "expire_ms": null, "timeout_ms": 3600000}',
    )
  })

  it('has the same time in SQL as in the log', async () => {
    const times = [
      '2024-02-29T12:00:00.1239999-05:30',
      '1999-12-31T23:59:59.9999999Z',
      '2030-01-01T00:00:00+23:59',
    ]
    for (const time of times) {
      const { runAt } = parseSubmission({ job_id: 'a', models: [], run_at: time }).spec
      expect(Number(await value('select interlock.job_queue_micros($1)', [time])), time).toBe(runAt)
    }
  })

  it('is taken by SQL only if a coordinator takes it', async () => {
    const any = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom('', 'normal', 'a', 0, 1, null, 1e9, '24h', '2026-01-01T00:00:00Z'),
    )
    const job = fc.record(
      {
        job_id: fc.oneof(fc.constant('a'), any),
        models: fc.oneof(fc.constant(['m']), fc.array(any, { maxLength: 3 })),
        ...{ job_type: any, kind: any, priority: any, run_at: any, attempts: any, timeout_ms: any },
        ...{ expire_ms: any, fair_key: any, once: any, payload: any, traceparent: any },
      },
      { requiredKeys: ['job_id', 'models'] },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(job, { minLength: 1, maxLength: 20 }), async (jobs) => {
        for (const one of jobs.map((each) => JSON.stringify(each)).filter((each) => !each.includes('\\u')))
          if ((await faultOf(one)) === null) parseSubmission(await kept(one))
      }),
      { numRuns: 20 },
    )
  })
})
