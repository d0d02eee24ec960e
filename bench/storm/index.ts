import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'
import { postgresStore } from '../../src/engine/store/postgres/index.ts'
import { verify } from '../../src/tools/history/index.ts'
import { Answerer } from '../frame/answerer.ts'
import { type Bench, type Context, type Row, sample, sized } from '../frame/bench.ts'
import { loadDuring, startBurners } from '../frame/burners.ts'
import { connected } from '../frame/servers.ts'
import { sum } from '../frame/statistics.ts'
import { migrate } from '../peers/with-interlock.ts'
import { Pulses } from './pulses.ts'
import { clockOf, countsOf, startsBetween } from './starts.ts'
import type { StormOrder, StormReport, StormWorker } from './worker-child.ts'

const SLOTS = 4
/** How long a storm lasts, unless `--minutes` says it. */
const MINUTES = 4
/** Beside the processes: together they make a load of 25 and more. */
const BURNERS = 24
/** After the healing: so long new jobs go on coming, so that there is something to start, and so long the line is then given to empty. */
const WATCH_MS = 10_000
const EMPTY_MS = 60_000
/** How soon after the healing starts have to go on, in seconds. */
const GOAL = { most: 5 }

type Worker = Answerer<StormOrder, StormReport>

const program = (name: string) => new URL(`./${name}-child.ts`, import.meta.url)

async function stormRows(context: Context): Promise<readonly Row[]> {
  const minutes = context.quick ? 0.1 : (context.minutes ?? MINUTES)
  const what = `a storm of ${minutes} min`
  const samples = await sample(context, what, (run) => storm(context, minutes * 60_000, run))
  return Object.entries(kinds).map(([name, [figure, unit, goal]]) => ({
    ...{ what: figure, unit, samples: samples[name as Figure] },
    ...(goal && { goal }),
  }))
}

async function storm(context: Context, ms: number, run: number): Promise<Readonly<Record<Figure, number>>> {
  const { servers, progress, runs } = context
  const url = await servers.copy('interlock', migrate)
  const workers = await crewOn(url, context)
  const endBurners = await startBurners(sized(context, BURNERS, 1), 19)
  try {
    return await connected(url, async (client) => {
      const tell = (what: string) => progress(`storm, run ${run} of ${runs}: ${what}`)
      return weathered(client, { url, ms, workers, tell, ...sizes(context) })
    })
  } finally {
    endBurners()
    await Promise.all(workers.map((worker) => worker.end()))
    await servers.drop(url)
  }
}

const sizes = (context: Context) => ({
  processes: sized(context, 16, 4),
  jobs: sized(context, 500, 40),
  leaseMs: sized(context, 5_000, 1_500),
  watchMs: sized(context, WATCH_MS, 2_000),
})

interface Scene extends ReturnType<typeof sizes> {
  readonly url: string
  readonly ms: number
  readonly workers: readonly Worker[]
  readonly tell: (what: string) => void
}

async function weathered(client: pg.Client, scene: Scene): Promise<Readonly<Record<Figure, number>>> {
  const { url, ms, workers, leaseMs, watchMs, tell } = scene
  const began = await clockOf(client)
  const pulses = new Pulses(workers, leaseMs, client)
  const load = await loadDuring(ms, async (left) => {
    const { left: jobs, attempts } = await countsOf(client)
    tell(`${left} s to go, ${pulses.count} pulses, ${attempts} attempts lost, ${jobs} jobs in line`)
  })
  await pulses.heal()
  const healed = await clockOf(client)
  tell('healed')
  await delay(watchMs)
  const during = await startsBetween(client, began, healed)
  const after = await startsBetween(client, healed, await clockOf(client))
  const orders = await Promise.all(workers.map((worker) => worker.ask({ do: 'finish' })))
  const emptied = await emptyWithin(client, tell)
  const { left, leases, attempts } = await countsOf(client)
  const reports = await Promise.all(workers.map((worker) => worker.ask({ do: 'report' })))
  const total = (name: keyof StormReport) => sum(reports.map((report) => report[name]))
  return {
    ...{ load, first: after.first, longest: after.longest, emptied, left },
    ...{ during: during.longest, rate: during.count / (ms / 1_000) },
    rateAfter: after.count / (watchMs / 1_000),
    ...{ pulses: pulses.count, onCombiner: pulses.onCombiner, leases, attempts },
    ...{ elections: total('elections'), appends: total('appends'), lost: total('lost') },
    faults: await faultsIn(url, orders.length),
  }
}

