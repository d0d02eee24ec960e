import {
  type CommandBody,
  type DataChange,
  invalidInput,
  isInterlockError,
  type JobSpec,
  MICROS_PER_MS,
} from '../core/index.ts'
import type { DataRole, DeadJob, DeadLetterRole } from '../store/index.ts'
import type { DeadFilter } from './api/calls.ts'

/** Dead letters in one step: with their payloads they fit into one append. */
const PAGE = 100

/** The store of dead letters, and the queue. */
interface DeadLetterBox {
  readonly store: DeadLetterRole & Pick<DataRole, 'data'>
  readonly queue: string
}

/** What retrying dead letters needs from the coordinator. */
interface DeadLetters extends DeadLetterBox {
  readonly send: (body: CommandBody, options: { readonly data: readonly DataChange[] }) => Promise<unknown>
}

/** The newest first. @throws InterlockError `invalid_input` for a limit out of bounds */
export async function listDead(
  { store, queue }: DeadLetterBox,
  { limit = 100, before, ...filter }: DeadFilter & { readonly limit?: number; readonly before?: number },
): Promise<readonly DeadJob[]> {
  if (!(Number.isInteger(limit) && limit >= 1 && limit <= 1_000)) {
    throw invalidInput('limit must be a whole number from 1 to 1,000', 'limit')
  }
  const { jobIds, model, since } = filter
  return store.dead(queue, {
    limit,
    ...(jobIds === undefined ? undefined : { jobIds }),
    ...(model === undefined ? undefined : { model }),
    ...(since === undefined ? undefined : { since: since.getTime() * MICROS_PER_MS }),
    ...(before === undefined ? undefined : { before }),
  })
}

/** Puts the jobs in line again with their spec, payload and checkpoint. Returns how many. */
export async function retryDead(letters: DeadLetters, filter: DeadFilter): Promise<number> {
  let retried = 0
  for await (const page of pagesOf(letters, filter))
    retried += await enqueueAgain(letters, await againOf(letters, page))
  return retried
}

/** These dead letters as they go in line again, with what goes along. */
export async function againOf(
  { store, queue }: DeadLetterBox,
  page: readonly DeadJob[],
): Promise<readonly Again[]> {
  const jobIds = page.map(({ jobId }) => jobId)
  const kept = new Map((await store.data(queue, jobIds)).map((data) => [data.jobId, data]))
  return page.map(({ jobId, spec: { once: _, dedupe: __, after: ___, ...spec } }) => {
    const { payload = null, checkpoint = null, trace = null } = kept.get(jobId) ?? {}
    const traced = trace === null ? {} : { trace }
    if (payload === null && checkpoint === null) {
      return { spec, data: trace === null ? [] : [{ jobId, ...traced }] }
    }
    return { spec: { ...spec, hasData: true as const }, data: [{ jobId, payload, checkpoint, ...traced }] }
  })
}

/** Takes dead letters off the list and deletes what is kept of them. Returns how many. */
export async function dropDead(letters: DeadLetterBox, filter: DeadFilter): Promise<number> {
  let dropped = 0
  for await (const page of pagesOf(letters, filter)) {
    dropped += await letters.store.drop(
      letters.queue,
      page.map(({ jobId }) => jobId),
    )
  }
  return dropped
}

/** Page by page from the newest to the oldest, so that it meets a letter that cannot be retried only once. */
async function* pagesOf(letters: DeadLetterBox, filter: DeadFilter): AsyncGenerator<readonly DeadJob[]> {
  for (let before = Number.MAX_SAFE_INTEGER; ; ) {
    const page = await listDead(letters, { ...filter, before, limit: PAGE })
    if (page.length > 0) yield page
    if (page.length < PAGE) return
    before = page.at(-1)?.seq ?? 0
  }
}

interface Again {
  readonly spec: JobSpec
  readonly data: readonly DataChange[]
}

/** All in one command. If one is refused, each gets its own command. Leaves out letters that somebody else has revived. */
async function enqueueAgain(letters: DeadLetters, jobs: readonly Again[]): Promise<number> {
  try {
    const data = jobs.flatMap((job) => job.data)
    await letters.send({ type: 'enqueue', specs: jobs.map(({ spec }) => spec), again: true }, { data })
    return jobs.length
  } catch (error) {
    if (!isInterlockError(error, 'job_exists')) throw error
    if (jobs.length === 1) return 0
    const each = await Promise.all(jobs.map((job) => enqueueAgain(letters, [job])))
    return each.reduce((sum, count) => sum + count, 0)
  }
}
