import { Answerer } from '../frame/answerer.ts'
import { type Bench, type Context, type Row, sample, sized } from '../frame/bench.ts'
import { migrate } from '../peers/with-interlock.ts'
import type { MillionChild, MillionOrder, MillionReport } from './child.ts'
import { idOf, type LineOf } from './jobs.ts'

const program = new URL('./child.ts', import.meta.url)
const SLOTS = 10

/** Jobs in line; none: what the others are held against. */
const SIZES = [0, 1_000, 100_000, 1_000_000] as const
const LINES: readonly LineOf[] = [{ models: 50 }, { models: 1_000 }]

/** Above a worker whose line is empty. */
const goals: Readonly<Record<number, Readonly<Record<string, number>>>> = {
  100000: { 'joins in': 0.3, memory: 50 },
  1000000: { 'joins in': 3, memory: 350 },
}

async function millionRows(context: Context): Promise<readonly Row[]> {
  const rows: Row[] = []
  // As small for each size and line: of each the least and the most.
  for (const line of context.quick ? LINES.slice(0, 1) : LINES)
    for (const size of context.quick ? [SIZES[0], SIZES[3]] : SIZES) {
      const jobs = sized(context, size, Math.min(size, 200))
      const what = `${size.toLocaleString('en')} waiting on ${line.models} models`
      if (context.only.length > 0 && !context.only.includes(`${size}`)) continue
      const samples = await sample(context, what, () => measured(context, line, jobs))
      rows.push(...Object.entries(units).flatMap(([name, unit]) => rowOf(what, name, unit, samples[name])))
    }
  return context.quick ? rows : rows.map((row) => withGoal(row, rows))
}

const units = {
  enqueued: 'jobs/s, 1,000 a call',
  'joins in': 's',
  memory: 'MB',
  'one enqueue, p50': 'ms',
  'one enqueue, p99': 'ms',
  'explain, p50': 'ms',
  'position, p50': 'ms',
  'state, p50': 'ms',
  worked: 'jobs/s, 10 slots',
  'memory then': 'MB',
} as const

function rowOf(what: string, name: string, unit: string, samples: readonly number[] | undefined): Row[] {
  return samples === undefined ? [] : [{ what: `${what}: ${name}`, unit, samples }]
}

/** The wall is above what the empty line of the same run came to. */
function withGoal(row: Row, rows: readonly Row[]): Row {
  const [, size = '', models = '', name = ''] = /^([\d,]+) (waiting on .*): (.*)$/.exec(row.what) ?? []
  const most = goals[Number(size.replaceAll(',', ''))]?.[name]
  const [base] = rows.find(({ what }) => what === `0 ${models}: ${name}`)?.samples ?? []
  return most === undefined || base === undefined ? row : { ...row, goal: { most: base + most } }
}

/** One process puts the jobs into line and leaves; another joins, is asked, and works. */
async function measured(context: Context, line: LineOf, jobs: number): Promise<Record<string, number>> {
  const { servers } = context
  const url = await servers.copy('interlock', migrate)
  const figures: Record<string, number> = {}
  if (jobs > 0) figures['enqueued'] = (await told(url, [{ do: 'fill', line, jobs }]))[0]?.['perSecond'] ?? 0
  const worked = Math.min(jobs, sized(context, 3_000, 100))
  const ids = Array.from({ length: Math.min(50, jobs) }, (_, i) => idOf(Math.floor((jobs * i) / 50)))
  const calls = sized(context, 300, 10)
  const orders: MillionOrder[] = [
    { do: 'weigh' },
    ...(jobs === 0 ? [] : [{ do: 'look', ids } as const]),
    { do: 'append', line, from: jobs, calls },
    ...(jobs === 0 ? [] : [{ do: 'work', jobs: worked } as const]),
    { do: 'weigh' },
  ]
  const reports = await told(url, orders)
  const [joined, then] = [reports[0], reports.at(-1)]
  const all = Object.assign({}, ...reports.slice(1, -1)) as MillionReport
  await servers.drop(url)
  return {
    ...figures,
    'joins in': joined?.['joinS'] ?? 0,
    memory: joined?.['mb'] ?? 0,
    'one enqueue, p50': all['p50'] ?? 0,
    'one enqueue, p99': all['p99'] ?? 0,
    ...(jobs === 0
      ? undefined
      : {
          'explain, p50': all['explain'] ?? 0,
          'position, p50': all['position'] ?? 0,
          'state, p50': all['state'] ?? 0,
          worked: all['perSecond'] ?? 0,
        }),
    'memory then': then?.['mb'] ?? 0,
  }
}

/** A process of its own, and what it answers to each. */
async function told(url: string, orders: readonly MillionOrder[]): Promise<readonly MillionReport[]> {
  await using child = await Answerer.start<MillionOrder, MillionReport>(program, {
    url,
    slots: SLOTS,
  } satisfies MillionChild)
  const reports: MillionReport[] = []
  for (const order of orders) reports.push(await child.ask(order))
  return reports
}

export const millionBench: Bench = {
  name: 'million',
  about:
    'a long line of jobs with ids of 36 characters, payloads and ten fair keys: what a worker takes to join it, to be asked and to work at it',
  run: millionRows,
}
