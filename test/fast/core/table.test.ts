import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Table } from '../../../src/engine/core/values/table.ts'

interface Item {
  readonly hash: number
  readonly id: string
  readonly value: number
}
type Key = Pick<Item, 'hash' | 'id'>

/** Few hashes, some of which differ only above the bits that the trie uses: buckets and deep branches are common. */
const keys = fc.record({
  hash: fc.oneof(fc.nat(64), fc.constantFrom(7, 7 + 2 ** 30, 7 + 2 ** 40, 2 ** 52 - 1, 2 ** 31)),
  id: fc.constantFrom('a', 'b', 'c'),
})
const steps = fc.array(fc.record({ add: fc.boolean(), key: keys, value: fc.nat(9), fresh: fc.nat(15) }), {
  maxLength: 400,
  size: 'max',
})
const empty = Table.empty<Item, Key>((a, b) => a.hash === b.hash && a.id === b.id)

describe('Table', () => {
  it('holds what a Map holds, and does not change a table that another owner has sealed', () => {
    fc.assert(
      fc.property(steps, (script) => {
        let table = empty
        let owner = {}
        const map = new Map<string, Item>()
        const kept: [Table<Item, Key>, Item[]][] = []
        for (const { add, key, value, fresh } of script) {
          if (fresh === 0) {
            kept.push([table, [...table]])
            owner = {}
          }
          const name = `${key.hash}/${key.id}`
          const item = { ...key, value }
          table = add ? table.insert(item, owner) : table.remove(key, owner)
          if (add) map.set(name, item)
          else map.delete(name)
          expect(table.get(key)).toEqual(map.get(name))
        }
        expect(table.size).toBe(map.size)
        expect(new Set(table)).toEqual(new Set(map.values()))
        for (const item of map.values()) expect(table.get(item)).toEqual(item)
        for (const [old, items] of kept) expect([...old]).toEqual(items)
      }),
    )
  })

  it('gives the same items in the same order, however it was filled', () => {
    const items = fc.uniqueArray(keys, { selector: ({ hash }) => hash, maxLength: 60, size: 'max' })
    fc.assert(
      fc.property(items, fc.array(keys, { maxLength: 60, size: 'max' }), (wanted, passing) => {
        const value = 0
        let straight = empty
        let crooked = empty
        for (const key of wanted) straight = straight.insert({ ...key, value }, {})
        for (const key of [...passing, ...wanted.toReversed()])
          crooked = crooked.insert({ ...key, value }, {})
        const isWanted = (key: Key) => wanted.some(({ hash, id }) => hash === key.hash && id === key.id)
        for (const key of passing) if (!isWanted(key)) crooked = crooked.remove(key, {})
        expect([...crooked]).toEqual([...straight])
      }),
    )
  })
})
