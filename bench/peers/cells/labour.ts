import type { Cell } from '../cell.ts'
import { keyNames, tasksOn } from '../tasks.ts'
import { drained, drainFigures, processesText, type Size, SLOTS } from './drain.ts'

/** Jobs of people take time. As many as 16 processes could do. */
const MS = 20
const burns: Size = { count: 4_000, mostMs: 4_000, labour: { burnMs: MS } }
const rests: Size = { count: 8_000, mostMs: 4_000, labour: { restMs: MS } }

/** Ten keys and ten slots: one process may take all, though it can only run one at a time. */
const burnCells = [1, 2].map((processes): Cell => {
  const what = `handlers that compute for ${MS} ms, 10 keys, ${processesText(processes)}`
  return labourCell(`burn/${processes}`, what, 10, processes, burns)
})

/** Four keys for each slot of all processes. */
const restCells = [2, 4].map((processes): Cell => {
  const what = `handlers that wait for ${MS} ms, 4 keys a slot, ${processesText(processes)}`
  return labourCell(`wait/${processes}`, what, 4 * SLOTS * processes, processes, rests)
})

export const labourCells: readonly Cell[] = [...burnCells, ...restCells]

function labourCell(id: string, what: string, keys: number, processes: number, size: Size): Cell {
  const names = keyNames(keys)
  return {
    ...{ id, keys, figures: drainFigures(what, processes), quick: id === 'burn/2' || id === 'wait/2' },
    measure: (peer, means) =>
      drained(peer, means, names, processes, (count, from) => tasksOn(names, count, from), size),
  }
}
