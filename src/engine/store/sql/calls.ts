import { checkKnown, InterlockError, MICROS_PER_MS, sqlstateOf } from '../../core/index.ts'
import { encodeEvent, SCHEMA_VERSION } from '../../events/index.ts'
import type {
  AppendAnswer,
  AppendRequest,
  LogStore,
  Projection,
  ProjectionFilter,
  RebuildAnswer,
  RebuildRows,
  TurnView,
} from '../index.ts'
import { answeredOf } from './answer-pieces.ts'
import {
  adoptableAnswer,
  appendAnswer,
  archiveAnswer,
  arrivalsAnswer,
  chainAnswer,
  checkIncomingAnswer,
  checkOnceAnswer,
  chunkAnswer,
  claimCutAnswer,
  countAnswer,
  dataAnswer,
  deadAnswer,
  endingsAnswer,
  endOfAnswer,
  flagAnswer,
  idsAnswer,
  incomingAnswer,
  keptAnswer,
  openAnswer,
  payloadsAnswer,
  projectAnswer,
  putSnapshotAnswer,
  readAnswer,
  rebuildAnswer,
  resultsAnswer,
  rowsAnswer,
  snapshotAnswer,
  submitCallAnswer,
  submittedCallAnswer,
  turnAnswer,
  watchAnswer,
} from './answers.ts'
import { beatOf, changesOf, itemsOf, MANY, present, shortOf } from './changes.ts'
import { backlogAnswer, checkupAnswer } from './checkup-answer.ts'
import { parseAnswer, plainAppended } from './parse-answer.ts'
import type { Rpc } from './rpc.ts'
import {
  ofJobAnswer,
  pageAnswer,
  projectionAnswer,
  submissionsAnswer,
  submittedAnswer,
} from './tool-answers.ts'
import { beatAnswer, operatorsAnswer, workersAnswer } from './worker-answers.ts'

/** In one call; in halves where the server cannot make an answer that large (256 MB of jsonb). */
async function inParts<Row>(
  ids: readonly string[],
  read: (some: readonly string[]) => Promise<readonly Row[]>,
): Promise<readonly Row[]> {
  try {
    return await read(ids)
  } catch (error) {
    if (ids.length < 2 || sqlstateOf(error) !== '54000') throw error
    const half = Math.ceil(ids.length / 2)
    return [...(await inParts(ids.slice(0, half), read)), ...(await inParts(ids.slice(half), read))]
  }
}

/** The calls of a store that are one function each, over any transport. */
export type SqlCalls = Omit<LogStore, 'name' | 'turn' | 'combining' | 'listen' | 'close'>

