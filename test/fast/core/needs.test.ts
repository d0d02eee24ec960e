import { expect, it } from 'vitest'
import { besideUse, limits } from '../../../src/engine/core/needs/limits/index.ts'
import { hasRoom } from '../../../src/engine/core/needs/need.ts'
import type { Policy } from '../../../src/engine/core/values/policy.ts'
import { given } from '../../support/scenario.ts'

/** A job that needs something of each sort: a place with units, a model, a rate, a resource, a share, a tier, a slot. */
function needsAll() {
  const scene = given({
    maxActive: 4,
    maxOvertakes: 16,
    capacity: { card: ['host:0', 'host:1'], plain: 2 },
    units: { 'host:0': { vram: 24 } },
    rate: { plain: { starts: 9, perSeconds: 1 } },
    uses: { tokens: { limit: 100, perSeconds: 10 } },
    tiers: { paid: { maxActive: 2, maxTogether: 3 } },
  })
  const asks = { asks: { card: { vram: 8 } }, uses: { tokens: 10 }, fairKey: 'paid/a' }
  scene.enqueue('a', ['card', 'plain'], asks)
  const job = scene.job('a')
  if (job === undefined) throw new Error('job a is gone')
  const needs = limits.flatMap((sort) => sort.needs(scene.ledger.policy, job))
  return { ledger: scene.ledger, job, needs }
}

it('a job needs an amount of each sort of limited thing', () => {
  const { needs } = needsAll()
  expect(needs.map(({ limit }) => limit.sort).sort()).toEqual(
    ['model', 'place', 'rate', 'share', 'slot', 'tier', 'use'].toSorted(),
  )
})

it('a need says how much there is: who counts what is held reads nothing of it in the policy', () => {
  const { ledger, job, needs } = needsAll()
  const read = new Set<string | symbol>()
  const policy = new Proxy<Policy>(ledger.policy, {
    get: (of, name, self) => {
      read.add(name)
      return Reflect.get(of, name, self)
    },
  })
  const asOf = { ledger: { ...ledger, policy }, now: ledger.lastAt }
  for (const need of needs) expect(hasRoom(asOf, need, job, 'held'), need.limit.sort).toBe(true)
  expect([...read]).toEqual([])
  // The net is not empty: finding the needs does read it.
  expect(besideUse.needs(policy, job)).not.toEqual([])
  expect([...read]).toContain('rate')
})
