import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isInterlockError } from '../../../src/engine/core/index.ts'
import { jobSchema, parseJob } from '../../../src/engine/events/job-spec.ts'
import { plainJob } from '../../../src/engine/events/plain-input.ts'
import { arbitraryName } from '../../support/arbitraries.ts'

/** Values of which a field may have any: right ones, nearly right ones, and what nobody would expect. */
const strange = [
  ...[
    undefined,
    null,
    true,
    '',
    ' ',
    'a',
    'é',
    'a\u0001',
    'a\u007f',
    '\ud800',
    'normal',
    'workflow',
    'x'.repeat(200),
  ],
  ...[
    'x'.repeat(201),
    '2026-11-24T15:00:00Z',
    '2026-11-24',
    -0,
    0,
    1,
    1.5,
    -1_000,
    -1_001,
    1_000,
    1_001,
    2 ** 53,
  ],
  ...[
    31_536_000_000,
    31_536_000_001,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    7n,
    Symbol('s'),
    () => 'a',
    new Date(0),
  ],
  ...[[], ['a'], ['a', 'a'], ['a', ''], ['a', 7], Array(3), Array.from({ length: 101 }, (_, i) => `m${i}`)],
  ...[
    {},
    Object.fromEntries([['then', () => {}]]),
    { a: { b: [1, -0, undefined] } },
    { __proto__: null, a: 1 },
    new Map(),
    { a: '\0' },
  ],
  ...[JSON.parse('{"__proto__":{"a":1},"b":2}'), Promise.resolve(1), 'y'.repeat(1_048_577)],
] as const

const fieldNames = [
  ...[
    'jobId',
    'jobType',
    'kind',
    'models',
    'priority',
    'runAt',
    'attempts',
    'timeoutMs',
    'expireMs',
    'fairKey',
    'payload',
    'job_id',
  ],
] as const

const value = fc.oneof(
  fc.constantFrom(...strange),
  arbitraryName,
  fc.integer({ min: -2_000, max: 2_000 }),
  fc.jsonValue(),
)
const change = fc.tuple(fc.constantFrom(...fieldNames), value)
const input = fc
  .tuple(arbitraryName, fc.array(arbitraryName, { maxLength: 3 }), fc.array(change, { maxLength: 3 }))
  .map(([jobId, models, changes]) => ({ jobId, models, ...Object.fromEntries(changes) }))

function answerOf(parse: () => unknown): unknown {
  try {
    return parse()
  } catch (error) {
    return isInterlockError(error, 'invalid_input') ? error.message : error
  }
}

describe('a job that has nothing unusual about it', () => {
  it('is what the schema makes of it', () => {
    fc.assert(
      fc.property(input, (job) => {
        const plain = plainJob<{ readonly payload: unknown }>(job)
        if (plain === undefined) return
        const lawful = jobSchema.safeParse(job)
        expect(lawful.success).toBe(true)
        expect({ ...plain, payload: undefined }).toEqual({ ...lawful.data, payload: undefined })
        expect(JSON.stringify(plain.payload)).toBe(JSON.stringify(lawful.data?.payload))
      }),
    )
  })

  it('is told from every other one: each value in each field', () => {
    for (const field of fieldNames) {
      for (const other of strange) {
        const job = { jobId: 'job', models: ['m'], [field]: other }
        const plain = plainJob<{ readonly payload: unknown }>(job)
        const lawful = jobSchema.safeParse(job)
        if (plain !== undefined) expect([field, plain]).toEqual([field, lawful.data])
        if (!lawful.success) expect([field, plain]).toEqual([field, undefined])
      }
    }
  })

  it.each([
    ['a list', [{ jobId: 'a', models: [] }]],
    ['of a class', Object.assign(new (class Job {})(), { jobId: 'a', models: [] })],
    ['without a prototype', Object.assign(Object.create(null), { jobId: 'a', models: [] })],
    ['with a prototype of its own', JSON.parse('{"__proto__":{},"jobId":"a","models":[]}')],
    ['null', null],
  ])('is not %s', (_, job) => {
    expect(plainJob(job)).toBeUndefined()
  })

  it.each([
    [{ jobId: 'report-2041', models: ['flux-dev'] }],
    [{ jobId: 'a', models: [], payload: { n: 1, prompt: 'a fox', size: [1, 2], deep: { x: null } } }],
    [{ jobId: 'a', jobType: 'workflow', kind: 'render', models: ['a', 'b'], priority: -5, runAt: null }],
    [{ jobId: 'a', models: [], attempts: 3, timeoutMs: 1_000, expireMs: null, fairKey: 'customer-17' }],
  ])('is recognized: %j', (job) => {
    expect(plainJob(job)).toBeDefined()
  })
})

it('the same comes of a job whose id only the schema reads', () => {
  const rest = { models: ['b', 'a'], priority: 3, payload: { b: 1, a: [{ d: 1, c: 'é' }] }, fairKey: 'k' }
  const plain = answerOf(() => parseJob({ jobId: 'e', ...rest })) as ReturnType<typeof parseJob>
  const lawful = answerOf(() => parseJob({ jobId: 'é', ...rest })) as ReturnType<typeof parseJob>
  expect({ ...plain, spec: { ...plain.spec, jobId: 'é' } }).toEqual(lawful)
})
