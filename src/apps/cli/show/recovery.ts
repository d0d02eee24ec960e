import { models, plural, timeText } from '../../../tools/format/index.ts'
import type { RecoverDocument, VoidedEvent } from '../../../tools/operate/index.ts'
import type { Frame } from '../frame.ts'
import { grid } from '../terminal/grid.ts'

export const tell = (frame: Frame, report: RecoverDocument): void => frame.emit(report, textOf(frame, report))

function textOf(frame: Frame, report: RecoverDocument): readonly string[] {
  if (report.unreadable.length > 0) return unreadableText(report)
  const voided = report.voided.flatMap((event) => [`${nameOf(event)} is void`, ...readingOf(event)])
  return [...voided, ...decisions(report), ...standing(frame, report)]
}

const unreadableText = ({ unreadable }: RecoverDocument): readonly string[] => [
  ...unreadable.flatMap((event) => [
    event.why,
    `  ${nameOf(event)}, as it was written: ${said(event.data)}`,
    ...readingOf(event),
  ]),
  `nobody can open the queue before ${unreadable.length === 1 ? 'this event is' : 'these events are'} void: stop what still appends to it, and`,
  'interlock recover --void',
  '(it drains the queue in a new epoch; then say how each active job ended, and: interlock resume)',
]

const nameOf = ({ seq, type, jobId }: VoidedEvent): string =>
  `event ${seq} (${type}${jobId === null ? '' : ` of job ${jobId}`})`

function readingOf({ as, jobId, becomes }: VoidedEvent): readonly string[] {
  const reading = as === null ? '  it counts as nothing' : `  it reads as: ${said(as)}`
  return becomes === null ? [reading] : [reading, `  job ${jobId}: ${becomes}`]
}

const said = (data: unknown): string => JSON.stringify(data)

const words: Readonly<Record<RecoverDocument['decided'][number]['end'], string>> = {
  completed: 'completed',
  requeued: 'back in line',
  failed: 'failed, for good',
}

const decisions = ({ decided, undecided }: RecoverDocument): readonly string[] => [
  ...decided.map(({ jobId, end }) => `${jobId}: ${words[end]}`),
  ...undecided.map(({ jobId, error }) => `${jobId}: nothing was decided: ${error.message}`),
]

function standing(frame: Frame, { epoch, status, doubtful: left }: RecoverDocument): readonly string[] {
  const isHeld = status === 'draining'
  const held = `epoch ${epoch}, ${isHeld ? 'the queue is drained' : 'the queue is open'}`
  const restored = epoch === 1 || !isHeld
  if (left.length === 0)
    return [
      `${held}; no job is in doubt${isHeld ? ': interlock resume' : ''}`,
      ...(restored ? ['Was a backup restored while no process ran? interlock recover --begin'] : []),
    ]
  const rows = left.map(({ jobId, models: names, startedAt }) => [
    ...[jobId, models(names), timeText(Date.parse(startedAt) * 1_000)],
  ])
  return [
    `${held}; ${plural(left.length, 'job')} in doubt, since nobody knows how they ended:`,
    ...grid(frame, ['job', 'models', 'since'], rows, {
      heading: frame.colors.dim,
      give: { models: 12, job: 36 },
    }),
    'say of each: interlock recover --completed <job>, --requeue <job> or --fail <job>',
  ]
}
