import { beginEpoch } from '../../coordinator/epoch.ts'
import type { ActiveJobView, Coordinator, QueueView } from '../../coordinator/index.ts'
import { queueView } from '../../coordinator/view.ts'
import { InterlockError } from '../../core/index.ts'
import type { LogStore } from '../../port/index.ts'
import type { Cli } from '../cli.ts'
import { clip, models, plural, timeText } from '../format.ts'
import type { Frame } from '../frame.ts'
import { lookAt } from '../look.ts'
import { withCoordinator, withStore } from '../store.ts'
import { table } from '../terminal/table.ts'

const PATIENCE_MS = 30_000

interface Options {
  readonly [flag: string]: unknown
  readonly begin?: boolean
  readonly completed?: readonly string[]
  readonly requeue?: readonly string[]
  readonly fail?: readonly string[]
}

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value]

export function addRecover(cli: Cli): void {
  cli
    .command<Options>(
      'recover',
      'after a backup was restored: void the tokens of before, drain the queue, and say what became of its jobs',
      [
        ['recover', 'lists the jobs whose end may be lost; workers that were running have drained the queue'],
        ['recover --begin', 'first, if no process was running that could notice: a new epoch'],
        ['recover --completed a --requeue b --fail c', 'what became of each; may be repeated'],
        ['resume', 'when none is left'],
      ],
      async (frame, _, options) => {
        if (options.begin === true) await begin(frame)
        const said = await (decided(options).length === 0
          ? withStore(frame, (store) => look(frame, store))
          : withCoordinator(frame, (coordinator) => recover(coordinator, options)))
        frame.emit(said, textOf(frame, said))
      },
    )
    .option('--begin', 'a new epoch, in which the queue is drained')
    .option('--completed <job>', 'it was done', collect)
    .option('--requeue <job>', 'it goes back into the line, at no cost', collect)
    .option('--fail <job>', 'it has failed, for good', collect)
}

/** Before this process joins the queue: with its first beat it would expire leases of jobs that are in doubt. */
function begin(frame: Frame): Promise<void> {
  const { queue, signal, as: name } = frame
  const patience = { forMs: PATIENCE_MS, signal }
  return withStore(frame, (store) => beginEpoch({ store, queue, patience, name }))
}

const decided = ({ completed = [], requeue = [], fail = [] }: Options): readonly string[] => [
  ...completed,
  ...requeue,
  ...fail,
]

/** Without joining the queue, for the same reason. */
async function look(frame: Frame, store: LogStore) {
  const { ledger, now } = await lookAt(frame, store)
  return reportOf(queueView(frame.queue, ledger, now), 0)
}

async function recover(coordinator: Coordinator, options: Options) {
  const { completed = [], requeue = [], fail = [] } = options
  const named = decided(options)
  if (new Set(named).size < named.length) {
    throw new InterlockError('invalid_input', 'a job is named twice; say one thing of each')
  }
  const before = new Map(
    coordinator
      .state()
      .active()
      .map((job) => [job.jobId, job]),
  )
  const unknown = named.find((jobId) => !before.has(jobId))
  if (unknown !== undefined) {
    throw new InterlockError('job_not_active', `job ${unknown} is not active; look with: interlock recover`)
  }
  const { epoch } = coordinator.state()
  const leaseOf = (jobId: string) => ({ jobId, fencingToken: before.get(jobId)?.fencingToken ?? 0, epoch })
  for (const jobId of completed) await coordinator.complete(leaseOf(jobId))
  for (const jobId of requeue) await coordinator.release(leaseOf(jobId), 'drained')
  for (const jobId of fail) await coordinator.fail(leaseOf(jobId), { retryAt: null })
  return reportOf(coordinator.state(), named.length)
}

const reportOf = (view: QueueView, count: number) => ({
  epoch: view.epoch,
  status: view.status,
  waitingCount: view.waitingCount,
  decided: count,
  doubtful: inDoubt(view).map(doubtful),
})

/** Once the queue is open again, only what no worker has: whatever runs under a lease is in nobody's doubt. */
function inDoubt({ status, epoch, active }: QueueView): readonly ActiveJobView[] {
  if (status === 'draining') return active()
  return epoch === 1 ? [] : active().filter(({ workerId }) => workerId === null)
}

const doubtful = ({
  jobId,
  jobType,
  models: names,
  workerId,
  fencingToken,
  startedAt,
  attempt,
}: ActiveJobView) => ({
  ...{ jobId, jobType, models: names, workerId, fencingToken, startedAt, attempt },
})

function textOf(frame: Frame, { epoch, status, doubtful: left }: ReturnType<typeof reportOf>): string {
  const isHeld = status === 'draining'
  const held = isHeld ? 'the queue is drained' : 'the queue is open'
  if (left.length === 0) {
    const next = isHeld
      ? 'no job is in doubt: interlock resume'
      : 'no job is in doubt. Was a backup restored while no process ran? interlock recover --begin'
    return `epoch ${epoch}, ${held}; ${next}`
  }
  const rows = left.map(({ jobId, models: names, workerId, startedAt }) => [
    ...[
      clip(jobId, 28),
      clip(models(names), 28),
      workerId ?? 'detached',
      timeText(startedAt.getTime() * 1_000),
    ],
  ])
  const list = table(['job', 'models', 'in worker', 'since'], rows, { heading: frame.colors.dim })
  return `epoch ${epoch}, ${held}; ${plural(left.length, 'job')} of which nobody knows the end:\n${list}\nsay of each: interlock recover --completed <job>, --requeue <job> or --fail <job>`
}
