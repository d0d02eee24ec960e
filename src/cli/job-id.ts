import { parseJobId } from '../codec/index.ts'
import type { Coordinator } from '../coordinator/index.ts'
import { listDead } from '../coordinator/parts.ts'
import { readPages } from '../history/index.ts'
import { onlyOne, opened, orCut } from '../history/parts.ts'
import type { LogStore } from '../port/index.ts'
import type { Frame } from './frame.ts'

/** Dead letters looked through for a beginning: the newest so many. */
const MOST_DEAD = 10_000
const PAGE = 1_000

/** A job as somebody typed it: its id, or the beginning of it. */
export interface Typed {
  readonly frame: Frame
  readonly store: LogStore
  readonly text: string
}

/**
 * The id of the live job that is meant. A whole id always means itself: where the log knows a job of that very name, which has ended, the
 * id comes back as it is, and whatever is done with it says so. So nobody cancels `job-10` who typed `job-1`.
 * @throws InterlockError `invalid_input` where several ids begin so
 */
export async function liveIdOf(typed: Typed, coordinator: Coordinator): Promise<string> {
  if ((await coordinator.explain(parseJobId(typed.text))) !== undefined) return typed.text
  const state = coordinator.state()
  return idAmong(
    typed,
    [...state.active(), ...state.waiting()].map(({ jobId }) => jobId),
  )
}

/** The same among the dead letters. */
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

/** Whether the log, as far as it is there, has an event of the job with this very id. */
async function isInLog({ frame, store, text }: Typed): Promise<boolean> {
  const access = opened(frame.access(store))
  for await (const events of readPages(access, { after: await orCut(access, 0) })) {
    if (events.some((event) => 'jobId' in event && event.jobId === text)) return true
  }
  return false
}
