import type { Cell } from '../cell.ts'
import { crowdCells } from './crowd.ts'
import { drainCells } from './drain.ts'
import { enqueueCells } from './enqueue.ts'
import { handOffCells, waitingCells } from './hand-off.ts'
import { labourCells } from './labour.ts'
import { largeCallCells } from './large-call.ts'
import { lifeCells } from './life.ts'
import { manyCells } from './many.ts'
import { commitCells, pickUpCells } from './pick-up.ts'
import { restCells } from './rest.ts'
import { traceCells } from './trace.ts'

/** Every measurement, in the order of the table. */
export const cells: readonly Cell[] = [
  ...enqueueCells,
  ...largeCallCells,
  ...drainCells,
  ...manyCells,
  ...labourCells,
  ...crowdCells,
  ...traceCells,
  ...handOffCells,
  ...waitingCells,
  ...pickUpCells,
  ...commitCells,
  ...lifeCells,
  ...restCells,
]
