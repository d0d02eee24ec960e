import { listDead } from '../../engine/coordinator/dead-letters.ts'
import type { Coordinator } from '../../engine/coordinator/index.ts'
import { parseJobId } from '../../engine/events/index.ts'
import type { LogStore } from '../../engine/store/index.ts'
import { opened } from '../../tools/history/access.ts'
import { orCut } from '../../tools/history/fold.ts'
import { readPages } from '../../tools/history/index.ts'
import { onlyOne, unknownJob } from '../../tools/history/job-history.ts'
import type { Frame } from './frame.ts'

/** How many dead letters, the newest first, are searched for the beginning of an id. */
const MOST_DEAD = 10_000
const PAGE = 1_000

/** A job as it was typed: its id, or the beginning of it. */
export interface Typed {
  readonly frame: Frame
  readonly store: LogStore
  readonly text: string
}

/**
 * The id of the live job that was typed. A whole id always means itself: if the log knows a job with exactly this id, which has
 * ended, the id is returned unchanged, and the command then says so. So typing `job-1` never cancels `job-10`.
 * @throws InterlockError `invalid_input` where several ids begin so; `job_not_live` where nobody has ever heard of it
 */
export async function liveIdOf(typed: Typed, coordinator: Coordinator): Promise<string> {
  const { text } = typed
  if ((await coordinator.explain(parseJobId(text))) !== undefined) return text
  const state = coordinator.state()
  const live = [...state.active(), ...state.waiting()].map(({ jobId }) => jobId)
  if (!live.some((id) => id.startsWith(text))) throw unknownJob(state.queue, text)
  return idAmong(typed, live)
}

/** The id of the dead letter that was typed: a whole id, or the beginning of one alone. @throws as {@link liveIdOf} */
export async function deadIdOf(typed: Typed): Promise<string> {
  const { frame, store, text } = typed
  const letters = { store, queue: frame.queue }
  if ((await listDead(letters, { jobIds: [parseJobId(text)] })).length > 0) return text
  const found: string[] = []
  let before = Number.MAX_SAFE_INTEGER
  for (let seen = 0; seen < MOST_DEAD; seen += PAGE) {
    const page = await listDead(letters, { before, limit: PAGE })
    for (const { jobId } of page) if (jobId.startsWith(text)) found.push(jobId)
    if (page.length < PAGE) break
    before = page.at(-1)?.seq ?? 0
  }
  return idAmong(typed, found)
}

async function idAmong(typed: Typed, ids: readonly string[]): Promise<string> {
  const found = onlyOne(
    typed.text,
    ids.filter((id) => id.startsWith(typed.text)),
  )
  if (found === undefined || (await isInLog(typed))) return typed.text
  typed.frame.note(`${typed.text}: the job ${found}`)
  return found
}

/** Whether the log, as far as it is there, has an event of the job with exactly this id. */
async function isInLog({ frame, store, text }: Typed): Promise<boolean> {
  const access = opened(frame.access(store))
  for await (const events of readPages(access, { after: await orCut(access, 0) })) {
    if (events.some((event) => 'jobId' in event && event.jobId === text)) return true
  }
  return false
}
