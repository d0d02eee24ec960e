import type { MemoryDatabase } from '../../src/adapter/memory/index.ts'

type Queue = NonNullable<ReturnType<MemoryDatabase['queues']['get']>>

/** What the tables of a queue hold now. Returns how to put that in the place of what they hold then; nobody hears of it. */
export function backUp(queue: Queue): () => void {
  const kept = structuredClone({ ...queue, listeners: undefined })
  return () => {
    const { log, snapshots, commands, jobs, workers, data, dropped, lives, ...plain } = structuredClone(kept)
    queue.log.splice(0, Number.POSITIVE_INFINITY, ...log)
    queue.snapshots.splice(0, Number.POSITIVE_INFINITY, ...snapshots)
    refill(queue.commands, commands)
    refill(queue.jobs, jobs)
    refill(queue.workers, workers)
    refill(queue.data, data)
    refill(queue.dropped, dropped)
    refill(queue.lives, lives)
    const { listeners: _, ...columns } = plain
    Object.assign(queue, columns)
  }
}

function refill<K, V>(table: Map<K, V>, rows: ReadonlyMap<K, V>): void {
  table.clear()
  for (const [key, row] of rows) table.set(key, row)
}
