import { describe, expect, it } from 'vitest'
import { defaultPolicy } from '../../../src/engine/core/index.ts'
import type { SimJob } from './script.ts'
import { clashOf, type Had, misplaced } from './together.ts'

const policy = {
  ...defaultPolicy,
  capacity: { a: ['p', 'q'], b: ['q', 'r'], c: 2 },
  units: { p: { vram: 24 } },
  uses: { tokens: { limit: 100, perSeconds: 1 } },
}

function had(
  models: readonly string[],
  also: Partial<SimJob> & Pick<Partial<Had>, 'places' | 'batch'> = {},
): Had {
  const { places = {}, batch = `${Math.random()}`, ...rest } = also
  return { job: { id: 'j', models, ms: 1, fails: 0, ...rest }, models, places, batch, policy }
}
const at = (place: string, vram?: number) =>
  had(['a'], { places: { a: place }, ...(vram !== undefined && { asks: { a: { vram } } }) })
const all = (model: string) => had([model], { modes: { [model]: 'exclusive' } })

describe('what the witness of the simulation lets run together', () => {
  it.each<[string, Had, readonly Had[]]>([
    ['a place without units, twice', at('q'), [at('q')]],
    ['a place, by two models', at('q'), [had(['b'], { places: { b: 'q' } })]],
    ['more units than a place has', at('p', 8), [at('p', 12), at('p', 6)]],
    ['all of a place with units, and a part', at('p'), [at('p', 1)]],
    ['all of a model, and a place of it', all('a'), [at('p', 1)]],
    ['a place of it, and all of a model', at('p', 1), [all('a')]],
    ['another model there, and all of a model', had(['b'], { places: { b: 'q' } }), [all('a')]],
    ['a number that is taken', had(['c']), [had(['c']), had(['c'])]],
    ['all of a number, and one of it', all('c'), [had(['c'])]],
    ['a name, twice', had(['d']), [had(['d'])]],
    [
      'more of a resource than its limit',
      had([], { uses: { tokens: 60 } }),
      [had([], { uses: { tokens: 41 } })],
    ],
  ])('not %s', (_, one, others) => {
    expect(clashOf(one, others, policy)).toBeTypeOf('string')
  })

  it.each<[string, Had, readonly Had[]]>([
    ['two places', at('p'), [at('q')]],
    ['as much as fits', at('p', 12), [at('p', 6), at('p', 6)]],
    ['as many as there are', had(['c']), [had(['c'])]],
    ['all of one model, and another', all('a'), [had(['b'], { places: { b: 'r' } })]],
    ['a batch', had(['d'], { batch: '1' }), [had(['d'], { batch: '1' })]],
    ['a batch that counts once', had(['c']), [had(['c'], { batch: '1' }), had(['c'], { batch: '1' })]],
    ['what a resource has', had([], { uses: { tokens: 60 } }), [had([], { uses: { tokens: 40 } })]],
  ])('%s', (_, one, others) => {
    expect(clashOf(one, others, policy)).toBeUndefined()
  })

  it('sees who was told of no place, of one that is not of the model, and of one that he does not need', () => {
    expect(misplaced(had(['a']))).toBe('a')
    expect(misplaced(at('r'))).toBe('a')
    expect(misplaced(had(['c'], { places: { c: 'p' } }))).toBe('c')
    expect(misplaced(at('p'))).toBeUndefined()
    expect(misplaced(all('a'))).toBeUndefined()
  })
})
