import { isDeepStrictEqual } from 'node:util'
import {
  checkKnown,
  InterlockError,
  invalidInput,
  type JobOutcome,
  type JobRow,
  lastLife,
  type Micros,
  type Operator,
  outcomeOf,
} from '../../core/index.ts'
import { encodeEvent, havingSchema, parseInput } from '../../events/index.ts'
import type {
  AppendAnswer,
  AppendRequest,
  KeptOfJob,
  LogPage,
  LogStore,
  ProjectionFilter,
  RebuildRows,
  TurnView,
} from '../index.ts'
import { appendTo, atOf, eventsAfter, read } from './append.ts'
import { backlogIn } from './backlog.ts'
import { submitCall, submittedCall } from './calls.ts'
import { combiningIn, publishedIn, tellIn } from './combining.ts'
import { cut, dataOf, noteIn, payloadsAfter, resultsOf, stageIn, watchIn } from './data.ts'
import {
  type MemoryDatabase,
  type MemoryNotification,
  type MemoryQueue,
  memoryDatabase,
  queueIn,
} from './database.ts'
import { deadIn, dropIn } from './dead.ts'
import {
  answerRequests,
  cancelSubmitted,
  cancelSubmittedAfter,
  commandsOf,
  forgetSubmitted,
  listedSubmissions,
  openRequests,
  openSubmissions,
  settleSubmissions,
  submittedIn,
} from './inbox.ts'
import { beatIn, clockOf, workerRows } from './leases.ts'
import { snapshotCalls } from './snapshots.ts'

/** Of this process: each has an address of its own. */
let stores = 0

const databaseSchema = havingSchema('a database that memoryDatabase() made', ['now'])

/**
 * The reference store: everything is in this process, and nothing is kept after it. It answers exactly as the SQL stores do: one
 * contract (`storeContract`) tests them all.
 * @param database share one between stores that act like several processes; pass your own clock to control time
 */
