import {
  type DataChange,
  firedId,
  type Json,
  payloadKeyOf,
  type RecordedEvent,
  type StagedData,
} from '../../core/index.ts'
import { lengthOf } from '../../events/index.ts'
import type { AppendRole } from '../../store/index.ts'
import type { Call, Patience } from './patience.ts'

interface Carrier {
  readonly command: { readonly id: string }
  readonly data?: readonly DataChange[]
  readonly isStaged?: boolean
}

/**
 * The data to write with these events: of each command, the part that belongs to jobs that it put in line or ended. So a job that
 * was live already keeps its payload, and a refused command leaves nothing. Each job once: the payload of a job that stands for others is
 * that of the last one. `staged`: data that was sent ahead of the append, and is taken over after `data`.
 */
export function dataOf(
  batch: Iterable<Carrier>,
  events: readonly RecordedEvent[],
): { readonly data?: readonly DataChange[]; readonly staged?: readonly StagedData[] } {
  const carriers = [...batch].filter(({ data = [] }) => data.length > 0)
  if (carriers.length === 0) return {}
  const happened = happenedIn(events)
  const changes = new Map<string, DataChange>()
  let staged: StagedData[] = []
  for (const { command, data = [], isStaged } of carriers) {
    const owners = happened.get(command.id)
    for (const change of data) {
      const owner = owners?.get(change.jobId)
      if (owner === undefined) continue
      const isOwn = owner === change.jobId
      const own = isOwn ? change : { jobId: owner, payload: change.payload ?? null }
      // What was staged of it before has an older payload.
      if (!isOwn) staged = staged.filter(({ jobId, as = jobId }) => as !== owner)
      if (isStaged !== true) changes.set(owner, { ...changes.get(owner), ...own })
      else staged.push({ commandId: command.id, jobId: change.jobId, ...(isOwn ? {} : { as: owner }) })
    }
  }
  return {
    ...(changes.size === 0 ? {} : { data: [...changes.values()] }),
    ...(staged.length === 0 ? {} : { staged }),
  }
}

/** Of each command the jobs that it put in line or ended, the schedules that it changed, and those whose payload is now that of the job that stands for them, with that one. */
function happenedIn(events: readonly RecordedEvent[]): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const happened = new Map<string, Map<string, string>>()
  let double: RecordedEvent | undefined
  for (const event of events) {
    switch (event.type) {
      case 'queued':
        note(happened, event, event.jobId)
        // It was sent for the first of the ids of its due time.
        if (event.nth !== undefined) {
          const jobId = firedId(event.spec.schedule ?? '', event.due ?? 0)
          note(happened, { commandId: event.commandId, jobId }, event.jobId)
        }
        break
      case 'completed':
      case 'failed':
      case 'cancelled':
        note(happened, event, event.jobId)
        break
      case 'deduplicated':
        double = event
        break
      case 'debounced':
        // It follows the event of the job that it has the payload of.
        if (double?.type === 'deduplicated' && event.payloadHash !== undefined)
          note(happened, double, event.jobId)
        break
      case 'schedule_set':
      case 'schedule_removed':
        noteSchedule(happened, event)
    }
  }
  return happened
}

/** Its payload is kept under a name that no job has. */
function noteSchedule(
  happened: Map<string, Map<string, string>>,
  { commandId, schedule }: { readonly commandId: string; readonly schedule: string },
): void {
  const jobId = payloadKeyOf(schedule)
  note(happened, { commandId, jobId }, jobId)
}

function note(
  happened: Map<string, Map<string, string>>,
  { commandId, jobId }: { readonly commandId: string; readonly jobId: string },
  owner: string,
): void {
  const owners = happened.get(commandId)
  if (owners === undefined) happened.set(commandId, new Map([[jobId, owner]]))
  else owners.set(jobId, owner)
}

/**
 * If a command carries more than this, in characters of JSON, its data is sent ahead. An append holds the queue's lock, and its
 * times have to be right when it arrives: a slow uplink would break both.
 */
const LARGE = 32_768
/** A call with many jobs may carry more: the events and rows of each job take twice as much of its append anyway. */
const PER_JOB = 256
/** Whether so many characters of data of so many jobs go with their append. */
export const travelsAlong = (weight: number, jobs: number): boolean =>
  weight <= Math.max(LARGE, jobs * PER_JOB)
/** The most in one call, unless a single job has more: at 100 KB/s it arrives before the call times out. */
const MOST_IN_A_CALL = 262_144

/** A command, or a call of many jobs, and what is kept of its jobs. */
export interface Staged {
  readonly command: { readonly id: string }
  readonly data?: readonly DataChange[]
  readonly call?: Call
  /** How many characters of JSON of its data travel in the append itself. */
  weight?: number
  /** The store has its data already, under that id. */
  isStaged?: boolean
}

export interface StagingOptions {
  readonly store: Pick<AppendRole, 'stage'>
  readonly queue: string
  readonly patience: Patience
}

/**
 * Sends large payloads, results and errors ahead of the append that they belong to, under the id of their command. The append
 * takes them over inside the database. If the append never comes, they are deleted later.
 */
export class Staging {
  readonly #options: StagingOptions
  /** One call after the other: they share the link, and the API's few connections, with the user's front end. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: StagingOptions) {
    this.#options = options
  }

  /** Resolves once the append of this command is small. Undefined: it is. @throws what the store throws when the time is up */
  settle(pending: Staged): Promise<void> | undefined {
    const { data = [] } = pending
    const sizes = sizesOf(data)
    pending.weight = sum(sizes)
    return travelsAlong(pending.weight, data.length) ? undefined : this.#sendAhead(pending, sizes)
  }

  async #sendAhead(pending: Staged, sizes: readonly number[]): Promise<void> {
    await this.#inTurn(() => this.#send(pending, sizes))
    pending.weight = 0
    pending.isStaged = true
  }

  /** Sends again what the store no longer has. */
  async again(pendings: Iterable<Staged>): Promise<void> {
    for (const pending of pendings) await this.#inTurn(() => this.#send(pending, sizesOf(pending.data ?? [])))
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(work)
    this.#last = done.catch(() => {})
    return done
  }

  /** Ends early if nobody waits for the command any more. */
  async #send({ command, call, data = [] }: Staged, sizes: readonly number[]): Promise<void> {
    const { store, queue, patience } = this.#options
    for (const part of inCalls(data, sizes)) {
      if (!patience.isWaiting(call)) return
      await patience.retry('stage', call, () => store.stage(queue, command.id, part))
    }
  }
}

function inCalls(data: readonly DataChange[], sizes: readonly number[]): readonly (readonly DataChange[])[] {
  const calls: DataChange[][] = []
  let room = 0
  for (const [i, change] of data.entries()) {
    const size = sizes[i] ?? 0
    const call = calls.at(-1)
    if (call === undefined || size > room) {
      calls.push([change])
      room = MOST_IN_A_CALL - size
    } else {
      call.push(change)
      room -= size
    }
  }
  return calls
}

const sizesOf = (data: readonly DataChange[]): readonly number[] =>
  data.map((change) => lengthOf(change as unknown as Json))

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0)
