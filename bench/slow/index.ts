import { setTimeout as delay } from 'node:timers/promises'
import { debianFolder } from '../../test/support/debian.ts'
import { startPgbouncer } from '../../test/support/pgbouncer-process.ts'
import { Answerer } from '../frame/answerer.ts'
import { type Bench, type Context, type Row, sample } from '../frame/bench.ts'
import { connected } from '../frame/servers.ts'
import { sum } from '../frame/statistics.ts'
import { peerNamed } from '../peers/all.ts'
import { Crew } from '../peers/crew.ts'
import { keyNames, tasksOn } from '../peers/tasks.ts'
import { migrate } from '../peers/with-interlock.ts'
import { delayingProxy } from './delay.ts'
import type { SlowOrder, SlowReport, SlowWorker } from './worker-child.ts'

/** A round trip in milliseconds, or a pooler by transaction on a fast link; and how long everybody works at it, in seconds. */
interface Link {
  readonly roundTrip: number | 'pooler'
  readonly seconds: number
}

const links: readonly Link[] = [
  { roundTrip: 0, seconds: 10 },
  { roundTrip: 100, seconds: 20 },
  { roundTrip: 300, seconds: 20 },
  { roundTrip: 800, seconds: 40 },
  { roundTrip: 2_400, seconds: 80 },
  { roundTrip: 'pooler', seconds: 10 },
]

const PROCESSES = [1, 2, 4, 8, 16] as const
const SLOTS = 8
/** More than anybody does in the time. */
const JOBS = 30_000

const program = new URL('./worker-child.ts', import.meta.url)

async function slowRows(context: Context): Promise<readonly Row[]> {
  const rows: Row[] = []
  for (const link of links) {
    if (!isChosen(context, link)) continue
    const what = nameOf(link)
    const missing = await missingFor(link)
    if (missing !== undefined) {
      rows.push({ what, unit: '', samples: [], note: missing })
      continue
    }
    const samples = await sample(context, what, () => sideBySide(context, link))
    rows.push(...rowsOf(what, samples, link))
  }
  return rows
}

const nameOf = ({ roundTrip, seconds }: Link): string =>
  roundTrip === 'pooler'
    ? `behind PgBouncer in transaction mode, ${seconds} s`
    : `round trip ${roundTrip / 1_000} s, ${seconds} s`

/** The folder with PgBouncer: one that is there, or one that root installs here. */
const pgbouncer = () =>
  debianFolder({ name: 'pgbouncer', programs: ['pgbouncer'], variable: 'INTERLOCK_TEST_PGBOUNCER' })

/** Why it cannot be measured on this machine. */
async function missingFor({ roundTrip }: Link): Promise<string | undefined> {
  if (roundTrip !== 'pooler') return undefined
  return pgbouncer().then(
    () => undefined,
    (error: Error) => `not measured: ${error.message}`,
  )
}

/** What stands between a worker and the server. */
const between = async (url: string, { roundTrip }: Link) =>
  roundTrip === 'pooler'
    ? startPgbouncer(url, 'transaction', await pgbouncer())
    : delayingProxy(url, roundTrip / 2)

const isChosen = ({ only, quick }: Context, { roundTrip }: Link): boolean =>
  only.length > 0 ? only.includes(String(roundTrip)) : !quick || roundTrip === 100

/** Every number of processes on the same link, one after the other. */
async function sideBySide(context: Context, link: Link): Promise<Readonly<Record<string, number>>> {
  const figures: Record<string, number> = {}
  for (const processes of PROCESSES) {
    if (context.quick && processes > 2) continue
    context.progress(`${nameOf(link)}, ${processes} processes`)
    for (const [name, value] of Object.entries(await measured(context, link, processes)))
      figures[`${processes} ${name}`] = value
  }
  const alone = figures['1 jobs'] ?? 0
  for (const processes of PROCESSES)
    if (figures[`${processes} jobs`] !== undefined)
      figures[`${processes} times`] = (figures[`${processes} jobs`] ?? 0) / alone
  return figures
}

async function measured({ servers, quick }: Context, link: Link, processes: number) {
  const url = await servers.copy('interlock', migrate)
  await filled(url, quick ? 2_000 : JOBS)
  const proxy = await between(url, link)
  const workers = await Promise.all(
    Array.from({ length: processes }, (_, number) => {
      const order: SlowWorker = { url: proxy.url, slots: SLOTS, number }
      return Answerer.start<SlowOrder, SlowReport>(program, order)
    }),
  )
  await Promise.all(workers.map((worker) => worker.ask({ do: 'work' })))
  await delay(quick ? 3_000 : link.seconds * 1_000)
  const jobs = await countOf(url, 'completed')
  const lost = await countOf(url, 'lease_expired')
  // Nobody waits for what is under way over a link this slow.
  const reports = await Promise.all(workers.map((worker) => worker.ask({ do: 'report' })))
  await Promise.all(workers.map((worker) => worker.end()))
  await proxy.close()
  await servers.drop(url)
  const total = (name: keyof SlowReport) => sum(reports.map((report) => report[name]))
  const elections = total('elections')
  return { jobs, 'leases lost': lost, appends: total('appends'), 'appends lost': total('lost'), elections }
}

async function filled(url: string, count: number): Promise<void> {
  const keys = keyNames(1_000)
  const crew = await Crew.start(peerNamed('interlock'), { url, slots: SLOTS, keys }, 0)
  await crew.fill(tasksOn(keys, count))
}

const countOf = (url: string, type: string): Promise<number> =>
  connected(url, async (client) => {
    const text = 'select count(*)::integer as count from job_queue_log where event_type = $1'
    return (await client.query<{ count: number }>(text, [type])).rows[0]?.count ?? 0
  })

const kinds = {
  jobs: ['jobs done', ''],
  times: ['jobs done, over one process', '×'],
  'appends lost': ['appends lost', ''],
  appends: ['appends won', ''],
  elections: ['elections', ''],
  'leases lost': ['leases lost', ''],
} as const

/** Behind such a pooler processes are not told of their answers, but look for them: there it is no goal that they are as fast as one. */
function rowsOf(
  what: string,
  samples: Readonly<Record<string, readonly number[]>>,
  { roundTrip }: Link,
): readonly Row[] {
  const isTold = roundTrip !== 'pooler'
  return Object.entries(kinds).flatMap(([name, [figure, unit]]) =>
    PROCESSES.flatMap((processes): Row[] => {
      const figures = samples[`${processes} ${name}`]
      if (figures === undefined) return []
      const goal = name === 'times' && processes > 1 && isTold ? { least: 0.9 } : undefined
      return [{ what: `${what}, ${processes} processes: ${figure}`, unit, samples: figures, goal }]
    }),
  )
}

export const slowBench: Bench = {
  name: 'slow',
  about:
    'a line of jobs with payloads, worked off by 1 to 16 processes of 8 slots over a link that delays every byte, and does nothing else',
  run: slowRows,
}
