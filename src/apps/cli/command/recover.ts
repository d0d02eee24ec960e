import { models, plural, timeText } from '../../../tools/format/index.ts'
import { opened } from '../../../tools/history/access.ts'
import type { Access } from '../../../tools/history/index.ts'
import type { RecoverDocument, Said, VoidedEvent } from '../../../tools/operate/index.ts'
import { checkDoubtful, decide, endingsOf } from '../../../tools/operate/recover/decide.ts'
import { epochIn, seenAt } from '../../../tools/operate/recover/recover.ts'
import { reportOf } from '../../../tools/operate/recover/report.ts'
import { orUnreadable, voidAll } from '../../../tools/operate/recover/void.ts'
import type { Cli } from '../cli.ts'
import { alsoFails } from '../exit.ts'
import { FoundSomething, NotDone } from '../failure.ts'
import { collect } from '../flag-value.ts'
import type { Frame } from '../frame.ts'
import { withAccess, withCoordinator } from '../store.ts'
import { grid } from '../terminal/grid.ts'

interface Options extends Said {
  readonly begin?: boolean
  readonly void?: boolean
}

export function addRecover(cli: Cli): void {
  cli
    .command<Options>(
      'recover',
      [
        ['recover', 'lists the jobs whose end may be lost; running workers have already drained the queue'],
        [
          'recover --begin',
          'begins a new epoch; only needed if no process ran that could notice the restore',
        ],
        ['recover --completed a --requeue b --fail c', 'how each of them ended; may be repeated'],
        ['recover --void', 'voids the unreadable events that recover shows; the log stays as it is'],
        ['resume', 'when no job is in doubt any more'],
      ],
      async (frame, _, options) => {
        const endings = endingsOf(options)
        const { seen, voided } = await withAccess(frame, (access) => looked(frame, access, options))
        if (endings.length === 0) return tell(frame, reportOf(seen, { voided }))
        for (const { jobId } of endings) checkDoubtful(seen, jobId)
        await withCoordinator(frame, async (coordinator) => {
          const said = await decide(coordinator, seen, endings)
          // Before the process leaves the queue, which takes time if the database is away.
          tell(frame, said)
          if (said.undecided.length > 0) throw new NotDone()
        })
      },
    )
    .option('--void', 'declare unreadable events void, and drain the queue in a new epoch')
    .option('--begin', 'drain the queue in a new epoch')
    .option('--completed <job>', 'this job completed', collect)
    .option('--requeue <job>', 'this job goes back in line, and loses no attempt', collect)
    .option('--fail <job>', 'this job failed for good', collect)
    .addHelpText('after', alsoFails('a decision could not be carried out any more'))
}

/** Runs before this process joins the queue: its first beat would expire the leases of jobs in doubt. */
async function looked(frame: Frame, given: Access, options: Options) {
  const access = opened(given)
  if (options.begin === true) await epochIn(access, frame.by)
  const voided = options.void === true ? await voidAll(access, frame.by) : []
  const found = await orUnreadable(access, () => seenAt(access))
  if ('seen' in found) return { ...found, voided }
  tell(frame, found.unreadable)
  throw new FoundSomething()
}

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
  `no process can open the queue until ${unreadable.length === 1 ? 'this event is' : 'these events are'} void; stop everything that still appends to it, then run`,
  'npx interlock-queue recover --void',
  '(it drains the queue in a new epoch; then say how each active job ended, and run: npx interlock-queue resume)',
]

const nameOf = ({ seq, type, jobId }: VoidedEvent): string =>
  `event ${seq} (${type}${jobId === null ? '' : ` of job ${jobId}`})`

function readingOf({ jobId, becomes }: VoidedEvent): readonly string[] {
  const reading = '  it counts as nothing'
  return becomes === null ? [reading] : [reading, `  job ${jobId}: ${becomes}`]
}

const said = (data: unknown): string => JSON.stringify(data)

const words: Readonly<Record<RecoverDocument['decided'][number]['end'], string>> = {
  completed: 'completed',
  requeued: 'back in line',
  failed: 'failed for good',
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
      `${held}; no job is in doubt${isHeld ? ': npx interlock-queue resume' : ''}`,
      ...(restored
        ? ['Was a backup restored while no process ran? npx interlock-queue recover --begin']
        : []),
    ]
  const rows = left.map(({ jobId, models: names, startedAt }) => [
    ...[jobId, models(names), timeText(Date.parse(startedAt) * 1_000)],
  ])
  return [
    `${held}; ${plural(left.length, 'job')} in doubt: the log does not say how they ended:`,
    ...grid(frame, ['job', 'models', 'since'], rows, {
      heading: frame.colors.dim,
      give: { models: 12, job: 36 },
    }),
    'say how each ended: npx interlock-queue recover --completed <job>, --requeue <job> or --fail <job>',
  ]
}
