import type { Ledger, Operator } from '../../engine/core/index.ts'
import type { ToolStore } from '../../engine/store/index.ts'

/** In one call. */
const MOST = 1_000

/** Who acted through these processes, by worker id; who was not noted, or was deleted, is missing. */
export async function operatorsBy(
  { store, queue }: { readonly store: Pick<ToolStore, 'operators'>; readonly queue: string },
  workerIds: Iterable<string>,
): Promise<ReadonlyMap<string, Operator>> {
  const ids = [...new Set(workerIds)].slice(0, MOST)
  const found = ids.length === 0 ? [] : await store.operators(queue, ids)
  return new Map(found.map(({ workerId, at: _, ...operator }) => [workerId, operator]))
}

/** Who paused models. Nothing is read unless one is paused. */
export const operatorsOf = (
  access: Parameters<typeof operatorsBy>[0],
  { pauses }: Pick<Ledger, 'pauses'>,
): Promise<ReadonlyMap<string, Operator>> =>
  operatorsBy(
    access,
    [...pauses].flatMap(({ by }) => by ?? []),
  )

/** `ada on db-7`. */
export const operatorText = ({ operator, host }: Operator): string =>
  host === null ? operator : `${operator} on ${host}`
