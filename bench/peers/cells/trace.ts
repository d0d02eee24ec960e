import { type Request, readTrace } from '../../schedule/trace.ts'
import type { Cell, Means } from '../cell.ts'
import { NotMeasured, type Peer, type Task } from '../peer.ts'
import { drained, drainFigures, processesText } from './drain.ts'

/** The first of the real requests by their sets of models, with handlers that do nothing: what real conflicts cost the queue. */
export const traceCells: readonly Cell[] = [1, 2, 4].map((processes) => ({
  id: `trace/${processes}`,
  figures: drainFigures(
    `real requests by their sets of models (peers: by the first), ${processesText(processes)}`,
    processes,
  ),
  // The checkpoints of all; some more than the requests that are measured have.
  keys: 95,
  quick: processes === 1,
  measure: (peer, means) => measure(peer, means, processes),
}))

async function measure(peer: Peer, means: Means, processes: number) {
  const { trace } = means.context
  const requests = await readTrace(trace)
  if (requests === undefined) throw new NotMeasured(`there is no ${trace}; --trace <file>`)
  const keys = [...new Set(requests.map(keyOf))]
  return drained(peer, means, keys, processes, (count, from) => tasksOf(requests, count, from))
}

const keyOf = ({ models }: Request): string => models[0] ?? ''

const tasksOf = (requests: readonly Request[], count: number, from: number): readonly Task[] =>
  requests.slice(from, from + count).map((request, i) => ({
    n: from + i,
    key: keyOf(request),
    models: request.models,
  }))
