import type { Command } from 'commander'
import { listDead } from '../../engine/coordinator/dead-letters.ts'
import type { Coordinator } from '../../engine/coordinator/index.ts'
import { type ErrorCode, invalidInput, isInterlockError, MICROS_PER_MS } from '../../engine/core/index.ts'
import type { LogStore } from '../../engine/store/index.ts'
import { count, plural } from '../../tools/format/index.ts'
import { opened } from '../../tools/history/access.ts'
import { type FoundJob, type FoundState, findJobs } from '../../tools/operate/jobs.ts'
import { NotDone } from './failure.ts'
import type { Frame } from './frame.ts'
import { addFilterFlags, type FilterFlags, filterIn, typedFilter } from './job-filter.ts'
import { previewText } from './show/jobs.ts'
import { withCoordinator } from './store.ts'
import { isConfirmed } from './terminal/ask.ts'

/** Jobs in one step: their commands go into few appends, and what has changed meanwhile is noticed before the next. */
const PART = 100
const SHOWN = 10

export interface ManyFlags extends FilterFlags {
  readonly yes?: boolean
}

/** What is done to many jobs. */
export interface Deed {
  /** As it is typed: `cancel`. */
  readonly verb: string
  /** What was done, for people: `cancelled, or asked to stop`. */
  readonly done: string
  /** Of which jobs. */
  readonly states: readonly FoundState[]
  /** One after the other, from the last to the first, since each goes before the one that was moved before it. */
  readonly isFromLast?: boolean
  /** Changes one job. Returns false if it is gone. */
  readonly act: (coordinator: Coordinator, jobId: string, store: LogStore) => Promise<unknown>
}

export const addManyFlags = (command: Command, states: readonly FoundState[]): Command =>
  addFilterFlags(command, states).option('--yes', 'with a filter: do not ask first')

/**
 * Shows the jobs that the flags name, asks, and does it in parts. A job that has changed since it was shown is left out and named.
 * @throws InterlockError `invalid_input` where nobody can be asked and `--yes` is missing
 */
export async function doToMany(frame: Frame, flags: ManyFlags, deed: Deed): Promise<void> {
  checkMayAsk(frame, flags, deed)
  filterIn(flags, 0, deed.states)
  await withCoordinator(frame, async (coordinator, store) => {
    const filter = filterIn(flags, coordinator.now(), deed.states)
    const { look, found } = await findJobs(opened(frame.access(store)), filter)
    if (found.length === 0) return emitDone(frame, deed, nothingDone(0))
    frame.note([
      ...previewText(frame, found.slice(0, SHOWN), look.now),
      ...(found.length > SHOWN ? [`… and ${count(found.length - SHOWN)} more`] : []),
    ])
    const isMeant = flags.yes === true || (await isConfirmed(frame, questionOf(deed, found.length)))
    const queue = { coordinator, store }
    emitDone(frame, deed, isMeant ? await inParts(queue, found, deed) : nothingDone(found.length))
  })
}

const questionOf = ({ verb }: Deed, many: number): string => `${verb} ${plural(many, 'job')}?`

function checkMayAsk({ surface }: Frame, flags: ManyFlags, { verb }: Deed): void {
  if (flags.yes === true || surface.keys !== undefined) return
  const typed = typedFilter(flags)
  throw invalidInput(
    `${verb} of several jobs asks first, and there is no terminal to answer on; add --yes, or see the jobs first: interlock jobs${typed}`,
  )
}

/** The document: how many the filter named, which were changed, which had changed since they were shown, and which were refused. */
interface Done {
  readonly matched: number
  readonly done: readonly string[]
  readonly changed: readonly string[]
  readonly failed: readonly RefusedJob[]
}

interface RefusedJob {
  readonly jobId: string
  readonly code: string
  readonly message: string
}

const nothingDone = (matched: number): Done => ({ matched, done: [], changed: [], failed: [] })

