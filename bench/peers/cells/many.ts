import type { Cell } from '../cell.ts'
import { type ManyRow, NotMeasured } from '../peer.ts'
import { tasksOn } from '../tasks.ts'
import { drained, drainFigures, processesText, type Size } from './drain.ts'

const SLOTS = 100
const many = { batch: 50, ahead: 200, inBatch: false }
const byJob: Size = { count: 20_000, mostMs: 4_000, slots: SLOTS, many }
const byBatch: Size = { ...byJob, many: { ...many, inBatch: true } }

/** The line without keys once more, by workers that are set up for jobs a second, as the pages of each say. */
const throughputCells = [1, 4, 16].map((processes): Cell => {
  const what = `drain for throughput, ${SLOTS} slots, no keys, ${processesText(processes)}`
  return manyCell('throughput', `throughput/${processes}`, what, processes, byJob)
})

/** The same where a handler is called with the whole batch. */
const inBatchCell = manyCell(
  'in-batch',
  'in-batch',
  `drain, handlers that take ${many.batch} jobs a call, no keys, ${processesText(1)}`,
  1,
  byBatch,
)

export const manyCells: readonly Cell[] = [...throughputCells, inBatchCell]

const whyNot: Readonly<Record<ManyRow, string>> = {
  throughput: 'for throughput: the first column of this queue',
  'in-batch': 'no handler that takes many jobs; pg-boss: its first column',
}

function manyCell(row: ManyRow, id: string, what: string, processes: number, size: Size): Cell {
  return {
    id,
    figures: drainFigures(what, processes),
    keys: 0,
    quick: processes === 1,
    measure: async (peer, means) => {
      if (peer.takesMany?.includes(row) !== true) throw new NotMeasured(whyNot[row])
      return drained(peer, means, [], processes, (count, from) => tasksOn([], count, from), size)
    },
  }
}
