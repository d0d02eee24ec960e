import {
  type DataChange,
  isPayloadKey,
  type Json,
  type RecordedEvent,
  type StagedData,
} from '../../core/index.ts'
import type { AttemptNote, JobData, KeptPayload } from '../index.ts'
import type { MemoryData, MemoryQueue } from './database.ts'

/** `job_queue_put_data`: sets the fields given. The others stay, unless they are from an earlier life of the job. */
export function putData(queue: MemoryQueue, { jobId, ...set }: DataChange): void {
  queue.data.set(jobId, { ...presentData(queue, jobId), ...set })
}

/** `job_queue_stage` */
export function stageIn(queue: MemoryQueue, commandId: string, data: readonly DataChange[]): void {
  const items = queue.staged.get(commandId) ?? new Map<string, DataChange>()
  for (const change of data) items.set(change.jobId, change)
  queue.staged.set(commandId, items)
}

/** `job_queue_unstaged` */
export function unstagedOf({ staged }: MemoryQueue, wanted: readonly StagedData[]): readonly string[] {
  const lacking = wanted.filter(({ commandId, jobId }) => staged.get(commandId)?.has(jobId) !== true)
  return [...new Set(lacking.map(({ commandId }) => commandId))]
}

/** `job_queue_put_staged` */
export function putStaged(queue: MemoryQueue, wanted: readonly StagedData[]): void {
  for (const { commandId, jobId, as } of wanted) {
    const change = queue.staged.get(commandId)?.get(jobId)
    if (change === undefined) continue
    putData(queue, as === undefined ? change : { jobId: as, payload: change.payload ?? null })
  }
  for (const { commandId } of wanted) queue.staged.delete(commandId)
}

/** `job_queue_note`: only with the token of the running attempt. */
export function noteIn(queue: MemoryQueue, { jobId, token, ...note }: AttemptNote): boolean {
  const row = queue.jobs.get(jobId)
  if (row?.state !== 'active' || row.fencing_token !== token) return false
  queue.data.set(jobId, { ...presentData(queue, jobId), ...note, token })
  const { progress } = note
  if (progress !== undefined && queue.watched.has(jobId))
    for (const wake of queue.listeners) queueMicrotask(() => wake({ noted: { jobId, progress } }))
  return true
}

/** `job_queue_watch` */
export function watchIn(queue: MemoryQueue, jobIds: readonly string[]) {
  for (const jobId of jobIds) queue.watched.add(jobId)
  const notes = dataOf(queue, jobIds).flatMap(({ jobId, progress }) =>
    progress === null ? [] : [{ jobId, progress }],
  )
  return { isAnnounced: true, notes }
}

/**
 * `job_queue_archive`, once the cut is known. If events are not kept, the data of jobs that the log no longer mentions goes too.
 */
export function cut(queue: MemoryQueue, archived: number, keep: boolean): void {
  queue.archivedSeq += archived
  queue.cutClaimedAt = 0
  for (const [id, { seqs }] of queue.commands)
    if ((seqs.at(-1) ?? 0) <= queue.archivedSeq) queue.commands.delete(id)
  if (archived === 0 || keep) return
  queue.goneSeq = queue.archivedSeq
  const left = new Set(
    queue.log.slice(queue.goneSeq).flatMap((event) => ('jobId' in event ? event.jobId : [])),
  )
  for (const jobId of parentsOfLive(queue)) left.add(jobId)
  // The payload of a schedule stays for as long as that does.
  for (const jobId of queue.data.keys())
    if (!left.has(jobId) && !queue.jobs.has(jobId) && !isPayloadKey(jobId)) queue.data.delete(jobId)
  for (const [jobId, seq] of queue.dropped) if (seq <= queue.goneSeq) queue.dropped.delete(jobId)
}

/** Their results are for live jobs that come after them. */
const parentsOfLive = ({ log, jobs }: MemoryQueue): readonly string[] =>
  log.flatMap((event) => (event.type === 'linked' && jobs.has(event.jobId) ? event.after : []))

const MOST_RESULTS = 16_777_216

/** `job_queue_results` */
export function resultsOf(queue: MemoryQueue, jobIds: readonly string[]): ReadonlyMap<string, Json> | number {
  const own = jobIds.flatMap((jobId): [string, Json][] => {
    const { result = null } = queue.jobs.has(jobId) ? {} : (queue.data.get(jobId) ?? {})
    return result === null ? [] : [[jobId, result]]
  })
  const bytes = own.reduce((sum, [, result]) => sum + Buffer.byteLength(JSON.stringify(result)), 0)
  return bytes > MOST_RESULTS ? bytes : new Map(own)
}

/** `job_queue_data_of`. This store has no user's tables. */
export function dataOf(queue: MemoryQueue, jobIds: readonly string[]): readonly JobData[] {
  return jobIds.map((jobId) => {
    const { payload, result, error, checkpoint, progress, trace } = presentData(queue, jobId)
    return { jobId, payload, result, error, checkpoint, progress, trace, row: null }
  })
}

/** `job_queue_payloads` */
export function payloadsAfter(queue: MemoryQueue, after: string): readonly KeptPayload[] {
  const ids = [...queue.data.keys()].filter((jobId) => jobId > after).toSorted()
  const page: KeptPayload[] = []
  for (let i = 0, length = 0; i < ids.length && page.length < 1_000 && length < MOST_LENGTH_IN_PAGE; i++) {
    const jobId = ids[i] ?? ''
    const { payload = null, life = 0 } = queue.data.get(jobId) ?? {}
    if (payload === null) continue
    const event = life > queue.goneSeq ? queue.log[life - 1] : undefined
    const hash = event?.type === 'queued' ? hashOf(queue, event) : null
    page.push({ jobId, payload, seq: event?.seq ?? null, hash })
    length += JSON.stringify(payload).length
  }
  return page
}

/** The hash of its payload, or of the one that it has since another job came with its key. */
function hashOf(
  { log }: MemoryQueue,
  { seq, jobId, spec }: RecordedEvent & { type: 'queued' },
): number | null {
  const hash = spec.payloadHash ?? null
  if (spec.dedupe?.debounce === undefined) return hash
  const hashes = log
    .slice(seq)
    .flatMap((event) =>
      event.type === 'debounced' && event.jobId === jobId ? (event.payloadHash ?? []) : [],
    )
  return hashes.at(-1) ?? hash
}

const MOST_LENGTH_IN_PAGE = 4_194_304

/** What `job_queue_append` brings of the jobs that it starts. */
export function dataOfStarted(queue: MemoryQueue, jobIds: readonly string[]): readonly JobData[] {
  let length = 0
  return dataOf(queue, jobIds.slice(0, MOST_STARTED)).filter((data) => {
    const { jobId } = data
    if ((queue.lives.get(jobId) ?? 0) <= queue.archivedSeq || queue.ofRows.has(jobId)) return false
    length += JSON.stringify(data).length
    return length <= MOST_LENGTH_STARTED
  })
}

const MOST_STARTED = 100
const MOST_LENGTH_STARTED = 65_536

const nothing = {
  token: 0,
  payload: null,
  result: null,
  error: null,
  checkpoint: null,
  progress: null,
  trace: null,
}

/** The data of the job's present life, which its `queued` event names. */
function presentData(queue: MemoryQueue, jobId: string): MemoryData {
  const life = queue.lives.get(jobId)
  const kept = queue.data.get(jobId)
  return kept !== undefined && kept.life === life ? kept : { ...nothing, life }
}
