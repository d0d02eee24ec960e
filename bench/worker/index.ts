import { type Bench, type Context, type Row, sample, sized } from '../frame/bench.ts'
import { answerOf } from '../frame/child.ts'
import { pivotOf } from '../peers/pivot.ts'
import { migrate } from '../peers/with-interlock.ts'
import type { WorkerOrder, WorkerReport } from './child.ts'

const ways = ['bare', 'worker'] as const
type Way = (typeof ways)[number]

const loads = [
  { what: 'no keys, 10 slots', keys: 0, slots: 10 },
  { what: 'no keys, 64 slots', keys: 0, slots: 64 },
  { what: '10 keys, 10 slots', keys: 10, slots: 10 },
  { what: '10 keys, 64 slots', keys: 10, slots: 64 },
] as const
type Load = (typeof loads)[number]

/** What the worker may take more than the bare API. */
const AT_MOST = 1.2

const program = new URL('./child.ts', import.meta.url)

async function workerRows(context: Context): Promise<readonly Row[]> {
  const rows: Row[] = []
  for (const load of loads) {
    const samples = await sample(context, load.what, (run) => sideBySide(context, load, run))
    rows.push(...rowsOf(load.what, samples))
  }
  return rows
}

/** Both in a row, each on a fresh database; who begins takes turns. */
async function sideBySide(
  context: Context,
  load: Load,
  run: number,
): Promise<Readonly<Record<string, number>>> {
  const figures: Record<string, number> = {}
  for (const way of run % 2 === 1 ? ways : ways.toReversed())
    Object.assign(figures, await measured(context, load, way))
  const { 'bare rate': bare = 0, 'worker rate': worker = 1 } = figures
  return { ...figures, 'worker cost': bare / worker }
}

async function measured(context: Context, { keys, slots }: Load, way: Way) {
  const { servers } = context
  const url = await servers.copy('interlock', migrate)
  const count = sized(context, keys === 0 ? 6_000 : 4_000, 40)
  const counts = [Math.ceil(count / 4), count]
  const order: WorkerOrder = { url, way, slots, keys, counts }
  const { elapsedMs, cpuMs, appends } = await answerOf<WorkerReport>(program, order)
  await servers.drop(url)
  return {
    [`${way} rate`]: (count * 1_000) / elapsedMs,
    [`${way} cpu`]: (cpuMs * 1_000) / count,
    [`${way} appends`]: appends / count,
  }
}

const kinds = {
  rate: ['jobs', 'jobs/s'],
  cpu: ['processor per job', 'µs'],
  appends: ['appends per job', ''],
  cost: ['time over that of the bare API', '×'],
} as const

function rowsOf(what: string, samples: Readonly<Record<string, readonly number[]>>): readonly Row[] {
  return Object.entries(kinds).flatMap(([name, [figure, unit]]) =>
    ways.flatMap((by): Row[] => {
      const figures = samples[`${by} ${name}`]
      if (figures === undefined) return []
      return [
        {
          what: `${what}: ${figure}`,
          unit,
          by,
          samples: figures,
          goal: name === 'cost' ? { most: AT_MOST } : undefined,
        },
      ]
    }),
  )
}

export const workerBench: Bench = {
  name: 'worker',
  about:
    'a line with payloads and results, emptied through createJobWorker and through the bare API, in turns',
  table: pivotOf,
  run: workerRows,
}
