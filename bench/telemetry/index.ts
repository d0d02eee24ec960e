import { type Bench, type Context, type Row, sample, sized } from '../frame/bench.ts'
import { median, ratios } from '../frame/statistics.ts'
import type { Way } from './child.ts'
import { Crew, type Turn } from './crew.ts'

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

/** Of a run: how many turns each way has, of how many jobs, and how many more before that: what a worker pays that runs for hours. */
const TURNS = 24
const WARM_TURNS = 16
const JOBS = 500

/** How much longer a job may take than with none. */
const AT_MOST: Readonly<Record<Way, number | undefined>> = { none: undefined, off: 1.01, traced: 1.1 }

async function telemetryRows(context: Context): Promise<readonly Row[]> {
  const rows: Row[] = []
  const { only } = context
  for (const load of loads.filter(({ id }) => only.length === 0 || only.includes(id))) {
    const samples = await sample(context, load.what, (run) => inTurns(context, load, run))
    rows.push(...rowsOf(load.what, samples))
  }
  return rows
}

/**
 * Processes that live side by side and take turns of a second: what happens on the machine, or grows in the server, concerns all of them,
 * and the jobs of a turn are held against those beside them only.
 */
async function inTurns(context: Context, load: Load, run: number): Promise<Readonly<Record<string, number>>> {
  await using crew = await Crew.start(context, ways, load)
  const count = sized(context, JOBS, 40)
  for (let n = 0; n < sized(context, WARM_TURNS, 1); n++) await crew.turn(count, n)
  const turns: Turn[] = []
  for (let n = 0; n < sized(context, TURNS, 1); n++) turns.push(await crew.turn(count, run + n))
  return Object.fromEntries(ways.flatMap((way) => figuresOf(way, turns, count)))
}

function figuresOf(way: Way, turns: readonly Turn[], count: number): readonly (readonly [string, number])[] {
  const ms = (of: Way) => turns.map((turn) => turn[of].elapsedMs / count)
  const cpu = (of: Way) => turns.map((turn) => (turn[of].cpuMs * 1_000) / count)
  const figures = [
    [`${way} rate`, 1_000 / median(ms(way))],
    [`${way} cpu`, median(cpu(way))],
  ] as const
  if (way === 'none') return figures
  return [
    ...figures,
    [`${way} time cost`, median(ratios(ms(way), ms('none')))],
    [`${way} cpu cost`, median(ratios(cpu(way), cpu('none')))],
  ]
}

const kinds = {
  rate: ['jobs through the worker, enqueued and drained', 'jobs/s'],
  cpu: ['processor of the process per job', 'µs'],
  'time cost': ['time of a job over that without telemetry', '×'],
  'cpu cost': ['processor over that without telemetry', '×'],
} as const

function rowsOf(what: string, samples: Readonly<Record<string, readonly number[]>>): readonly Row[] {
  return Object.entries(kinds).flatMap(([name, [figure, unit]]) =>
    ways.flatMap((way): Row[] => {
      const figures = samples[`${way} ${name}`]
      if (figures === undefined) return []
      const most = name === 'time cost' ? AT_MOST[way] : undefined
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
