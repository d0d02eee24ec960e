import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { calls, parseInput, plainCalls } from '../../../src/engine/events/index.ts'
import { arbitraryName } from '../../support/arbitraries.ts'

const text = fc.oneof(arbitraryName, fc.constantFrom('', 'a\u0001', '\ud800', 'x'.repeat(201)))
const number = fc.oneof(
  fc.integer(),
  fc.constantFrom(0, -0, 1, 1.5, 1_000_000, 1_000_001, 2 ** 53, Number.NaN),
)
const odd = fc.constantFrom(
  null,
  undefined,
  true,
  'a',
  7,
  {},
  [],
  () => {},
  new Date(0),
  Promise.resolve(1),
  new Map(),
)
const mostly = <T>(right: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 6, arbitrary: right }, { weight: 1, arbitrary: odd })
const names = fc.array(mostly(text), { maxLength: 3 })
const kinds = mostly(fc.oneof(names, fc.constant(null)))
const others = fc.dictionary(fc.constantFrom('then', 'x', '__proto__'), odd, { maxKeys: 1 })
const withOthers = <T extends object>(one: fc.Arbitrary<T>) =>
  fc.oneof(
    { weight: 5, arbitrary: one },
    fc.tuple(one, others).map(([a, b]) => ({ ...a, ...b })),
  )
const lease = mostly(
  withOthers(
    fc.record(
      { jobId: mostly(text), fencingToken: mostly(number), epoch: mostly(number) },
      { requiredKeys: ['jobId'] },
    ),
  ),
)
const claim = mostly(withOthers(fc.record({ max: mostly(number), kinds }, { requiredKeys: ['max'] })))
const ending = mostly(withOthers(fc.record({ result: fc.anything(), claim }, { requiredKeys: [] })))

const given = {
  attempt: fc.tuple(lease),
  dataOf: fc.tuple(lease),
  claim: fc.tuple(claim),
  complete: fc.oneof(fc.tuple(lease), fc.tuple(lease, ending)),
  offering: fc.tuple(kinds, mostly(number)),
  enqueue: fc.oneof(fc.tuple(odd), fc.tuple(odd, fc.oneof(fc.constant(undefined), odd))),
} as const

function isLawful(name: keyof typeof given, args: readonly unknown[]): boolean {
  try {
    for (const [at, [argument, schema]] of Object.entries(calls[name]()).entries())
      parseInput(schema, args[at], argument)
    return true
  } catch {
    return false
  }
}

describe('arguments that are plainly right', () => {
  it('are told for every call that has a short way, and here', () => {
    expect(Object.keys(plainCalls).toSorted()).toEqual(Object.keys(given).toSorted())
  })

  it.each(Object.keys(given) as (keyof typeof given)[])('of %s: the schemas take them too', (name) => {
    fc.assert(
      fc.property(given[name] as fc.Arbitrary<readonly unknown[]>, (args) => {
        if (plainCalls[name]?.(args) === true) expect(isLawful(name, args)).toBe(true)
      }),
    )
  })

  const held = { jobId: 'report-2041', fencingToken: 17, epoch: 1 }
  it.each([
    ['attempt', [held]],
    ['dataOf', [held]],
    ['claim', [{ max: 1, kinds: null }]],
    ['complete', [held, { result: new Date(0), claim: { max: 3, kinds: ['render'] } }]],
    ['offering', [['render'], 0]],
  ] as const)('of %s are what a worker gives', (name, args) => {
    expect(plainCalls[name]?.(args)).toBe(true)
  })
})
