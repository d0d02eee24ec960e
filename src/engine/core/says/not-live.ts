import type { Ending } from '../fold/law/state.ts'
import { outcomeOf } from '../values/ending.ts'
import type { ErrorCode } from '../values/error-codes.ts'
import type { RecordedEvent } from '../values/event.ts'
import { MICROS_PER_MS, type Micros } from '../values/job.ts'
import { forShell, operand } from '../values/safe-text.ts'
import type { JobCode } from './diagnosis.ts'
import type { JobRecord, QueueFacts, SubmittedCommand } from './facts.ts'
import { decides, heldText } from './to-do.ts'

/** A job that the ledger does not have: it is not in line yet, or not any more. */
export interface NotLive {
  readonly state: 'submitted' | 'refused' | 'ended' | 'archived' | 'unknown'
  readonly code: JobCode | null
  readonly reason: string
  readonly whatHasToHappen: string
  /** Since when that is so; null: nobody knows. */
  readonly since: Micros | null
  /** The command that is told of here. */
  readonly command?: SubmittedCommand
  /** The job that stands for it, since it has its key; absent: none does. */
  readonly standsFor?: string
}

type Workers = Pick<QueueFacts, 'workers'>

/** What is with a job that the ledger does not have; undefined: nobody has ever heard of it. The newest fact counts. */
export function notLive(facts: Workers, jobId: string, record: JobRecord): NotLive | undefined {
  const past = [refusedOf(record), notTakenInOf(jobId, record), endedOf(jobId, record), cancelledOf(record)]
    .filter((each) => each !== undefined)
    .sort((a, b) => (b.since ?? 0) - (a.since ?? 0))
  return undecidedOf(facts, record) ?? arrivedOf(record) ?? past[0] ?? strangeOf(jobId, record)
}

/** Commands that put a job in line. */
const submits: ReadonlySet<string> = new Set(['enqueue', 'start'])

function undecidedOf(facts: Workers, { commands }: JobRecord): NotLive | undefined {
  const command = commands.find(({ type, refusal }) => submits.has(type) && refusal === null)
  if (command === undefined) return undefined
  if (command.held !== null) return heldBack(command, command.held)
  return {
    state: 'submitted',
    code: 'undecided',
    since: command.at,
    command,
    reason: `it was submitted (request ${command.requestId}), and nobody has decided it yet`,
    whatHasToHappen: decides(facts),
  }
}

/** It was committed, so it is not refused any more: it waits until it may come into line. */
function heldBack(command: SubmittedCommand, { code, message }: Held): NotLive {
  return {
    state: 'submitted',
    code: code as ErrorCode,
    since: command.at,
    command,
    reason: `it was submitted (request ${command.requestId}), and comes into line later: ${message}`,
    whatHasToHappen: heldText(code),
  }
}

type Held = NonNullable<SubmittedCommand['held']>

function arrivedOf({ arrivedAt }: JobRecord): NotLive | undefined {
  if (arrivedAt === null) return undefined
  return {
    state: 'submitted',
    code: 'arrived',
    since: arrivedAt,
    reason: 'its row of jobs has arrived, and no worker has taken it in yet',
    whatHasToHappen:
      'a worker with intake takes it in: `npx interlock-queue work --handler <file> --intake`, or createJobWorker({ intake: true })',
  }
}

function refusedOf({ commands }: JobRecord): NotLive | undefined {
  const command = commands.find(({ refusal }) => refusal !== null)
  if (command === undefined || command.refusal === null) return undefined
  const { code, message, at } = command.refusal
  return {
    state: 'refused',
    code: code as ErrorCode,
    since: at,
    command,
    reason: `what was submitted (request ${command.requestId}) was refused: ${message}`,
    whatHasToHappen: 'correct it, and submit it again under another request id',
  }
}

function notTakenInOf(jobId: string, { notTakenIn }: JobRecord): NotLive | undefined {
  if (notTakenIn === null) return undefined
  return {
    state: 'refused',
    code: 'not_taken_in',
    since: notTakenIn.at,
    reason: `its row of jobs was not taken in: ${notTakenIn.reason}`,
    whatHasToHappen: `correct the row, then: \`npx interlock-queue adopt --job ${forShell(jobId)} --yes\``,
  }
}

/** The log never hears of it. */
function cancelledOf({ cancelledAt = null }: JobRecord): NotLive | undefined {
  if (cancelledAt === null) return undefined
  return {
    state: 'ended',
    code: 'cancelled',
    since: cancelledAt,
    reason: 'it was cancelled before it came into line',
    whatHasToHappen: 'nothing',
  }
}