export function memoryStore(database: MemoryDatabase = memoryDatabase()): LogStore {
  parseInput(databaseSchema, database, 'database')
  const stops = new Set<() => void>()
  const address = `store-${++stores}`
  let closed = false
  const queueOf = (name: string): MemoryQueue => {
    if (closed) throw new InterlockError('closed', 'the store is closed; make a new one')
    return queueIn(database, name)
  }
  const append = (request: AppendRequest): AppendAnswer => {
    const queue = queueOf(request.queue)
    const { answered } = request
    const appended = appendTo(queue, request, clockOf(database))
    const isCombined = answered !== undefined || (appended.ok && queue.combiner.name !== null)
    const combines = answered !== undefined && queue.combiner.name === answered.combiner
    const answer = isCombined ? { ...appended, combines } : appended
    if (!answer.ok) return answer
    const concern = answered?.concern ?? 'all'
    for (const wake of queue.listeners) queueMicrotask(() => wake({ concern }))
    if (answered === undefined) return answer
    tellIn(queue, answered)
    return { ...answer, published: publishedIn(queue, database.now()) }
  }
  return {
    name: 'memory',
    ...(database.clock === undefined ? {} : { clock: database.clock }),
    open: async (queue, { make = true } = {}) => {
      if (!make) checkKnown(queue, [...database.queues.keys()].toSorted())
      queueOf(queue)
    },
    append: async (request) => append(request),
    combining: combiningIn(queueOf, database.now, address),
    stage: async (name, commandId, data) => stageIn(queueOf(name), commandId, data),
    read: async (name, after, limit) => {
      return pageOf(queueOf(name), after, limit, database.now())
    },
    rows: async (name, after, limit) => {
      const { events, ...page } = pageOf(queueOf(name), after, limit, database.now())
      return { ...page, rows: events.map(encodeEvent) }
    },
    projection: async (name) => {
      if (!database.queues.has(name)) return null
      const { state, jobs } = queueOf(name)
      return { state, jobs: [...jobs.values()].toSorted(byId) }
    },
    projectionPage: async (name, filter) => {
      if (!database.queues.has(name)) return null
      const { state, jobs } = queueOf(name)
      return { state, jobs: rowsIn(jobs, filter) }
    },
    project: async (name) => {
      const version = queueOf(name).log.length
      return { projectedSeq: version, version, written: 0, setAside: 0, busy: false, targets: 0 }
    },
    data: async (name, jobIds) => dataOf(queueOf(name), jobIds),
    payloads: async (name, after) => payloadsAfter(queueOf(name), after),
    note: async (name, note) => noteIn(queueOf(name), note),
    watch: async (name, jobIds) => watchIn(queueOf(name), jobIds),
    forget: async (name, jobIds) => {
      const { data, staged } = queueOf(name)
      for (const jobId of jobIds) {
        data.delete(jobId)
        forgetSubmitted(queueOf(name), jobId)
      }
      for (const items of staged.values()) for (const jobId of jobIds) items.delete(jobId)
    },
    rebuild: async (name, since, rowsAt) => {
      const queue = queueOf(name)
      const view = viewOf(queue, since, database.now())
      if (since + view.missed.length !== view.version) return { ok: false, ...view }
      return { ok: true, version: view.version, ...rebuilt(queue, rowsAt(view)) }
    },
    ...snapshotCalls(queueOf, database.now),
    archive: async (name, through, keep) => {
      const queue = queueOf(name)
      if (!queue.snapshots.some(({ seq }) => seq === through)) {
        throw invalidInput(`archive: there is no snapshot at event ${through}; make one first`)
      }
      const archived = Math.max(0, through - queue.archivedSeq)
      const unkept = archived === 0 || keep ? 0 : queue.archivedSeq - queue.goneSeq
      cut(queue, archived, keep)
      return { archivedSeq: queue.archivedSeq, archived, unkept }
    },
    // What ends with the process cannot have been changed by anybody else.
    kept: async () => null,
    claimCut: async (name, before) => claimCut(queueOf(name), before, database.now()),
    checkIncoming: async () => [],
    checkOnce: async () => [],
    rebuildOnce: async () => 0,
    chain: async () => null,
    startChain: async () => {
      throw invalidInput('memory keeps no hash chain; use a store that keeps its log')
    },
    // This store has no user's tables.
    reproject: async (name) => void queueOf(name),
    dead: async (name, filter) => deadIn(queueOf(name), filter),
    drop: async (name, jobIds) => dropIn(queueOf(name), jobIds),
    arrivals: async () => [],
    taken: async () => {},
    // This store has no user's tables.
    adoptable: async () => ({ totals: null, rows: [] }),
    adopt: async () => [],
    backlog: async (name) => backlogIn(queueOf(name), database.now()),
    checkup: async () => null,
    incoming: async (name, limit, again) => ({
      requests: openRequests(queueOf(name), limit, database.now()),
      submissions: openSubmissions(queueOf(name), 10 * limit, again, database.now()),
    }),
    submitCall: async (name, call) => submitCall(queueOf(name), call, database.now()),
    submittedCall: async (name, call, isHolder) =>
      submittedCall(queueOf(name), call, isHolder, database.now()),
    cancelSubmitted: async (name, jobId) => cancelSubmitted(queueOf(name), jobId, database.now()),
    cancelSubmittedAfter: async (name, jobIds) => cancelSubmittedAfter(queueOf(name), jobIds, database.now()),
    settle: async (name, settled) => settleSubmissions(queueOf(name), settled, database.now()),
    answer: async (name, answers) => answerRequests(queueOf(name), answers, database.now()),
    results: async (name, jobIds) => resultsOf(queueOf(name), jobIds),
    endings: async (name, jobIds) => endingsIn(queueOf(name), jobIds),
    ofJob: async (name, jobId) => ofJobIn(queueOf(name), jobId, database.now()),
    // This store has no transactions of a program's.
    committedEnds: async () => [],
    submitted: async (name, limit) => submittedIn(queueOf(name), limit),
    submissions: async (name, after) => listedSubmissions(queueOf(name), after),
    beat: async (beat) => beatIn(queueOf(beat.queue), beat, clockOf(database)),
    leave: async (name, workerId) => {
      const worker = queueOf(name).workers.get(workerId)
      if (!worker) return
      worker.dead = true
      worker.expiresAt = Math.min(worker.expiresAt, database.now())
    },
    sign: async (name, workerId, operator) => signIn(queueOf(name), workerId, operator, database.now()),
    forgetOperator: async (operator) => {
      const all = [...database.queues.values()]
      return all.reduce((many, queue) => many + forgetIn(queue, operator), 0)
    },
    operators: async (name, workerIds) => workerIds.flatMap((id) => queueOf(name).operators.get(id) ?? []),
    workers: async (name) => workerRows(queueOf(name), clockOf(database)),
    listen: async (name, onWake) => {
      const { listeners, intakes, log } = queueOf(name)
      // A new function, so that one callback can be registered twice.
      const wake = ({ answered, concern = 'all', received, noted }: MemoryNotification) => {
        if (!stops.has(stop)) return
        if (noted !== undefined) onWake({ type: 'noted', note: noted })
        else if (received !== undefined) {
          if (received.to === address) onWake({ type: 'answers', answers: received })
        } else if (answered === undefined) onWake({ type: 'appended', version: log.length, concern })
        else if (answered === null) onWake({ type: 'resigned' })
        else onWake({ type: 'answered', senders: answered, version: log.length })
      }
      const wakeIntake = () =>
        stops.has(stop) ? onWake({ type: 'incoming', incoming: 'requests' }) : undefined
      const stop = () => {
        stops.delete(stop)
        intakes.delete(wakeIntake)
        listeners.delete(wake)
      }
      stops.add(stop)
      listeners.add(wake)
      intakes.add(wakeIntake)
      return async () => stop()
    },
    close: async () => {
      closed = true
      for (const stop of stops) stop()
    },
  }
}

