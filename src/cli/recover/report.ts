import type { ActiveJobView, QueueView } from '../../coordinator/index.ts'
import type { failureDocument } from '../failure.ts'
import { models, plural, timeText } from '../format.ts'
import type { Frame } from '../frame.ts'
import { grid } from '../terminal/grid.ts'
import type { Wish } from './decide.ts'

/** The queue, and the jobs of which nobody knows the end. */
export interface Seen {
  readonly view: QueueView
  readonly doubtful: readonly ActiveJobView[]
}

type Undecided = Wish & ReturnType<typeof failureDocument>

export const reportOf = (
  { view, doubtful: left }: Seen,
  decided: readonly Wish[] = [],
  undecided: readonly Undecided[] = [],
) => ({
  epoch: view.epoch,
  status: view.status,
  waitingCount: view.waitingCount,
  decided,
  undecided,
  doubtful: left.map(doubtful),
})

export type Report = ReturnType<typeof reportOf>

export const tell = (frame: Frame, report: Report): void => frame.emit(report, textOf(frame, report))

const doubtful = ({ jobId, jobType, models: names, fencingToken, startedAt, attempt }: ActiveJobView) => ({
  ...{ jobId, jobType, models: names, fencingToken, startedAt, attempt },
})

function textOf(frame: Frame, report: Report): string {
  return [...decisions(report), ...standing(frame, report)].join('\n')
}

const words: Readonly<Record<Wish['end'], string>> = {
  completed: 'completed',
  requeued: 'back in line',
  failed: 'failed, for good',
}

const decisions = ({ decided, undecided }: Report): readonly string[] => [
  ...decided.map(({ jobId, end }) => `${jobId}: ${words[end]}`),
  ...undecided.map(({ jobId, error }) => `${jobId}: nothing was decided: ${error.message}`),
]

function standing(frame: Frame, { epoch, status, doubtful: left }: Report): readonly string[] {
  const isHeld = status === 'draining'
  const held = `epoch ${epoch}, ${isHeld ? 'the queue is drained' : 'the queue is open'}`
  const restored = epoch === 1 || !isHeld
  if (left.length === 0)
    return [
      `${held}; no job is in doubt${isHeld ? ': interlock resume' : ''}`,
      ...(restored ? ['Was a backup restored while no process ran? interlock recover --begin'] : []),
    ]
  const rows = left.map(({ jobId, models: names, startedAt }) => [
    ...[jobId, models(names), timeText(startedAt.getTime() * 1_000)],
  ])
  return [
    `${held}; ${plural(left.length, 'job')} of which nobody knows the end:`,
    grid(frame, ['job', 'models', 'since'], rows, {
      heading: frame.colors.dim,
      give: { models: 12, job: 36 },
    }),
    'say of each: interlock recover --completed <job>, --requeue <job> or --fail <job>',
  ]
}
