import { expect, it } from 'vitest'
import { given } from '../../support/scenario.ts'

const claim = { max: 99, kinds: null }
const cards = ['card1', 'card2', 'card3']

/** Five adapters of one model on three cards: four jobs run on a card together, and who puts another adapter there needs the card alone. */
const queue = () =>
  given({
    maxActive: null,
    maxOvertakes: 0,
    capacity: { 'lora-*': cards },
    units: Object.fromEntries(cards.map((card) => [card, { lane: 4 }])),
  })

const draws = (adapter: string) => ({ asks: { [adapter]: { lane: 1 } } })

it('swaps an adapter on one card, while jobs draw with others on the other cards', () => {
  const scene = queue()
  for (let n = 0; n < 8; n++) scene.enqueue(`a${n}`, ['lora-a'], draws('lora-a'), { claim })
  for (let n = 0; n < 3; n++) scene.enqueue(`b${n}`, ['lora-b'], draws('lora-b'), { claim })
  expect(scene.running()).toHaveLength(11)
  scene.enqueue('swap-c', ['lora-c'], {}, { claim })
  expect(scene.told('swap-c')?.code).toBe('model_in_use')
  const place = scene.job('swap-c')?.places?.['lora-c']
  const there = scene
    .running()
    .filter((id) => Object.values(scene.job(id)?.places ?? {}).includes(place ?? ''))
  for (const id of there) scene.complete(id, { claim })
  expect(scene.job('swap-c')?.places).toEqual({ 'lora-c': place })
  expect(scene.running()).toContain('swap-c')
  expect(scene.running()).toHaveLength(11 - there.length + 1)
  scene.enqueue('d0', ['lora-d'], draws('lora-d'), { claim })
  scene.enqueue('e0', ['lora-e'], draws('lora-e'), { claim })
  const at = (id: string) => scene.job(id)?.places?.[id === 'd0' ? 'lora-d' : 'lora-e']
  expect([at('d0'), at('e0')]).not.toContain(place)
})
