import { MICROS_PER_MS, type Micros } from '../../../engine/core/index.ts'
import type { SubmittedBy, WorkerRow } from '../../../engine/store/index.ts'
import { duration, plural } from '../../../tools/format/index.ts'
import { type QueueStatus, standingOf, statusDocument, workingIn } from '../../../tools/operate/status.ts'
import type { Working } from '../../../tools/operate/workers.ts'
import type { Cli } from '../cli.ts'
import type { Frame } from '../frame.ts'
import { stateText } from '../show/state.ts'
import { emptyFolder, nothingYet, withAccess } from '../store.ts'
import { grid } from '../terminal/grid.ts'

export function addStatus(cli: Cli): void {
  cli.command(
    'status',
    [
      ['status', 'works also while `interlock run` runs in another terminal'],
      ['status --json', 'the same, for programs'],
      [
        'status --json --url postgres://localhost/app',
        'exit code 1, and `error.code` not_migrated, database_older or database_newer, if the database is not migrated to this release; store_unavailable if it does not answer; 0 if it is, also before its first job',
      ],
    ],
    async (frame) => {
      const folder = emptyFolder(frame.target())
      if (folder !== null) return frame.emit(statusDocument(nothing(frame, folder)), nothingYet)
      const standing = await withAccess(frame, standingOf)
      frame.emit(statusDocument(standing), textOf(frame, standing))
    },
  )
}

/** For a database that does not exist yet. */
const nothing = ({ queue }: Frame, folder: string): QueueStatus => ({
  queue,
  store: `pglite:${folder}`,
  now: 0,
  rows: null,
  workers: [],
  ending: new Set(),
  paused: [],
  ledger: null,
  submitted: {
    undecided: { commands: 0, rows: 0, oldestAt: null },
    refused: { commands: 0, rows: 0 },
    jobs: [],
  },
  wrong: [],
})

function textOf(frame: Frame, standing: QueueStatus): readonly string[] {
  const { rows, paused, now, store } = standing
  const working = workingIn(standing)
  const title = [['queue', `${frame.colors.bold(frame.queue)} in ${store}`]] as const
  const more = [
    ['workers', countText(working)] as const,
    ...submittedFacts(standing),
    ...wrongFacts(standing),
  ]
  const state = stateText(frame, rows, standing, { paused, title, more })
  return working.length === 0 ? state : [...state, '', ...workersTable(frame, working, now)]
}

/** What is not in line, as facts: nothing, if there is nothing. */
function submittedFacts({ submitted, now }: QueueStatus): readonly (readonly [string, string])[] {
  const { undecided, refused } = submitted
  const oldest =
    undecided.oldestAt === null ? '' : ` for ${duration((now - undecided.oldestAt) / MICROS_PER_MS)}`
  const facts = [
    ['undecided', submittedByText(undecided), oldest],
    ['refused', submittedByText(refused), ', and not in line; see: npx interlock-queue queue'],
  ] as const
  return facts.flatMap(([name, what, more]) => (what === '' ? [] : [[name, `${what}${more}`] as const]))
}

const WRONG = 5

/** What is wrong, the problems first. What is told of above is not told again. */
function wrongFacts({ wrong }: QueueStatus): readonly (readonly [string, string])[] {
  const all = (wrong ?? []).filter(({ id }) => !shownAbove.has(id))
  const more = all.length > WRONG ? `${all.length - WRONG} more, and ` : ''
  const facts = all.slice(0, WRONG).map(({ level, what }) => [level, what] as const)
  return facts.length === 0
    ? []
    : [...facts, ['to do', `${more}what to do about each: npx interlock-queue doctor`]]
}

const shownAbove: ReadonlySet<string> = new Set(['paused', 'nobody', 'refused'])

/** `2 submissions, 1 row of jobs`; empty: none. */
export const submittedByText = ({ commands, rows }: SubmittedBy): string =>
  [
    ...(commands === 0 ? [] : [plural(commands, 'submission')]),
    ...(rows === 0 ? [] : [`${plural(rows, 'row')} of jobs`]),
  ].join(', ')

const SHOWN = 20
const NAMED = 3

/** How many work, as a line of facts. */
export function countText(working: readonly Working[]): string {
  const many = (wanted: WorkerRow['state']) => working.filter(({ state }) => state === wanted).length
  const rest = (['late', 'dead'] as const).filter((state) => many(state) > 0)
  return [`${many('live')} live`, ...rest.map((state) => `${many(state)} ${state}`)].join(', ')
}

function workersTable(frame: Frame, working: readonly Working[], now: Micros): readonly string[] {
  const isServing = working.some(({ serves }) => serves !== null)
  const isKeeping = working.some(({ keeps }) => keeps !== null)
  const rows = working
    .slice(0, SHOWN)
    .map(({ workerId, state, kinds, freeSlots, startedAt, running, serves, keeps }) => [
      ...[workerId, state, kindsText(kinds), running.length, state === 'live' ? freeSlots : '—'],
      ...[duration((now - startedAt) / MICROS_PER_MS), someOf(running)],
      ...(isServing ? [serves === null ? 'every place' : someOf(serves) || 'no place'] : []),
      ...(isKeeping ? [keeps ?? ''] : []),
    ])
  const said = [...(isServing ? ['serves'] : []), ...(isKeeping ? ['keeps'] : [])]
  const head = ['process', 'state', 'kinds', 'runs', 'free', 'for', 'jobs', ...said]
  const more = working.length > SHOWN ? [`… and ${working.length - SHOWN} more: --json`] : []
  const give = { jobs: 12, kinds: 10, process: 20, ...(isServing ? { serves: 12 } : {}) }
  return [
    ...grid(frame, head, rows, {
      heading: frame.colors.dim,
      right: [3, 4, 5, ...(isKeeping ? [head.length - 1] : [])],
      give,
    }),
    ...more,
  ]
}

/** A process without kinds claims nothing: it holds jobs that it asked for at the gate, or puts jobs in line. */
function kindsText(kinds: readonly string[] | null): string {
  if (kinds === null) return 'every kind'
  return kinds.join(', ') || 'none'
}

const someOf = (running: readonly string[]): string =>
  running.length > NAMED
    ? `${running.slice(0, NAMED).join(', ')} and ${running.length - NAMED} more`
    : running.join(', ')
