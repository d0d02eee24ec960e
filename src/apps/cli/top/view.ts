import {
  capacityOf,
  diagnosisOf,
  isMeter,
  isSite,
  jobOf,
  type Ledger,
  MICROS_PER_MS,
  type PlaceView,
  placeViews,
  type QueueFacts,
  queueStateOf,
  triesOf,
  triesText,
  unitsText,
  waitingCount,
} from '../../../engine/core/index.ts'
import type { Submitted, SubmittedBy } from '../../../engine/store/index.ts'
import { clip, count, duration, models } from '../../../tools/format/index.ts'
import type { Frame } from '../frame.ts'
import { placeOf } from '../show/state.ts'
import { grid } from '../terminal/grid.ts'
import { leverKeys } from './levers.ts'

/** What the screen shows. */
export interface TopView extends QueueFacts {
  readonly ledger: Ledger
  readonly submitted: Pick<Submitted, 'undecided' | 'refused'>
  /** Per minute, for the last minute. */
  readonly rates: { readonly started: number; readonly ended: number }
  /** The index of the chosen job in the line; null: no job can be chosen. */
  readonly chosen: number | null
  /** A question to the user, or the answer to the last lever. */
  readonly message: readonly string[]
}

/** Lines that are always shown: the head, the headings, and the foot. */
const FIXED = 12
const MOST_MODELS = 6

/**
 * One screen of the queue: what runs, the models, the line. @param height the lines of the terminal; what does not fit is counted
 */
export function topText(frame: Frame, view: TopView, height: number): readonly string[] {
  const room = Math.max(6, height - FIXED - view.message.length)
  const runs = Math.min(view.ledger.active.size, Math.ceil(room / 3))
  const places = placeViews(view.ledger)
  const models = factsOf(view.ledger, places)
  // A card that is not seen is looked for: all places, as far as there is room.
  const held = Math.min(models.length, Math.max(MOST_MODELS, places.length), Math.ceil(room / 4))
  return [
    headOf(frame, view),
    '',
    ...running(frame, view, runs),
    '',
    ...modelsOf(frame, models, held),
    '',
    ...lineOf(frame, view, Math.max(1, room - runs - held)),
    ...(view.message.length === 0 ? [] : ['', ...view.message]),
    ...(view.chosen === null ? [] : ['', footOf(frame)]),
  ]
}

function headOf(frame: Frame, { ledger, rates, submitted: { undecided, refused } }: TopView): string {
  const { bold, dim } = frame.colors
  const state = queueStateOf(ledger).replace('draining.', '')
  const facts = [
    `${count(ledger.active.size)} running`,
    `${count(waitingCount(ledger))} waiting`,
    ...some(undecided, 'undecided'),
    ...some(refused, 'refused'),
    `${count(rates.started)} started and ${count(rates.ended)} ended in the last minute`,
    `event ${count(ledger.version)}`,
  ]
  return `${bold(frame.queue)} ${state}  ${dim(facts.join(', '))}`
}

/** What is not in line; nothing, if there is nothing. */
const some = ({ commands, rows }: SubmittedBy, what: string): readonly string[] =>
  commands + rows === 0 ? [] : [`${count(commands + rows)} ${what}`]

const more = (frame: Frame, of: number, shown: number): readonly string[] =>
  of > shown ? [frame.colors.dim(`… and ${count(of - shown)} more`)] : []

function running(frame: Frame, view: TopView, room: number): readonly string[] {
  const { ledger, now } = view
  if (ledger.active.size === 0) return [frame.colors.dim('nothing runs')]
  const rows: string[][] = []
  for (const { jobId } of ledger.active) {
    if (rows.length >= room) break
    const job = jobOf(ledger, jobId)
    if (job === undefined) continue
    const took = duration((now - job.startedAt) / MICROS_PER_MS)
    rows.push([
      ...[jobId, models(job.spec.models), triesText(triesOf(job))],
      ...[placeOf(job.workerId, diagnosisOf(view, job).code, job.places), took],
    ])
  }
  const give = { models: 12, in: 12, running: 24 }
  const table = grid(frame, ['running', 'models', 'attempt', 'in', 'for'], rows, {
    heading: frame.colors.dim,
    right: [4],
    give,
  })
  return [...table, ...more(frame, ledger.active.size, rows.length)]
}

interface ModelFacts {
  readonly name: string
  readonly held: string
  readonly waiting: number
  readonly note: string
}

/** Models that jobs need, and all places, the longest line first. */
function factsOf(
  { policy, models: all, ...ledger }: Ledger,
  places: readonly PlaceView[],
): readonly ModelFacts[] {
  const paused = new Map([...ledger.pauses].map(({ model, reason }) => [model, `paused (${reason})`]))
  const models = [...all]
    .filter(({ model }) => !isMeter(model) && !isSite(model))
    .map(({ model: name, holders, line }) => ({
      name,
      held: `${holders.size} of ${capacityOf(policy, name)}`,
      waiting: line.size,
      note: paused.get(name) ?? '',
    }))
  const ofPlaces = places.map(({ place: name, state, held, waiting, left }) => {
    const note = state === 'unserved' ? 'no process serves it' : left && `${unitsText(left)} left`
    return {
      name,
      held: left === null ? `${held} of 1` : `${held}`,
      waiting,
      note: paused.get(name) ?? note ?? '',
    }
  })
  return [...models, ...ofPlaces].toSorted((a, b) => b.waiting - a.waiting || (a.name < b.name ? -1 : 1))
}

function modelsOf(frame: Frame, all: readonly ModelFacts[], room: number): readonly string[] {
  if (all.length === 0) return [frame.colors.dim('no job needs a model')]
  const rows = all.slice(0, room).map(({ name, held, waiting, note }) => [name, held, count(waiting), note])
  const table = grid(frame, ['model', 'held', 'in line', ''], rows, {
    heading: frame.colors.dim,
    right: [1, 2],
    give: { model: 16 },
  })
  return [...table, ...more(frame, all.length, rows.length)]
}

/** The chosen job stays visible. */
function lineOf(frame: Frame, view: TopView, room: number): readonly string[] {
  const { ledger, chosen } = view
  const { size } = ledger.line
  if (size === 0) return [frame.colors.dim('no job waits in line')]
  const first = Math.max(0, Math.min((chosen ?? 0) - Math.floor(room / 2), size - room))
  const rows: string[][] = []
  for (let at = first; at < Math.min(size, first + room); at++) {
    const job = jobOf(ledger, ledger.line.at(at)?.jobId ?? '')
    if (job === undefined) continue
    const { reason } = diagnosisOf(view, job)
    rows.push([at === chosen ? `> ${at + 1}` : String(at + 1), job.jobId, models(job.spec.models), reason])
  }
  const table = grid(frame, ['line', 'job', 'models', 'why'], rows, {
    heading: frame.colors.dim,
    right: [0],
    give: { models: 10, why: 16, job: 24 },
  })
  return [...table, ...more(frame, size, first + rows.length)]
}

function footOf(frame: Frame): string {
  const keys = [['↑ ↓', 'choose'] as const, ...leverKeys, ['q', 'quit'] as const]
  return frame.colors.dim(clip(keys.map(([key, does]) => `${key} ${does}`.trim()).join('   '), frame.columns))
}
