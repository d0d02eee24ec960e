import {
  type CommandBody,
  type DataChange,
  invalidInput,
  isInterlockError,
  type JobLinks,
  type JobSpec,
  MICROS_PER_MS,
  type ParentChoice,
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
  { limit = 100, before, ...filter }: LetterFilter & { readonly limit?: number; readonly before?: number },
): Promise<readonly DeadJob[]> {
  if (!(Number.isInteger(limit) && limit >= 1 && limit <= 1_000)) {
    throw invalidInput('limit must be a whole number from 1 to 1,000', 'limit')
  }
  const { jobIds, model, since, causes } = filter
  return store.dead(queue, {
    limit,
    ...(jobIds === undefined ? undefined : { jobIds }),
    ...(model === undefined ? undefined : { model }),
    ...(since === undefined ? undefined : { since: since.getTime() * MICROS_PER_MS }),
    ...(before === undefined ? undefined : { before }),
    ...(causes === undefined ? undefined : { causes }),
  })
}

/** Puts the jobs in line again with their spec, payload and checkpoint. Returns how many. */
export async function retryDead(
  letters: DeadLetters,
  filter: DeadFilter,
  descendants = false,
): Promise<number> {
  let retried = 0
  const ofFlows: DeadMark[] = []
  for await (const page of pagesOf(letters, filter)) {
    const later = descendants ? page : page.filter(comesAfter)
    ofFlows.push(...later.map(({ jobId, seq }) => ({ jobId, seq })))
    if (later.length === page.length) continue
    const others = page.filter((letter) => !later.includes(letter))
    retried += await enqueueAgain(letters, await againOf(letters, others))
  }
  if (descendants) await addDescendants(letters, ofFlows, filter.jobIds)
  return retried + (await retryFlows(letters, ofFlows))
}

const comesAfter = ({ spec }: DeadJob): boolean => spec.after !== undefined

/** Also those that failed because of them, and because of these. */
async function addDescendants(
  letters: DeadLetterBox,
  marks: DeadMark[],
  jobIds: readonly string[] = [],
): Promise<void> {
  const seen = new Set(marks.map(({ jobId }) => jobId))
  for (let causes = [...new Set([...seen, ...jobIds])]; causes.length > 0; ) {
    const found: string[] = []
    for (let from = 0; from < causes.length; from += PAGE)
      for await (const page of pagesOf(letters, { causes: causes.slice(from, from + PAGE) }))
        for (const { jobId, seq } of page) {
          if (seen.has(jobId)) continue
          seen.add(jobId)
          found.push(jobId)
          marks.push({ jobId, seq })
        }
    causes = found
  }
}

/** A job that failed with another one ended after it. So, the oldest first, each finds those that it comes after in line again. */
async function retryFlows(letters: DeadLetters, marks: readonly DeadMark[]): Promise<number> {
  let retried = 0
  const inOrder = marks.toSorted((a, b) => a.seq - b.seq)
  for (let from = 0; from < inOrder.length; from += PAGE) {
    const jobIds = inOrder.slice(from, from + PAGE).map(({ jobId }) => jobId)
    const page = await letters.store.dead(letters.queue, { jobIds, links: true, limit: PAGE })
    retried += await enqueueAgain(letters, await againOf(letters, page.toReversed()))
  }
  return retried
}

/** These dead letters as they go in line again, with what goes along. */
export async function againOf(
  { store, queue }: DeadLetterBox,
  page: readonly DeadJob[],
): Promise<readonly Again[]> {
  const jobIds = page.map(({ jobId }) => jobId)
  const kept = new Map((await store.data(queue, jobIds)).map((data) => [data.jobId, data]))
  return page.map(({ jobId, life, after, spec: { once: _, dedupe: __, ...spec } }) => {
    const { payload = null, checkpoint = null, trace = null } = kept.get(jobId) ?? {}
    const traced = trace === null ? {} : { trace }
    const links = after === undefined ? [] : [{ jobId, after: eachOnce(after) }]
    if (payload === null && checkpoint === null) {
      return { spec, life, links, data: trace === null ? [] : [{ jobId, ...traced }] }
    }
    const data = [{ jobId, payload, checkpoint, ...traced }]
    return { spec: { ...spec, hasData: true as const }, life, links, data }
  })
}

/** A parent that was linked in several of its lives is one. Its child runs in spite of it only if it did so in each of them. */
function eachOnce(after: readonly ParentChoice[]): readonly ParentChoice[] {
  const choices = new Map<string, ParentChoice>()
  for (const choice of after) {
    const known = choices.get(choice.job)
    if (known === undefined || known.goesOn === true) choices.set(choice.job, choice)
  }
  return [...choices.values()]
}

/** The body of the command that puts them in line again. */
export function againBody(jobs: readonly Again[]): CommandBody {
  const links = jobs.flatMap((job) => job.links)
  const lives = jobs.map(({ life }) => life)
  const body = { type: 'enqueue', specs: jobs.map(({ spec }) => spec), again: true, lives } as const
  return links.length === 0 ? body : { ...body, links }
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
async function* pagesOf(letters: DeadLetterBox, filter: LetterFilter): AsyncGenerator<readonly DeadJob[]> {
  for (let before = Number.MAX_SAFE_INTEGER; ; ) {
    const page = await listDead(letters, { ...filter, before, limit: PAGE })
    if (page.length > 0) yield page
    if (page.length < PAGE) return
    before = page.at(-1)?.seq ?? 0
  }
}

/** A dead letter by the end that made it one. */
type DeadMark = Pick<DeadJob, 'jobId' | 'seq'>

interface LetterFilter extends DeadFilter {
  readonly causes?: readonly string[] | undefined
}

interface Again {
  readonly spec: JobSpec
  readonly life: number
  readonly links: readonly JobLinks[]
  readonly data: readonly DataChange[]
}

/** All in one command. If one is refused, each gets its own command. Leaves out letters that somebody else has revived. */
async function enqueueAgain(letters: DeadLetters, jobs: readonly Again[]): Promise<number> {
  try {
    const data = jobs.flatMap((job) => job.data)
    await letters.send(againBody(jobs), { data })
    return jobs.length
  } catch (error) {
    if (!isInterlockError(error, 'job_exists')) throw error
    if (jobs.length === 1) return 0
    const each = await Promise.all(jobs.map((job) => enqueueAgain(letters, [job])))
    return each.reduce((sum, count) => sum + count, 0)
  }
}
