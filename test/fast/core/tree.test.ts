import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Tree } from '../../../src/engine/core/values/tree.ts'

const numbers = (a: number, b: number) => a - b
const steps = fc.array(
  fc.record({ add: fc.boolean(), value: fc.integer({ min: 0, max: 400 }), fresh: fc.nat(20) }),
  { maxLength: 600, size: 'max' },
)

describe('Tree', () => {
  it('holds what a sorted array holds, rank by rank', () => {
    fc.assert(
      fc.property(steps, (script) => {
        let tree = Tree.empty<number>(numbers)
        let owner = {}
        const set = new Set<number>()
        for (const { add, value, fresh } of script) {
          if (fresh === 0) owner = {}
          tree = add ? tree.insert(value, owner) : tree.remove(value, owner)
          if (add) set.add(value)
          else set.delete(value)
        }
        const sorted = [...set].sort(numbers)
        expect([...tree]).toEqual(sorted)
        expect([tree.size, tree.min(), tree.max()]).toEqual([sorted.length, sorted[0], sorted.at(-1)])
        for (let probe = -1; probe <= 401; probe++) {
          const rank = sorted.filter((n) => n < probe).length
          expect(tree.rank(probe)).toBe(rank)
          expect(tree.at(rank)).toBe(sorted[rank])
          expect(tree.before(probe)).toBe(sorted[rank - 1])
          expect(tree.after(probe)).toBe(sorted.find((n) => n > probe))
          expect(tree.get(probe)).toBe(set.has(probe) ? probe : undefined)
        }
      }),
      { numRuns: 60 },
    )
  })

  it('does not change a tree that another owner has sealed', () => {
    fc.assert(
      fc.property(steps, (script) => {
        let tree = Tree.empty<number>(numbers)
        const kept: [Tree<number>, number[]][] = []
        let owner = {}
        for (const { add, value, fresh } of script) {
          if (fresh === 0) {
            kept.push([tree, [...tree]])
            owner = {}
          }
          tree = add ? tree.insert(value, owner) : tree.remove(value, owner)
        }
        for (const [old, items] of kept) expect([...old]).toEqual(items)
      }),
      { numRuns: 60 },
    )
  })

  it('does so three nodes deep, filled and emptied in any order', () => {
    const many = Array.from({ length: 3_000 }, (_, i) => i)
    fc.assert(
      fc.property(fc.shuffledSubarray(many, { minLength: 3_000 }), fc.nat(2_999), (order, kept) => {
        let tree = Tree.empty<number>(numbers)
        for (const value of order) tree = tree.insert(value, {})
        const full = tree
        for (const value of order.slice(0, kept)) tree = tree.remove(value, {})
        const left = order.slice(kept).sort(numbers)
        expect([...tree]).toEqual(left)
        expect(left.map((value) => tree.rank(value))).toEqual(left.map((_, i) => i))
        expect([...full]).toEqual(many)
      }),
      { numRuns: 5 },
    )
  })
})
