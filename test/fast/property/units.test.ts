import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { amountsText, fitsEmpty, fitsNowhere, Room, roomiest } from '../../../src/engine/core/state/units.ts'
import type { Units } from '../../../src/engine/core/values/job.ts'
import { defaultPolicy } from '../../../src/engine/core/values/policy.ts'
import { holds } from '../../support/runs.ts'

// Names that every object has are names of units like others.
const units: fc.Arbitrary<Units> = fc.dictionary(
  fc.constantFrom('vram', 'slots', 'constructor', 'toString'),
  fc.integer({ min: 1, max: 1_000_000_000 }),
  { minKeys: 1, maxKeys: 4, noNullPrototype: true },
)
const some = fc.array(units, { maxLength: 8 })
const amount = (of: Units, name: string) => (Object.hasOwn(of, name) ? (of[name] ?? 0) : 0)

describe('the room of a place', () => {
  it(
    'is what it has less the sum of what is taken, whatever comes first',
    holds([units, some], 200, (has, takers) => {
      const names = new Set([has, ...takers].flatMap((one) => Object.keys(one)))
      const left = (name: string) => takers.reduce((sum, one) => sum - amount(one, name), amount(has, name))
      const take = (list: readonly Units[]) => list.reduce((room, one) => room.take(one), new Room(has))
      for (const room of [take(takers), take(takers.toReversed())]) {
        for (const name of names) expect(room.of(name)).toBe(left(name))
        expect(room.holds).toBe([...names].every((name) => left(name) >= 0))
      }
    }),
  )

  it(
    'is smaller or the same with each that takes of it: what did not fit does not fit beside more',
    holds([units, some, units], 200, (has, takers, one) => {
      const room = takers.reduce((all, each) => all.take(each), new Room(has))
      const held = room.holds
      if (!held) expect(room.take(one).holds).toBe(false)
    }),
  )

  it(
    'is taken several times at once as it is one by one',
    holds([units, units, fc.nat(9)], 100, (has, ask, times) => {
      const one = Array.from({ length: times }, () => ask).reduce(
        (room, each) => room.take(each),
        new Room(has),
      )
      const all = new Room(has).take(ask, times)
      for (const name of Object.keys({ ...has, ...ask })) expect(all.of(name)).toBe(one.of(name))
    }),
  )
})

describe('a job', () => {
  it('fits an empty place that has as much of each unit; four cards of 24 are not 96', () => {
    const places = ['1', '2', '3', '4']
    const policy = {
      ...defaultPolicy,
      capacity: { m: places },
      units: Object.fromEntries(places.map((place) => [place, { vram: 24 }])),
    }
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), (vram) => {
        expect(fitsEmpty(policy, '1', { vram })).toBe(vram <= 24)
        expect(fitsNowhere(policy, { models: ['m'], asks: { m: { vram } } })).toBe(vram > 24)
      }),
    )
    expect(fitsEmpty(policy, '5', { vram: 1 })).toBe(false)
    expect(fitsEmpty(policy, '1', { vram: 1, slots: 1 })).toBe(false)
  })

  it(
    'goes where most is left: nowhere is more of the first unit in which two places differ',
    holds([fc.array(units, { minLength: 1, maxLength: 6 }), units], 200, (all, ask) => {
      const places = all.map((has) => ({ has, room: new Room(has) }))
      const best = roomiest(places, ask)
      const [first] = Object.keys(ask).sort()
      const most = Math.max(...places.map(({ room }) => room.of(first ?? '')))
      expect(best?.room.of(first ?? '')).toBe(most)
      expect(places.indexOf(best ?? places[0] ?? never())).toBe(
        places.findIndex(({ has }) =>
          Object.keys(ask).every((name) => amount(has, name) === best?.room.of(name)),
        ),
      )
    }),
  )
})

it('the same amounts are one text, in whatever order they are named', () => {
  expect(amountsText({ vram: 1, slots: 2 })).toBe(amountsText({ slots: 2, vram: 1 }))
  expect(amountsText({ vram: 1 })).not.toBe(amountsText({ vram: 2 }))
})

function never(): never {
  throw new Error('there is one')
}
