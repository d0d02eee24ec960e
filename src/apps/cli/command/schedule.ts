import { readFile } from 'node:fs/promises'
import { preview } from '../../../engine/calendar/index.ts'
import {
  type Declared,
  InterlockError,
  invalidInput,
  type Micros,
  manual,
  type ScheduleRule,
  scheduleOf,
} from '../../../engine/core/index.ts'
import type { ScheduleInput } from '../../../engine/events/index.ts'
import { plural, timeText } from '../../../tools/format/index.ts'
import { opened } from '../../../tools/history/access.ts'
import { lookAt } from '../../../tools/operate/look.ts'
import { type ScheduleDocument, schedules } from '../../../tools/operate/schedules.ts'
import type { Cli } from '../cli.ts'
import type { Frame } from '../frame.ts'
import { withAccess, withCoordinator } from '../store.ts'
import { table } from '../terminal/table.ts'

interface SetFlags {
  readonly file?: string
  readonly owner?: string
  readonly revision?: string
}

const fileHelp = `
Such a file, for a job each night at 3 in Berlin:
  [
    {
      "id": "nightly", "cron": "0 3 * * *", "tz": "Europe/Berlin",
      "job": { "kind": "report", "models": ["flux-dev"], "payload": { "n": 1 } }
    }
  ]
All fields: ${manual.schedules}
Then see its next runs: npx interlock-queue schedule preview nightly --count 3
`

export function addSchedule(cli: Cli): void {
  const parent = cli.command(
    'schedule',
    [
      ['schedule', 'all of them, the next due one first'],
      ['schedule set --file schedules.json --owner billing', 'declares all schedules of that owner'],
      ['schedule preview nightly', 'its next ten due times'],
    ],
    list,
  )
  cli.under(parent, 'list', 'all of them, the next due one first; reads only', [], list)
  cli
    .under<SetFlags>(
      parent,
      'set',
      'declare all schedules of an owner; those that it had and that the file does not name are removed',
      [
        [
          'schedule set --file schedules.json --owner billing --revision 42',
          'changes nothing if a newer revision was declared before',
        ],
      ],
      set,
    )
    .option('--file <file>', 'a JSON list of schedules: id, cron or every, tz, missed, overlap, job')
    .option('--owner <name>', 'whose they are: the service that declares them')
    .option('--revision <number>', 'which release declares them')
    .addHelpText('after', fileHelp)
  cli
    .under<{ readonly count: string }>(
      parent,
      'preview <schedule>',
      'the next due times of one; reads only',
      [['schedule preview nightly --count 3', 'the next three']],
      show,
    )
    .option('--count <number>', 'how many, 1,000 at most', '10')
  change(cli, parent, 'pause', 'fire nothing until it is resumed', 'is paused')
  change(cli, parent, 'resume', 'fire again, from the next due time on', 'fires again')
  change(cli, parent, 'remove', 'remove one; its jobs stay', 'is removed')
}

async function list(frame: Frame): Promise<void> {
  const document = await withAccess(frame, schedules)
  const rows = document.schedules.map((one) => [
    one.id,
    one.owner,
    timingText(one),
    one.paused ? 'paused' : (one.next ?? 'never again'),
    one.last ?? '',
    one.live.length,
  ])
  const head = ['schedule', 'owner', 'due', 'next', 'last', 'live jobs']
  const heading = frame.colors.dim
  frame.emit(document, rows.length === 0 ? ['no schedules'] : table(head, rows, { right: [5], heading }))
}

const timingText = ({ cron, tz, everyMs }: Pick<ScheduleDocument, 'cron' | 'tz' | 'everyMs'>): string =>
  cron === null ? `every ${(everyMs ?? 0) / 1_000} s` : `${cron} ${tz}`

async function set(frame: Frame, _: unknown, { file, owner, revision }: SetFlags): Promise<void> {
  if (file === undefined || owner === undefined)
    throw invalidInput('say what and whose; give --file schedules.json and --owner billing')
  const given = await schedulesIn(file)
  const options = revision === undefined ? {} : { revision: wholeOf('--revision', revision) }
  const declared = await withCoordinator(frame, (coordinator) => coordinator.schedules(owner, given, options))
  frame.emit(declared, declaredText(owner, declared))
}

function declaredText(owner: string, { set, removed, kept, isOutdated }: Declared): string {
  if (isOutdated) return `nothing changed: a newer revision of ${owner} was declared before`
  return `${owner}: ${plural(set.length, 'schedule')} set, ${removed.length} removed, ${kept.length} as before`
}

/** What is in it, is checked where it is declared. */
async function schedulesIn(file: string): Promise<readonly ScheduleInput[]> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as readonly ScheduleInput[]
  } catch (error) {
    const why = error instanceof SyntaxError ? 'is no JSON' : 'cannot be read'
    throw invalidInput(`${file}: ${why}; give a JSON list of schedules`, file)
  }
}

function wholeOf(flag: string, text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw invalidInput(`${flag} ${text}: must be a whole number; give one from 0`)
}

async function show(
  frame: Frame,
  [id = '']: readonly (string | undefined)[],
  { count }: { readonly count: string },
): Promise<void> {
  const most = Math.min(1_000, Math.max(1, wholeOf('--count', count)))
  const { rule, next } = await withAccess(frame, async (access) => {
    const known = scheduleOf((await lookAt(opened(access))).ledger, id)
    if (known !== undefined) return known
    throw new InterlockError(
      'schedule_unknown',
      `there is no schedule ${id}; list them: npx interlock-queue schedule list`,
    )
  })
  const times = preview(rule, next, most)
  frame.emit(
    { schedule: id, times: times.map((at) => new Date(at / 1_000).toISOString()) },
    times.length === 0 ? ['it is never due again'] : times.map((at) => dueText(rule, at)),
  )
}

/** By the clock of its zone too. */
function dueText({ cron, tz }: ScheduleRule, at: Micros): string {
  if (cron === undefined || tz === 'UTC') return timeText(at)
  const local = new Date(at / 1_000).toLocaleString('sv-SE', { timeZone: tz })
  return `${timeText(at)}  ${local} ${tz}`
}

const verbs = { pause: 'pauseSchedule', resume: 'resumeSchedule', remove: 'removeSchedule' } as const

function change(
  cli: Cli,
  parent: Parameters<Cli['under']>[0],
  verb: keyof typeof verbs,
  summary: string,
  done: string,
): void {
  cli.under(parent, `${verb} <schedule>`, summary, [], async (frame, [id = '']) => {
    await withCoordinator(frame, (coordinator) => coordinator[verbs[verb]](id))
    frame.emit({ schedule: id, done: verb }, `schedule ${id} ${done}`)
  })
}
