import type { failureDocument } from '../../cli/failure.ts'
import type { Frame } from '../../cli/frame.ts'
import { grid } from '../../cli/terminal/grid.ts'
import type { ActiveJobView, QueueView } from '../../coordinator/index.ts'
import { models, plural, timeText } from '../../format/index.ts'
import type { Wish } from './decide.ts'

/** The queue, and the jobs of which nobody knows the end. */
export interface Seen {
  readonly view: QueueView
  readonly doubtful: readonly ActiveJobView[]
}

type Undecided = Wish & ReturnType<typeof failureDocument>

/** An event that nobody can read, or could, until it was declared void. */
export interface VoidedEvent {
  readonly seq: number
  readonly type: string
  readonly jobId: string | null
  readonly why: string
  /** As it was written. */
  readonly data: unknown
  /** What to read in its place; null: the event counts as nothing. */
  readonly as: unknown
  /** What becomes of its job. */
  readonly becomes: string | null
}

interface Happened {
  readonly decided?: readonly Wish[]
  readonly undecided?: readonly Undecided[]
  readonly unreadable?: readonly VoidedEvent[]
  readonly voided?: readonly VoidedEvent[]
}

export const reportOf = (
  { view, doubtful: left }: Seen,
  { decided = [], undecided = [], unreadable = [], voided = [] }: Happened = {},
) => ({
  epoch: view.epoch,
  status: view.status,
  waitingCount: view.waitingCount,
  ...{ unreadable, voided, decided, undecided },
  doubtful: left.map(doubtful),
})

export type Report = ReturnType<typeof reportOf>

export const tell = (frame: Frame, report: Report): void => frame.emit(report, textOf(frame, report))

const doubtful = ({ jobId, jobType, models: names, fencingToken, startedAt, attempt }: ActiveJobView) => ({
  ...{ jobId, jobType, models: names, fencingToken, startedAt, attempt },
})

function textOf(frame: Frame, report: Report): string {
  if (report.unreadable.length > 0) return unreadableText(report)
  const voided = report.voided.flatMap((event) => [`${nameOf(event)} is void`, ...readingOf(event)])
  return [...voided, ...decisions(report), ...standing(frame, report)].join('\n')
}

const unreadableText = ({ unreadable }: Report): string =>
  [
    ...unreadable.flatMap((event) => [
      event.why,
      `  ${nameOf(event)}, as it was written: ${said(event.data)}`,
      ...readingOf(event),
    ]),
    `nobody can open the queue before ${unreadable.length === 1 ? 'this event is' : 'these events are'} void: stop what still appends to it, and`,
    'interlock recover --void',
    '(it drains the queue in a new epoch; then say of each active job what became of it, and: interlock resume)',
  ].join('\n')

const nameOf = ({ seq, type, jobId }: VoidedEvent): string =>
  `event ${seq} (${type}${jobId === null ? '' : ` of job ${jobId}`})`

function readingOf({ as, jobId, becomes }: VoidedEvent): readonly string[] {
  const reading = as === null ? '  it counts as nothing' : `  it reads as: ${said(as)}`
  return becomes === null ? [reading] : [reading, `  job ${jobId}: ${becomes}`]
}

const said = (data: unknown): string => JSON.stringify(data)

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