/** @param address where this process hears what is for it alone, if it does */
export function sqlCalls(rpc: Rpc, address: () => string | undefined = () => undefined): SqlCalls {
  const call = async <Out>(
    name: Parameters<Rpc>[0],
    schema: Parameters<typeof parseAnswer<Out>>[0],
    args: Readonly<Record<string, unknown>>,
  ) => parseAnswer(schema, await rpc(name, args), name)
  return {
    open: async (queue, { make = true } = {}) => {
      if (!make) checkKnown(queue, await call('job_queue_queues', idsAnswer, {}))
      checkReader((await call('job_queue_open', openAnswer, { queue })).min_reader)
    },
    append: (request) => appendBy(rpc, request),
    stage: async (queue, commandId, data) => {
      await rpc('job_queue_stage', { queue, command_id: commandId, data: itemsOf(data) })
    },
    read: (queue, after, limit) => call('job_queue_read', readAnswer, { queue, after, lim: limit }),
    rows: (queue, after, limit) => call('job_queue_read', rowsAnswer, { queue, after, lim: limit }),
    projection: async (queue) => byId(await call('job_queue_projection', projectionAnswer, { queue })),
    projectionPage: (queue, filter) =>
      call('job_queue_projection_page', pageAnswer, { queue, filter: filterOf(filter) }),
    beat: (beat) => call('job_queue_beat', beatAnswer, { queue: beat.queue, ...beatOf(beat) }),
    leave: async (queue, workerId) => {
      await rpc('job_queue_leave', { queue, worker_id: workerId })
    },
    data: (queue, jobIds) =>
      inParts(jobIds, (some) => call('job_queue_data_of', dataAnswer, { queue, job_ids: some })),
    payloads: (queue, after) => call('job_queue_payloads', payloadsAnswer, { queue, after }),
    checkIncoming: (queue) => call('job_queue_check_incoming', checkIncomingAnswer, { queue }),
    checkOnce: (queue) => call('job_queue_check_once', checkOnceAnswer, { queue }),
    rebuildOnce: (queue) => call('job_queue_rebuild_once', countAnswer, { queue }),
    arrivals: (queue, limit) => call('job_queue_claim_arrivals', arrivalsAnswer, { queue, lim: limit }),
    taken: async (queue, arrivalIds, refused = []) => {
      const rows = refused.map(({ arrivalId, reason }) => ({ arrival_id: arrivalId, reason }))
      await rpc('job_queue_taken', { queue, arrival_ids: arrivalIds, refused: rows })
    },
    adoptable: ({ states, jobIds, limit }) =>
      call('job_queue_adoptable', adoptableAnswer, {
        states: states ?? null,
        job_ids: jobIds ?? null,
        lim: limit,
      }),
    backlog: (queue) => call('job_queue_backlog', backlogAnswer, { queue }),
    checkup: (queue) => call('job_queue_checkup', checkupAnswer, { queue }),
    adopt: (queue, jobIds) => call('job_queue_adopt', idsAnswer, { queue, job_ids: jobIds }),
    dead: (queue, { jobIds, limit, ...filter }) =>
      call('job_queue_dead', deadAnswer, { queue, filter: { ...filter, job_ids: jobIds, lim: limit } }),
    drop: (queue, jobIds) => call('job_queue_drop', countAnswer, { queue, job_ids: jobIds }),
    incoming: (queue, limit, again) =>
      call('job_queue_incoming', incomingAnswer, { queue, lim: limit, again }),
    settle: async (queue, { known, held }) => {
      const rows = held.map(({ id, code, message }) => ({ id, code, reason: message }))
      await rpc('job_queue_settle', { queue, known, held: rows })
    },
    submitCall: (queue, { requestId, ...given }) =>
      call('job_queue_submit_call', submitCallAnswer, { queue, request_id: requestId, ...given }),
    submittedCall: (queue, { requestId, digest }, isHolder) =>
      call('job_queue_submitted_call', submittedCallAnswer, {
        queue,
        request_id: requestId,
        digest,
        is_holder: isHolder,
      }),
    cancelSubmittedAfter: (queue, jobIds) =>
      call('job_queue_cancel_submitted_after', idsAnswer, { queue, job_ids: jobIds }),
    cancelSubmitted: (queue, jobId) =>
      call('job_queue_cancel_submitted', flagAnswer, { queue, job_id: jobId }),
    answer: async (queue, answers) => {
      const rows = answers.map(({ requestId, answer }) => ({ request_id: requestId, answer }))
      await rpc('job_queue_answer_requests', { queue, answers: rows })
    },
    endOf: (queue, token) => call('job_queue_end_of', endOfAnswer, { queue, token }),
    committedEnds: (queue) => call('job_queue_committed_ends', idsAnswer, { queue }),
    results: (queue, jobIds) => call('job_queue_results', resultsAnswer, { queue, job_ids: jobIds }),
    endings: async (queue, jobIds) =>
      new Map(await call('job_queue_endings', endingsAnswer, { queue, job_ids: jobIds })),
    ofJob: (queue, jobId) => call('job_queue_of_job', ofJobAnswer, { queue, job_id: jobId }),
    submitted: (queue, limit) => call('job_queue_submitted', submittedAnswer, { queue, lim: limit }),
    submissions: (queue, after) => call('job_queue_list_submissions', submissionsAnswer, { queue, after }),
    note: (queue, { jobId, token, ...note }) =>
      call('job_queue_note', flagAnswer, { queue, job_id: jobId, token, note }),
    watch: (queue, jobIds, ms) =>
      call('job_queue_watch', watchAnswer, { queue, job_ids: jobIds, address: address() ?? null, ms }),
    forget: async (queue, jobIds) => {
      await rpc('job_queue_forget', { queue, job_ids: jobIds })
    },
    rebuild: async (queue, since, rowsAt) => {
      const {
        version,
        epoch,
        now,
        events: missed,
      } = await call('job_queue_read', readAnswer, { queue, after: since, lim: 500 })
      const behind = { ok: false, version, missed } as const
      if (since + missed.length !== version) return behind
      const answer = await rebuildWith(rpc, queue, rowsAt({ version, epoch, now, sinceAt: null, missed }))
      return answer.ok ? answer : { ...behind, version: answer.version }
    },
    snapshot: (queue, upTo) => call('job_queue_snapshot', snapshotAnswer, { queue, up_to: upTo }),
    putSnapshot: async (queue, { seq, state }) => {
      const answer = await call('job_queue_put_snapshot', putSnapshotAnswer, { queue, seq, state })
      return answer.incomplete ? 'incomplete' : answer.kept
    },
    putChunk: async (queue, { seq, maker, n, body }) => {
      await rpc('job_queue_put_snapshot_chunk', { queue, seq, maker, n, body })
    },
    chunk: async (queue, { seq, maker, n }) =>
      (await call('job_queue_snapshot_chunk', chunkAnswer, { queue, seq, maker, n }))?.body ?? null,
    archive: (queue, through, keep) => call('job_queue_archive', archiveAnswer, { queue, through, keep }),
    kept: (queue) => call('job_queue_kept', keptAnswer, { queue }),
    claimCut: async (queue, before) => {
      const time = new Date(before / MICROS_PER_MS).toISOString()
      return (await call('job_queue_claim_cut', claimCutAnswer, { queue, before: time })).through
    },
    chain: (queue, after, limit) => call('job_queue_chain', chainAnswer, { queue, after, lim: limit }),
    startChain: async (queue) => {
      await rpc('job_queue_start_chain', { queue })
    },
    reproject: async (queue) => {
      await rpc('job_queue_reproject', { queue })
    },
    project: (queue, batch) => call('job_queue_project', projectAnswer, { queue, batch }),
    sign: async (queue, workerId, { operator, host, command }) => {
      await rpc('job_queue_sign', { queue, worker_id: workerId, operator, host, command })
    },
    operators: (queue, workerIds) =>
      call('job_queue_signed', operatorsAnswer, { queue, worker_ids: workerIds }),
    forgetOperator: (operator) => call('job_queue_forget_operator', countAnswer, { operator }),
    workers: (queue) => call('job_queue_worker_list', workersAnswer, { queue }),
  }
}

