import type { MemoryDatabase } from '../../../src/engine/store/memory/index.ts'

type Queue = NonNullable<ReturnType<MemoryDatabase['queues']['get']>>

/** What the tables of a queue hold now. Returns how to put that in the place of what they hold then; nobody hears of it. */
export function backUp(queue: Queue): () => void {
  const kept = structuredClone({ ...queue, listeners: undefined, intakes: undefined })
  return () => {
    const { listeners: _, intakes: __, ...tables } = structuredClone(kept)
    for (const [name, rows] of Object.entries(tables)) restore(queue, name as keyof typeof tables, rows)
  }
}

/** Others hold on to the collections, so they stay, with other contents. */
function restore(queue: Queue, name: keyof Queue, rows: unknown): void {
  const table: unknown = queue[name]
  if (table instanceof Map && rows instanceof Map) refill(table, rows)
  else if (Array.isArray(table) && Array.isArray(rows)) table.splice(0, Number.POSITIVE_INFINITY, ...rows)
  else Object.assign(queue, { [name]: rows })
}

function refill(table: Map<unknown, unknown>, rows: ReadonlyMap<unknown, unknown>): void {
  table.clear()
  for (const [key, row] of rows) table.set(key, row)
}
