import { describe, expect, it } from 'vitest'
import type { Json } from '../../../src/engine/core/index.ts'
import { errorData, parseJobs, parseNote, parseResult } from '../../../src/engine/events/index.ts'

const messageOf = (call: () => unknown): string => {
  try {
    call()
  } catch (error) {
    expect(error).toMatchObject({ code: 'invalid_input' })
    return (error as Error).message
  }
  throw new Error('it should have been refused')
}
const bytesOf = (value: Json): number => Buffer.byteLength(JSON.stringify(value))
const circular: Record<string, unknown> = {}
circular['self'] = { list: [circular] }
let deep: unknown = 0
for (let level = 0; level < 10_000; level++) deep = [deep]

describe('a result, payload or note', () => {
  it('is a copy, and keeps what JSON keeps', () => {
    const given = { a: [1, null, 'x', { b: undefined }], c: true }
    const kept = parseResult(given)
    given.a.push(2)
    expect(kept).toEqual({ a: [1, null, 'x', {}], c: true })
    expect(Object.keys(parseResult(JSON.parse('{"__proto__": 1}')) as object)).toEqual(['__proto__'])
    expect(parseResult(Object.assign(Object.create(null), { a: 1 }))).toEqual({ a: 1 })
  })

  it.each([
    ['a circle', circular, 'result.self.list[0]', 'in a circle'],
    ['10,000 levels', deep, 'result[0][0][0]', 'deeper than 100 levels'],
    ['a BigInt', { a: [1n] }, 'result.a[0]', 'of type bigint'],
    ['NaN', { a: Number.NaN }, 'result.a', 'is NaN'],
    ['Infinity', [Number.POSITIVE_INFINITY], 'result[0]', 'is Infinity'],
    ['a function', { a: () => 1 }, 'result.a', 'of type function'],
    ['a symbol', Symbol('s'), 'result', 'of type symbol'],
    ['undefined in a list', [undefined], 'result[0]', 'write null'],
    ['a hole in a list', Array(1), 'result[0]', 'write null'],
    ['a Date', { at: new Date(0) }, 'result.at', 'toISOString'],
    ['a Map', new Map(), 'result', 'neither a plain object nor a list'],
    ['half of a pair', { a: '\ud83d' }, 'result.a', 'surrogate'],
    ['half of a pair in a key', { a: { '\ud83d': 1 } }, 'result.a', 'surrogate'],
    ['NUL', ['\0'], 'result[0]', 'NUL'],
    ['too much', 'ü'.repeat(524_288), 'result', 'has 1,048,578 bytes as JSON, at most 1,048,576'],
  ])('is refused with %s, and the path is named', (_, value, path, why) => {
    const message = messageOf(() => parseResult(value))
    expect(message.startsWith(`${path}: `)).toBe(true)
    expect(message).toContain(why)
  })

  it('of a batch of jobs is named by the job, and bounded in all', () => {
    const job = { jobId: 'a', models: [] }
    expect(parseJobs([job, { ...job, payload: null }]).map(({ payload }) => payload)).toEqual([
      undefined,
      null,
    ])
    expect(messageOf(() => parseJobs([job, { ...job, payload: { a: 1n } }]))).toContain('jobs[1].payload.a: ')
    const large = Array.from({ length: 17 }, () => ({ ...job, payload: 'x'.repeat(1_048_574) }))
    expect(parseJobs(large.slice(1))).toHaveLength(16)
    expect(messageOf(() => parseJobs(large))).toContain('one call takes 16,777,216')
  })

  it('that is a note has at least one of its two parts', () => {
    expect(parseNote({ checkpoint: null })).toEqual({ checkpoint: null })
    expect(messageOf(() => parseNote({}))).toContain('a checkpoint, progress, or both')
    expect(messageOf(() => parseNote({ checkpoint: 'x'.repeat(65_536) }))).toContain('note.checkpoint: has')
  })
})

describe('what was thrown', () => {
  it('is kept by name, message and stack', () => {
    expect(errorData(new RangeError('far'))).toMatchObject({ name: 'RangeError', message: 'far' })
    expect(errorData('plain')).toEqual({ name: 'Error', message: 'plain' })
    expect(errorData(undefined)).toEqual({ name: 'Error', message: 'undefined' })
    expect(errorData({ message: 'like one' })).toEqual({ name: 'Error', message: 'like one' })
    expect(errorData({ code: 7 })).toEqual({ name: 'Error', message: '{"code":7}' })
  })

  const thrower = new Proxy(new Error('x'), {
    get: () => {
      throw new Error('again')
    },
  })

  it.each([
    ['a long message', new Error('"\\\n'.repeat(100_000))],
    ['wide characters', new Error('字'.repeat(100_000))],
    ['emoji', new Error('\u{1F682}'.repeat(100_000))],
    ['control characters', new Error('\u0001'.repeat(100_000))],
    ['NUL and half pairs', new Error('\0\ud83d')],
    ['a circle', circular],
    ['nothing to read', Object.create(null)],
    ['a getter that throws', thrower],
  ])('is bounded and sound with %s', (_, thrown) => {
    const kept = errorData(thrown)
    expect(bytesOf(kept)).toBeLessThanOrEqual(16_384)
    const { message } = kept as { readonly message: string }
    expect(message.isWellFormed() && !message.includes('\0') && !message.endsWith('\ufffd\ufffd')).toBe(true)
  })
})
