import {
  allPlaces,
  type CommandBody,
  decide,
  type Ledger,
  type Micros,
  pauseOf,
  type RecordedEvent,
} from '../../../engine/core/index.ts'
import { eventDetail } from '../../../tools/format/event-text.ts'

/** The lever that a key stands for, before the user has confirmed it. */
export interface ChosenLever {
  readonly title: string
  readonly body: CommandBody
  /** The place that it is about, if its key chooses one. */
  readonly place?: string
}

/** What a key acts on. */
export interface Chosen {
  readonly ledger: Ledger
  /** The chosen job of the line; null: no job waits. */
  readonly jobId: string | null
  readonly index: number
  /** The lever that is not confirmed yet. */
  readonly asked: ChosenLever | null
}

/** The keys of the levers, as the last line of the screen shows them. */
export const leverKeys = [
  ['u', 'up'],
  ['d', 'down'],
  ['+', 'priority'],
  ['-', ''],
  ['c', 'cancel'],
  ['p', 'pause its model'],
  ['P', 'a place'],
  ['D', 'drain, resume'],
] as const

/** The lever of a key. Null if the key has none, or there is nothing for it to act on. */
export function chosenLeverOf(key: string, { ledger, jobId, index, asked }: Chosen): ChosenLever | null {
  if (key === 'P') return nextPlace(ledger, asked?.place)
  if (key === 'D') return drainOrResume(ledger)
  const at = ledger.line.at(index)
  const job = at === undefined || jobId === null ? undefined : ledger.jobs.get(at)
  if (job === undefined || jobId === null) return null
  switch (key) {
    case 'u':
      return before(jobId, ledger.line.at(index - 1)?.jobId)
    case 'd':
      return before(ledger.line.at(index + 1)?.jobId, jobId)
    case '+':
    case '-': {
      const priority = job.priority + (key === '+' ? 1 : -1)
      return { title: `priority ${priority} for ${jobId}`, body: { type: 'reprioritize', jobId, priority } }
    }
    case 'c':
      return { title: `cancel ${jobId}`, body: { type: 'cancel', jobId, force: false } }
    case 'p': {
      const [model] = job.spec.models
      return model === undefined ? null : pauseOrResume(ledger, model)
    }
    default:
      return null
  }
}

const before = (jobId: string | undefined, other: string | undefined): ChosenLever | null =>
  jobId === undefined || other === undefined
    ? null
    : { title: `move ${jobId} before ${other}`, body: { type: 'reprioritize', jobId, before: other } }

function drainOrResume({ draining }: Ledger): ChosenLever {
  return draining
    ? { title: 'resume the queue', body: { type: 'resume' } }
    : { title: 'drain the queue', body: { type: 'drain' } }
}

/** Pressed again, the key goes on to the place after the one that was asked about; the first one comes after the last. */
function nextPlace(ledger: Ledger, before: string | undefined): ChosenLever | null {
  const places = [...allPlaces(ledger.policy)]
  const place = places[before === undefined ? 0 : (places.indexOf(before) + 1) % places.length]
  return place === undefined ? null : { ...pauseOrResume(ledger, place), place }
}

function pauseOrResume(ledger: Ledger, model: string): ChosenLever {
  return pauseOf(ledger, model) !== undefined
    ? { title: `resume ${model}`, body: { type: 'resume_model', model } }
    : { title: `pause ${model}`, body: { type: 'pause_model', model, reason: 'by_hand', until: null } }
}

/** What the log would say, a line for each event, or why it is refused. */
export function previewOf(ledger: Ledger, { body }: ChosenLever, now: Micros): readonly string[] {
  const command = { id: 'top:preview', hash: 0, workerId: 'top:preview', body }
  const { results, events } = decide(ledger, [command], { now, deadWorkers: new Set() })
  const [result] = results
  if (result?.ok === false) return [`refused (${result.code}): ${result.message}`]
  return events.length === 0 ? ['nothing would change'] : events.map(eventText)
}

const eventText = (event: RecordedEvent): string =>
  `${event.type} ${'jobId' in event ? event.jobId : ''} ${eventDetail(event)}`.trimEnd()