/** `job_queue_read` */
function pageOf(queue: MemoryQueue, after: number, limit: number, now: number): LogPage {
  const { log, epoch, archivedSeq, goneSeq } = queue
  const events = after < goneSeq ? [] : read(queue, log.slice(after, after + limit))
  return { events, version: log.length, epoch, now, archivedSeq }
}

/** `job_queue_sign` */
function forgetIn({ operators }: MemoryQueue, operator: string): number {
  const rows = [...operators.values()].filter((row) => row.operator === operator)
  for (const { workerId } of rows) operators.delete(workerId)
  return rows.length
}

function signIn({ operators }: MemoryQueue, workerId: string, who: Operator, at: Micros): void {
  if (operators.has(workerId)) return
  const { operator, host, command } = who
  const cut = (text: string | null, most: number) => text?.slice(0, most) ?? null
  operators.set(workerId, {
    workerId,
    operator: operator.slice(0, 200),
    host: cut(host, 200),
    command: cut(command, 500),
    at,
  })
}

/** `job_queue_endings` */
function endingsIn(queue: MemoryQueue, jobIds: readonly string[]): ReadonlyMap<string, JobOutcome> {
  const wanted = new Set(jobIds)
  const found = new Map<string, JobOutcome>()
  for (const event of read(queue, queue.log.slice(queue.goneSeq))) {
    const outcome = outcomeOf(event)
    if (outcome !== null && 'jobId' in event && wanted.has(event.jobId)) found.set(event.jobId, outcome)
  }
  return found
}

/** `job_queue_of_job` */
function ofJobIn(queue: MemoryQueue, jobId: string, now: Micros): KeptOfJob {
  const { log, archivedSeq, goneSeq } = queue
  const own = read(queue, log.slice(archivedSeq)).filter((event) => 'jobId' in event && event.jobId === jobId)
  return {
    commands: commandsOf(queue, jobId),
    isCut: false,
    arrivedAt: null,
    cancelledAt: queue.cancelled.get(jobId) ?? null,
    notTakenIn: null,
    row: null,
    events: lastLife(own).slice(-200),
    archivedSeq,
    isKept: archivedSeq > goneSeq,
    behind: null,
    version: log.length,
    now,
  }
}

/** `job_queue_turn` */
function viewOf(queue: MemoryQueue, since: number, now: number): TurnView {
  const { log, epoch } = queue
  return { version: log.length, epoch, now, sinceAt: atOf(queue, since), missed: eventsAfter(queue, since) }
}

const MINUTE: Micros = 60_000_000

/** `job_queue_claim_cut`: one process at a time, and only if there is an hour's worth of events or more. */
function claimCut(queue: MemoryQueue, before: Micros, now: Micros): number | null {
  const oldest = queue.log[queue.archivedSeq]
  if (oldest === undefined || oldest.at >= before - 60 * MINUTE) return null
  if (queue.cutClaimedAt >= now - 55 * MINUTE) return null
  queue.cutClaimedAt = now
  return queue.log.findLast(({ at }) => at < before)?.seq ?? null
}

/** `job_queue_rebuild`: writes only these rows, and counts what that changed. */
function rebuilt(queue: MemoryQueue, { state, jobs, jobIds = [...queue.jobs.keys()] }: RebuildRows) {
  const wanted = state.version === 0 ? { ...state, updated_at: queue.state.updated_at } : state
  const changed = isDeepStrictEqual(queue.state, wanted) ? 0 : 1
  const right = new Set(jobs.filter((row) => isDeepStrictEqual(queue.jobs.get(row.job_id), row)))
  const kept = new Set([...right].map((row) => row.job_id))
  const removed = jobIds.filter((jobId) => !kept.has(jobId) && queue.jobs.delete(jobId)).length
  queue.state = wanted
  for (const row of jobs) queue.jobs.set(row.job_id, row)
  return { removed: removed + changed, written: jobs.length - right.size + changed }
}

/** `job_queue_projection_page`. */
function rowsIn(jobs: ReadonlyMap<string, JobRow>, filter: ProjectionFilter): readonly JobRow[] {
  if ('jobIds' in filter) return filter.jobIds.flatMap((jobId) => jobs.get(jobId) ?? [])
  const { after, limit, isActive = false } = filter
  return [...jobs.values()]
    .filter((row) => row.job_id > (after ?? '') && (!isActive || row.state === 'active'))
    .toSorted(byId)
    .slice(0, limit)
}

const byId = (a: JobRow, b: JobRow): number => (a.job_id < b.job_id ? -1 : 1)
