import type { EnqueueInput } from '../../src/engine/events/index.ts'
import { type Context, type Goal, type Row, sample, sized } from '../frame/bench.ts'
import { sum } from '../frame/statistics.ts'
import { coordinated, enqueueAll, jobsOn } from '../jobs.ts'
import type { Report } from './contention-child.ts'
import { strictGoal } from './life.ts'
import { queueName, type Subject } from './subject.ts'
import { Workers } from './workers.ts'

interface Setting {
  readonly processes: number
  readonly models: number
  readonly goal?: Goal
  /** Of the slowest process over the mean. */
  readonly share?: Goal
  /** Appends lost per won. */
  readonly lost?: Goal
}

const SLOTS = 10

const settings: readonly Setting[] = [
  { processes: 1, models: 10, goal: { least: strictGoal.one } },
  { processes: 2, models: 10, goal: { least: strictGoal.two } },
  { processes: 1, models: 1_000 },
  { processes: 2, models: 1_000 },
  { processes: 4, models: 1_000 },
  { processes: 8, models: 1_000 },
  {
    processes: 16,
    models: 1_000,
    goal: { least: 4_000 },
    share: { least: 0.5 },
    lost: { most: 0.5 },
  },
]

/** Worker processes of 10 slots drain one queue together, all on this machine, the database beside them. */
export async function contentionRows(context: Context, subject: Subject): Promise<readonly Row[]> {
  const rows: Row[] = []
  for (const setting of context.quick ? settings.slice(1, 2) : settings) {
    const { processes, models } = setting
    const count = sized(context, 8_000, 60)
    const what = `${processes} process${processes === 1 ? '' : 'es'}, ${models.toLocaleString('en')} models`
    const figures = await sample(context, what, () => contend(context, subject, setting, count))
    rows.push({ what: `${what}: drain`, unit: 'jobs/s', samples: figures.rate, goal: setting.goal })
    if (processes === 1) continue
    rows.push(
      { what: `${what}: appends lost`, unit: 'per won', samples: figures.lost, goal: setting.lost },
      { what: `${what}: jobs in an append`, unit: 'jobs', samples: figures.batch },
      { what: `${what}: slowest process`, unit: 'of mean', samples: figures.slowest, goal: setting.share },
      { what: `${what}: processor time of the workers`, unit: 'µs a job', samples: figures.cpu },
    )
  }
  return rows
}

async function contend(
  context: Context,
  { url, store }: Subject,
  { processes, models }: Setting,
  count: number,
) {
  const queue = queueName('contention')
  // Made, filled and left again: a process that stays follows the log too, and is one more.
  const fill = (jobs: readonly EnqueueInput[]) =>
    coordinated(store, queue, (coordinator) => enqueueAll(coordinator, jobs))
  const round = async (workers: Workers, jobs: number, prefix: string) => {
    await fill(jobsOn(models, jobs, prefix))
    await workers.prepare()
    const from = Date.now()
    const reports = await workers.drain()
    const ended = sum(reports.map((report) => report.ended))
    if (ended !== jobs) throw new Error(`${ended} of ${jobs} jobs were run`)
    return figuresOf(reports, jobs, from)
  }
  await fill([])
  await using workers = await Workers.start({ url, queue, slots: SLOTS }, processes)
  // A process that has just begun compiles; workers live for days.
  await round(workers, sized(context, 300 * processes, 30), 'warm')
  // Awaited here: the workers leave when this function is left.
  return await round(workers, count, 'job')
}

function figuresOf(reports: readonly Report[], count: number, from: number) {
  const won = sum(reports.map((report) => report.appends))
  return {
    rate: (count * 1_000) / (Math.max(...reports.map((report) => report.lastAt)) - from),
    lost: sum(reports.map((report) => report.lost)) / won,
    batch: count / won,
    slowest: (Math.min(...reports.map((report) => report.ended)) * reports.length) / count,
    cpu: (sum(reports.map((report) => report.cpuMs)) * 1_000) / count,
  }
}
