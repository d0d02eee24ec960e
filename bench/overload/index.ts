import { setTimeout as delay } from 'node:timers/promises'
import { postgresStore } from '../../src/engine/store/postgres/index.ts'
import { verify } from '../../src/tools/history/index.ts'
import { Answerer } from '../frame/answerer.ts'
import { type Bench, type Context, type Row, sized } from '../frame/bench.ts'
import { loadDuring, startBurners } from '../frame/burners.ts'
import { connected } from '../frame/servers.ts'
import { sum } from '../frame/statistics.ts'
import { figure } from '../frame/table.ts'
import { migrate } from '../peers/with-interlock.ts'
import type { OverloadChild, OverloadOrder, OverloadReport } from './child.ts'
import { type FailedCall, isWrong } from './failed-calls.ts'

const BURNERS = 20
/** How long, unless `--minutes` says it. */
const MINUTES = 10
/** Of each part as many as a program would have. */
const crew: readonly OverloadChild['part'][] = ['worker', 'worker', 'gate', 'flows', 'enqueue', 'many']
/** The patience of a call unless a program says otherwise. */
const PATIENCE_MS = 30_000
/** So long calls that are under way have to end, once no more are made. */
const END_MS = PATIENCE_MS + 5_000

type Child = Answerer<OverloadOrder, OverloadReport>

async function overloadRows(context: Context): Promise<readonly Row[]> {
  const minutes = context.quick ? 0.1 : (context.minutes ?? MINUTES)
  const url = await context.servers.copy('interlock', migrate)
  const children = await crewOn(url)
  const askAll = (order: OverloadOrder) => Promise.all(children.map((child) => child.ask(order)))
  const endBurners = await startBurners(sized(context, BURNERS, 1), 0)
  try {
    await askAll({ do: 'begin' })
    const load = await loadDuring(minutes * 60_000, async (left) =>
      context.progress(`overload: ${left} s to go, ${await endsIn(url)} jobs have ended`),
    )
    const during = await askAll({ do: 'end' })
    await delay(sized(context, END_MS, 1_000))
    const after = await askAll({ do: 'end' })
    endBurners()
    const ended = await endsIn(url)
    return [
      ...figuresOf(after, { load, ended, faults: (await isRight(url)) ? 0 : 1 }),
      ...failuresOf([...during, ...after]),
    ]
  } finally {
    endBurners()
    await Promise.all(children.map((child) => child.end()))
    await context.servers.drop(url)
  }
}

async function crewOn(url: string): Promise<readonly Child[]> {
  const program = new URL('./child.ts', import.meta.url)
  const orders = crew.map((part, number): OverloadChild => ({ url, number, part }))
  return Promise.all(orders.map((order) => Answerer.start<OverloadOrder, OverloadReport>(program, order)))
}

const endsIn = (url: string): Promise<number> =>
  connected(url, async (client) => {
    const text = "select count(*)::integer as count from job_queue_log where event_type = 'completed'"
    return (await client.query<{ count: number }>(text)).rows[0]?.count ?? 0
  })

async function isRight(url: string): Promise<boolean> {
  const store = postgresStore({
    connectionString: url,
    connectionTimeoutMillis: 60_000,
    query_timeout: 60_000,
  })
  try {
    const { ok, firstBad, differences } = await verify({ store })
    if (!ok) console.error('the log:', firstBad, differences)
    return ok
  } finally {
    await store.close()
  }
}

interface Overloaded {
  readonly load: number
  readonly ended: number
  readonly faults: number
}

const NONE = { most: 0 }

function figuresOf(reports: readonly OverloadReport[], { load, ended, faults }: Overloaded): readonly Row[] {
  const total = (name: 'calls' | 'appends' | 'lost') => [sum(reports.map((report) => report[name]))]
  return [
    { what: 'load of the machine', unit: '', samples: [load] },
    { what: 'jobs ended', unit: '', samples: [ended] },
    { what: 'rounds of gate, flows and enqueue', unit: '', samples: total('calls') },
    { what: 'appends won', unit: '', samples: total('appends') },
    { what: 'appends lost', unit: '', samples: total('lost') },
    { what: 'the log or the rows are wrong', unit: '', samples: [faults], goal: NONE },
  ]
}

/** First those that must not be, then every error by its code, and every line that was logged. */
function failuresOf(reports: readonly OverloadReport[]): readonly Row[] {
  const failed = reports.flatMap((report) => report.failed)
  const wrong = failed.filter((one) => isWrong(one, PATIENCE_MS)).length
  const kinds = Map.groupBy(failed, ({ code, call, text }) => `${code}, ${call}: ${text}`)
  const lines = Map.groupBy(
    reports.flatMap(({ logged }) => logged),
    (line) => line.replaceAll(/[\w@.-]*\d[\w@.-]*/g, '#'),
  )
  return [
    { what: WRONG, unit: '', samples: [wrong], goal: NONE },
    ...[...kinds].map(([what, those]) => ({ what, unit: '', samples: [those.length], note: noteOf(those) })),
    ...[...lines].map(([what, those]) => ({ what: `logged: ${what}`, unit: '', samples: [those.length] })),
  ]
}

const WRONG = 'contention, clock or corruption, told to a caller whose time was not over'

function noteOf(failed: readonly FailedCall[]): string {
  const range = (of: (one: FailedCall) => number) => {
    const values = failed.map(of).toSorted((a, b) => a - b)
    return `${(values[0] ?? 0).toFixed(1)} to ${(values.at(-1) ?? 0).toFixed(1)}`
  }
  return `after ${range(({ tookMs }) => tookMs / 1_000)} s, at a load of ${range(({ load }) => load)}`
}

/** Texts of errors are too long for columns. */
const table = (rows: readonly Row[]): string =>
  rows
    .map(({ what, samples, note }) => {
      const count = figure(samples[0] ?? 0).padStart(8)
      return note === undefined ? `${count}  ${what}` : `${count}  ${what} (${note})`
    })
    .join('\n')

function verdict(rows: readonly Row[]): string | undefined {
  const bad = rows.filter(({ goal, samples }) => goal === NONE && samples.some((count) => count > 0))
  return bad.length === 0
    ? undefined
    : bad.map(({ what, samples }) => `${what}: ${samples.join(', ')}`).join('\n')
}

export const overloadBench: Bench = {
  name: 'overload',
  about:
    'workers, gate, flows and enqueue beside 20 programs that only compute: every error with its cause. Slowness is no conflict',
  table,
  verdict,
  run: overloadRows,
}