/** How its last life ended, by the last event that ends one. */
function endedOf(jobId: string, { events, isArchived }: JobRecord): NotLive | undefined {
  const last = events.findLast((event) => endingOf(event) !== null)
  const code = last === undefined ? null : endingOf(last)
  if (last === undefined || code === null) return undefined
  const isDead = code === 'failed' || code === 'expired'
  const state = isArchived === true ? 'archived' : 'ended'
  if (last.type === 'deduplicated') return doubleOf(last, state)
  return {
    state,
    code,
    since: last.at,
    reason: endingText(code, last),
    whatHasToHappen: isDead ? retryText(jobId, last) : 'nothing',
  }
}

/** One that failed with another fails again while that is dead. */
function retryText(jobId: string, end: RecordedEvent): string {
  const cause = end.type === 'failed' ? end.cause : undefined
  return cause === undefined
    ? `nothing; to try it again: \`npx interlock-queue retry ${operand(jobId)}\``
    : `nothing; to try both again: \`npx interlock-queue retry ${operand(cause)} --descendants\``
}

/** It never came into the queue. */
const doubleOf = (
  { at, standsFor }: RecordedEvent & { readonly type: 'deduplicated' },
  state: NotLive['state'],
): NotLive => ({
  state,
  code: 'deduplicated',
  since: at,
  standsFor,
  reason: `job ${standsFor} stands for it, which had its key, since ${new Date(at / MICROS_PER_MS).toISOString()}`,
  whatHasToHappen: `nothing; what is with that one: \`npx interlock-queue explain ${operand(standsFor)}\``,
})

/** The events of a job's last life: one that is queued again begins a new one. */
export function lastLife(events: readonly RecordedEvent[]): readonly RecordedEvent[] {
  return events.slice(
    Math.max(
      0,
      events.findLastIndex(({ type }) => type === 'queued'),
    ),
  )
}

const endingOf = (event: RecordedEvent): Ending | null =>
  event.type === 'bypassed' || event.type === 'deduplicated' ? event.type : outcomeOf(event)

/** `it failed for good (handler_error), at 2026-11-24T15:00:00.000Z`. */
export const endingText = (code: Ending, end: RecordedEvent): string =>
  `${endingTexts[code]}${causeOf(end)}, at ${new Date(end.at / MICROS_PER_MS).toISOString()}`

const endingTexts: Readonly<Record<Ending, string>> = {
  completed: 'it was completed',
  failed: 'it failed for good',
  cancelled: 'it was cancelled',
  expired: 'it waited longer than it may',
  bypassed: 'it ran outside the line',
  deduplicated: 'another job stands for it',
}

function causeOf(event: RecordedEvent): string {
  if (event.type === 'failed' && event.cause !== undefined)
    return `: a job that it comes after did not complete (${event.cause})`
  if (event.type === 'failed') return ` (${event.code})`
  return event.type === 'lease_expired' ? ' (lease_expired)' : ''
}

/** No log knows it: an old row of `jobs`, what is archived, or one of more commands than anybody looks at. */
function strangeOf(jobId: string, record: JobRecord): NotLive | undefined {
  const { row, archivedSeq, isKept, events, isCut } = record
  if (events.length > 0) return undefined
  if (row !== null)
    return {
      state: 'unknown',
      code: 'adoptable',
      since: null,
      reason: `the log has never heard of it; there is a row of jobs with this id, ${row}, that no process takes in by itself`,
      whatHasToHappen: `take it in: \`npx interlock-queue adopt --job ${forShell(jobId)}\``,
    }
  if (archivedSeq === 0) return isCut ? overlooked : undefined
  return {
    state: 'archived',
    code: null,
    since: null,
    reason: `the log has no event of it after event ${archivedSeq}, and earlier ones are archived: it ended before that, or never was`,
    whatHasToHappen: isKept
      ? `nothing; how it ended: \`npx interlock-queue explain ${operand(jobId)}\` reads the archive`
      : 'nothing; how it ended is in the file that its events were archived to: `npx interlock-queue log --from-archive <file>`',
  }
}

const overlooked: NotLive = {
  state: 'unknown',
  code: null,
  since: null,
  reason:
    'the log has never heard of it; there are more commands by SQL than the newest 10,000, which are looked at, and one of the others may name it',
  whatHasToHappen: 'ask again once fewer of them are undecided',
}