/** @throws NotDone if a job was refused: it is printed by then */
function emitDone(frame: Frame, deed: Deed, result: Done): void {
  const { matched, done, changed, failed } = result
  const left = `${plural(changed.length, 'job')} skipped, since they changed meanwhile: ${changed.join(', ')}`
  frame.emit(result, [
    matched === 0 ? 'no such job' : `${plural(done.length, 'job')} ${deed.done}`,
    ...(changed.length === 0 ? [] : [left]),
    ...failed.map(({ jobId, code, message }) => `job ${jobId}: ${message} (${code})`),
  ])
  if (failed.length > 0) throw new NotDone()
}

interface Queue {
  readonly coordinator: Coordinator
  readonly store: LogStore
}

async function inParts(queue: Queue, found: readonly FoundJob[], deed: Deed): Promise<Done> {
  const ends = new Map<string, true | RefusedJob>()
  const inTurn = deed.isFromLast === true ? found.toReversed() : found
  for (let from = 0; from < inTurn.length; from += PART) {
    const part = inTurn.slice(from, from + PART)
    const marks = await marksOf(queue, part)
    const same = part.filter((job) => marks.get(idOf(job)) === markOf(job)).map(idOf)
    const acted =
      deed.isFromLast === true ? await oneByOne(queue, same, deed) : await atOnce(queue, same, deed)
    for (const [at, end] of acted.entries()) if (end !== false) ends.set(same[at] ?? '', end)
  }
  const ids = found.map(idOf)
  return {
    matched: found.length,
    done: ids.filter((jobId) => ends.get(jobId) === true),
    changed: ids.filter((jobId) => !ends.has(jobId)),
    failed: [...ends.values()].filter((end) => end !== true),
  }
}

const atOnce = (queue: Queue, jobIds: readonly string[], deed: Deed) =>
  Promise.all(jobIds.map((jobId) => actOn(queue, jobId, deed)))

async function oneByOne(queue: Queue, jobIds: readonly string[], deed: Deed) {
  const ends: Awaited<ReturnType<typeof actOn>>[] = []
  for (const jobId of jobIds) ends.push(await actOn(queue, jobId, deed))
  return ends
}

/** What one job can be refused for, while others are not. */
const refusals: readonly ErrorCode[] = ['invalid_input', 'fair_share_limit', 'job_exists']

/** True: it is done; false: the job has gone meanwhile. */
async function actOn(
  { coordinator, store }: Queue,
  jobId: string,
  { act }: Deed,
): Promise<boolean | RefusedJob> {
  try {
    return (await act(coordinator, jobId, store)) !== false
  } catch (error) {
    if (isInterlockError(error, 'job_not_live')) return false
    const code = refusals.find((each) => isInterlockError(error, each))
    if (code === undefined) throw error
    return { jobId, code, message: (error as Error).message }
  }
}

const idOf = ({ spec }: FoundJob): string => spec.jobId

/** Another one means that the job has started, ended, or come back meanwhile. */
function markOf({ row, letter }: FoundJob): string {
  if (row === undefined) return `dead ${letter?.seq}`
  return row.state === 'active'
    ? `active ${row.fencing_token}`
    : `waiting ${Math.floor(row.queued_at / MICROS_PER_MS)} ${row.attempt} ${row.postponed}`
}

/** The marks of these jobs at present. */
async function marksOf(
  { coordinator, store }: Queue,
  part: readonly FoundJob[],
): Promise<Map<string, string>> {
  const marks = new Map<string, string>()
  const queue = coordinator.state().queue
  const dead = part.filter(({ letter }) => letter !== undefined).map(idOf)
  if (dead.length > 0)
    for (const { jobId, seq } of await listDead({ store, queue }, { jobIds: dead, limit: PART }))
      marks.set(jobId, `dead ${seq}`)
  if (dead.length === part.length) return marks
  // Catches up with the log.
  await coordinator.explain(idOf(part[0] as FoundJob))
  const state = coordinator.state()
  for (const { jobId, fencingToken } of state.active()) marks.set(jobId, `active ${fencingToken}`)
  for (const { jobId, queuedAt, attempt, postponed } of state.waiting())
    marks.set(jobId, `waiting ${queuedAt.getTime()} ${attempt} ${postponed}`)
  return marks
}
