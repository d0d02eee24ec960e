import { type Bench, type Context, type Row, sample, sized } from '../frame/bench.ts'
import { answerOf } from '../frame/child.ts'
import { migrate } from '../peers/with-interlock.ts'
import type { TelemetryOrder, TelemetryReport, Way } from './child.ts'

/**
 * `none`: no telemetry. `off`: given, and no SDK is registered. `traced`: spans of one trace in a hundred, made and kept, with the context
 * travelling.
 */
const ways: readonly Way[] = ['none', 'off', 'traced']

const loads = [
  { id: 'no-keys', what: 'no keys, 64 slots', keys: 0, slots: 64 },
  { id: '10-keys', what: '10 keys, 10 slots', keys: 10, slots: 10 },
] as const
type Load = (typeof loads)[number]

/** What it may take more than none. */
const AT_MOST: Readonly<Record<Way, number | undefined>> = { none: undefined, off: 1.01, traced: 1.1 }

const program = new URL('./child.ts', import.meta.url)

async function telemetryRows(context: Context): Promise<readonly Row[]> {
  const rows: Row[] = []
  const { only } = context
  for (const load of loads.filter(({ id }) => only.length === 0 || only.includes(id))) {
    const samples = await sample(context, load.what, (run) => inTurns(context, load, run))
    rows.push(...rowsOf(load.what, samples))
  }
  return rows
}

/** Each on a fresh database; who begins takes turns. */
async function inTurns(context: Context, load: Load, run: number): Promise<Readonly<Record<string, number>>> {
  const figures: Record<string, number> = {}
  for (const n of ways.keys()) {
    const way = ways[(n + run) % ways.length] ?? 'none'
    Object.assign(figures, await measured(context, load, way))
  }
  const { 'none cpu': least = 1 } = figures
  for (const way of ways) if (way !== 'none') figures[`${way} cost`] = (figures[`${way} cpu`] ?? 0) / least
  return figures
}

async function measured(context: Context, { keys, slots }: Load, way: Way) {
  const { servers } = context
  const url = await servers.copy('interlock', migrate)
  const count = sized(context, 4_000, 40)
  // As many to warm up: what a worker pays that runs for hours, and not what compiling the SDK costs.
  const order: TelemetryOrder = { url, way, slots, keys, counts: [count, count] }
  const { elapsedMs, cpuMs } = await answerOf<TelemetryReport>(program, order)
  await servers.drop(url)
  return { [`${way} rate`]: (count * 1_000) / elapsedMs, [`${way} cpu`]: (cpuMs * 1_000) / count }
}

const kinds = {
  rate: ['jobs through the worker, enqueued and drained', 'jobs/s'],
  cpu: ['processor per job', 'µs'],
  cost: ['processor over that without telemetry', '×'],
} as const

function rowsOf(what: string, samples: Readonly<Record<string, readonly number[]>>): readonly Row[] {
  return Object.entries(kinds).flatMap(([name, [figure, unit]]) =>
    ways.flatMap((way): Row[] => {
      const figures = samples[`${way} ${name}`]
      if (figures === undefined) return []
      const most = name === 'cost' ? AT_MOST[way] : undefined
      const goal = most === undefined ? undefined : { most }
      return [{ what: `${what}, ${way}: ${figure}`, unit, samples: figures, goal }]
    }),
  )
}

export const telemetryBench: Bench = {
  name: 'telemetry',
  about:
    'a line with payloads, put in and emptied through createJobWorker without telemetry, with it and no SDK, and with one trace in a hundred kept',
  run: telemetryRows,
}
