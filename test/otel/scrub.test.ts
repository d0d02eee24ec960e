import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json } from '../../src/core/index.ts'
import { scrubbed } from '../../src/otel/scrub.ts'

const of = (message: string, ...given: readonly Json[]) => scrubbed(new Error(message), given)

describe('the message of an error in a trace', () => {
  it.each([
    ['connect ECONNREFUSED', 'connect ECONNREFUSED'],
    ['no user "Zoë Quinn" here', 'no user … here'],
    ['mail to zoe@example.org bounced', 'mail to … bounced'],
    ['GET https://example.org/a?token=1 failed', 'GET … failed'],
    ['card 4111111111111111 refused', 'card … refused'],
    ['run 3f2b8c1d-aaaa not found', 'run … not found'],
    ['first line\nsecond: secret', 'first line'],
    ['"unclosed secret', undefined],
    ['order 12345 is unknown', 'order … is unknown'],
    ['no room\u0007\u001b[2J left', 'no room  [2J left'],
  ])('%j becomes %j', (message, expected) => expect(of(message)).toBe(expected))

  it('has no word of what the handler was given, wherever it stands', () => {
    const text = fc.string({ unit: fc.constantFrom(...'abcdeABCDE12 -_.,:äß'), minLength: 0, maxLength: 30 })
    fc.assert(
      fc.property(fc.array(text, { maxLength: 5 }), fc.array(text, { maxLength: 5 }), (theirs, ours) => {
        const message = [...ours, ...theirs, ...ours].join(' ')
        const words: readonly string[] =
          theirs
            .join(' ')
            .toLowerCase()
            .match(/[\p{L}\p{N}][\p{L}\p{N}_]{2,}/gu) ?? []
        const told: readonly string[] =
          (of(message, { deep: [...theirs] }) ?? '').toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? []
        expect(told.filter((word) => words.includes(word))).toEqual([])
      }),
    )
  })

  it('has no number of what the handler was given, and keeps the names of its fields', () => {
    expect(of('page 731 of book is torn', { book: 'x', page: 731 })).toBe('page … of book is torn')
    expect(of('Zoë is gone', { deep: [{ name: 'zoë' }] })).toBe('… is gone')
  })

  it('is not told beside more than can be compared with it, and never throws', () => {
    expect(of('plain', 'x'.repeat(300_000))).toBeUndefined()
    const hostile = {
      get message(): never {
        throw new Error('no')
      },
    }
    expect(() => scrubbed(hostile, [])).not.toThrow()
    expect(of('x'.repeat(1_000))?.length).toBeLessThanOrEqual(200)
  })
})