/** The call alone. If the database is at another version than the rows, it changes nothing. */
async function rebuildWith(rpc: Rpc, queue: string, { state, jobs, jobIds }: RebuildRows) {
  const rows = { state: present(state), jobs: jobs.map((row) => present(row)), job_ids: jobIds ?? null }
  const answer = await rpc('job_queue_rebuild_rows', { queue, expected_version: state.version, ...rows })
  return parseAnswer(rebuildAnswer, answer, 'job_queue_rebuild_rows')
}

const filterOf = (filter: ProjectionFilter) =>
  'jobIds' in filter
    ? { job_ids: filter.jobIds }
    : { after: filter.after ?? '', lim: filter.limit, active: filter.isActive ?? false }

export async function appendBy(rpc: Rpc, request: AppendRequest): Promise<AppendAnswer> {
  const { queue, expectedVersion, events, answered, rows, project } = request
  const along = rows === undefined && project === undefined ? undefined : { rows, project }
  const written = events.map(encodeEvent)
  const changes = changesOf(request)
  const isWhole = written.length < MANY || 'once' in changes || changes.gone.length > 0
  const short = isWhole ? undefined : shortOf(written)
  const name = answered ? 'job_queue_append_for' : along ? 'job_queue_append_along' : 'job_queue_append'
  const answer = await rpc(name, {
    queue,
    expected_version: expectedVersion,
    events: short?.events ?? written,
    changes: short === undefined ? changes : { ...changes, alike: short.alike },
    ...(answered && { answered: answeredOf(answered) }),
    ...(along && { along }),
  })
  return plainAppended(answer) ?? parseAnswer(appendAnswer, answer, name)
}

/** In the order of JavaScript's `<`: no collation of the database promises that order. */
function byId(projection: Projection | null): Projection | null {
  if (projection === null) return null
  return { ...projection, jobs: projection.jobs.toSorted((a, b) => (a.job_id < b.job_id ? -1 : 1)) }
}

function checkReader(minReader: number): void {
  if (minReader <= SCHEMA_VERSION) return
  throw new InterlockError(
    'database_newer',
    `the log has events of shape ${minReader}, this release reads shapes up to ${SCHEMA_VERSION}; upgrade interlock-queue`,
    { minReader, reads: SCHEMA_VERSION },
  )
}

/** A transaction that a client holds open over two calls. */
export interface Turn {
  /** Begins, and calls `job_queue_turn`: waits for the queue's lock. */
  readonly begin: (queue: string, since: number) => Promise<unknown>
  /** Calls a function and commits. */
  readonly finish: Rpc
  /** Ends the transaction without writing anything. */
  readonly giveUp: () => Promise<void>
}

/** Lock, read what was missed, compute the rows, write them, unlock. No other process can append in between. */
export async function rebuildBy(
  turn: Turn,
  queue: string,
  since: number,
  rowsAt: (view: TurnView) => RebuildRows,
): Promise<RebuildAnswer> {
  const view = parseAnswer(turnAnswer, await turn.begin(queue, since), 'job_queue_turn')
  const { version, missed } = view
  if (since + missed.length !== version) {
    await turn.giveUp()
    return { ok: false, version, missed }
  }
  const answer = await rebuildWith(turn.finish, queue, rowsAt(view))
  return answer.ok ? answer : { ok: false, version: answer.version, missed }
}