/** How long it takes until no job is left, in seconds. */
async function emptyWithin(client: pg.Client, tell: Scene['tell']): Promise<number> {
  const began = performance.now()
  for (;;) {
    const { left } = await countsOf(client)
    const ms = performance.now() - began
    if (left === 0 || ms > EMPTY_MS) return ms / 1_000
    tell(`healed, ${left} jobs left`)
    await delay(200)
  }
}

/** 1 if anything is wrong with the log, or the rows do not say what it says. */
async function faultsIn(url: string, processes: number): Promise<number> {
  // The machine is still busy: a connection may take longer than a program would wait for one.
  const store = postgresStore({
    connectionString: url,
    connectionTimeoutMillis: 60_000,
    query_timeout: 60_000,
  })
  try {
    const { ok, firstBad, differences } = await verify({ store })
    if (!ok) console.error(`the log of ${processes} processes:`, firstBad, differences)
    return ok ? 0 : 1
  } finally {
    await store.close()
  }
}

async function crewOn(url: string, context: Context): Promise<readonly Worker[]> {
  const { processes, jobs, leaseMs } = sizes(context)
  const starting = Array.from({ length: processes }, (_, number) => {
    const order: StormWorker = { url, slots: SLOTS, number, leaseMs }
    return Answerer.start<StormOrder, StormReport>(program('worker'), order)
  })
  const workers = await Promise.all(starting)
  await workers[0]?.ask({ do: 'fill', jobs })
  await Promise.all(workers.map((worker) => worker.ask({ do: 'work' })))
  return workers
}

type Figure = keyof typeof kinds

const kinds = {
  first: ['from the healing to the next start', 's', GOAL],
  longest: ['the longest time without a start, in the 10 s after the healing', 's', GOAL],
  rateAfter: ['starts per second, in the 10 s after the healing', '/s', undefined],
  emptied: ['until no job was left, once no more came', 's', undefined],
  left: ['jobs left', '', { most: 0 }],
  faults: ['runs whose log or rows are wrong', '', { most: 0 }],
  during: ['the longest time without a start, in the storm', 's', undefined],
  rate: ['starts per second, in the storm', '/s', undefined],
  load: ['load of the machine in the storm', '', undefined],
  pulses: ['pulses', '', undefined],
  onCombiner: ['of these, on the combiner', '', undefined],
  leases: ['leases lost', '', undefined],
  attempts: ['attempts lost with them', '', undefined],
  elections: ['elections', '', undefined],
  appends: ['appends won', '', undefined],
  lost: ['appends lost', '', undefined],
} as const

/** In each run: the median may hide one that stood still. */
function verdict(rows: readonly Row[]): string | undefined {
  const bad = rows.filter(
    ({ goal, samples }) => goal !== undefined && 'most' in goal && samples.some((it) => it > goal.most),
  )
  if (bad.length === 0) return undefined
  return ['Not in every run:', ...bad.map(({ what, samples }) => `  ${what}: ${samples.join(', ')}`)].join(
    '\n',
  )
}

export const stormBench: Bench = {
  name: 'storm',
  about:
    '16 niced worker processes on a machine that is busy otherwise, each stopped again and again for longer than its lease; then all are healed: starts have to go on at once',
  verdict,
  run: stormRows,
}
