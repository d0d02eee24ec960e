/** The usual answer to an append is read without its schema, and comes to the same. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { appendAnswer } from '../../../src/engine/store/sql/answers.ts'
import { plainAppended } from '../../../src/engine/store/sql/parse-answer.ts'

const data = {
  job_id: 'a',
  payload: { n: 1 },
  result: null,
  error: null,
  checkpoint: null,
  progress: null,
  trace: null,
  row: null,
}
const usual = { ok: true, version: 7, now: 1_700_000_000_000_000 }

const item = fc.record(
  {
    job_id: fc.oneof(fc.string(), fc.constant(undefined), fc.constant(1)),
    payload: fc.jsonValue(),
    result: fc.jsonValue(),
    row: fc.oneof(fc.constant(null), fc.dictionary(fc.string(), fc.jsonValue())),
    progress: fc.jsonValue(),
    trace: fc.oneof(
      fc.jsonValue(),
      fc.constant({ traceparent: `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`, tracestate: 'a=1' }),
    ),
    more: fc.jsonValue(),
  },
  { requiredKeys: [] },
)
const answer = fc.record(
  {
    ok: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, fc.constant(false), fc.constant('true')),
    version: fc.oneof(fc.maxSafeNat(), fc.double(), fc.constant('1')),
    now: fc.oneof(fc.maxSafeNat(), fc.double()),
    data: fc.oneof(fc.array(item), fc.constant(null), fc.constant({})),
    more: fc.jsonValue(),
  },
  { requiredKeys: ['ok'] },
)

describe('plainAppended', () => {
  it('gives what the schema gives, or leaves it to the schema', () => {
    fc.assert(
      fc.property(fc.oneof(answer, fc.jsonValue()), (value) => {
        const plain = plainAppended(value)
        if (plain !== undefined) expect(appendAnswer.safeParse(value)).toEqual({ success: true, data: plain })
      }),
      // Few of them are near enough to an answer to be read.
      { numRuns: 3_000 },
    )
  })

  it.each([usual, { ...usual, data: [] }, { ...usual, data: [data, { ...data, job_id: 'b' }] }])(
    'reads %j',
    (value) => {
      expect(plainAppended(value)).toEqual(appendAnswer.parse(value))
    },
  )

  it.each([
    { ...usual, ok: false, reason: 'clock' },
    { ...usual, published: [] },
    { ...usual, version: 1.5 },
    { ...usual, now: 2 ** 53 },
    { ...usual, data: [{ ...data, job_id: null }] },
    { ...usual, data: [null] },
    { ...usual, data: [{ job_id: 'a' }] },
    [usual],
    null,
  ])('leaves %j to the schema', (value) => {
    expect(plainAppended(value)).toBeUndefined()
  })
})
