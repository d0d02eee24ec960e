import { isDeepStrictEqual } from 'node:util'
import { type JobRow, projectionOf, type RecordedEvent, Replayer, type StateRow } from '../core/index.ts'
import type { LogStore } from '../port/index.ts'
import type { Frame } from './frame.ts'
import { eachEvent } from './read-log.ts'

/** A field of a row that is not what the log says. */
export interface Difference {
  readonly row: string
  readonly field: string
  readonly stored: unknown
  readonly folded: unknown
}

export interface Verification {
  readonly ok: boolean
  /** How far into the log the rows say they are; both sides are compared there. */
  readonly version: number
  readonly jobs: number
  readonly differences: readonly Difference[]
}

type Row = Readonly<Record<string, unknown>>

/**
 * Rebuilds the whole state from the log, and compares it with the rows field by field.
 * @param alsoSee is shown every event on the way, so that the log is read once
 */
export async function verify(
  frame: Frame,
  store: LogStore,
  alsoSee: (event: RecordedEvent) => void = () => {},
): Promise<Verification> {
  const stored = await store.projection(frame.queue)
  if (stored === null) return { ok: true, version: 0, jobs: 0, differences: [] }
  const { version } = stored.state
  const replayer = new Replayer()
  const see = (event: RecordedEvent) => {
    alsoSee(event)
    replayer.push(event)
  }
  await eachEvent(frame, store, 'replayed', see, { upTo: version })
  const folded = projectionOf(replayer.ledger())
  const differences = [
    ...differencesOf('job_queue_state', rowOf(stored.state), rowOf(folded.state)),
    ...jobDifferences(stored.jobs, folded.jobs),
  ]
  return { ok: differences.length === 0, version, jobs: stored.jobs.length, differences }
}

/** A queue without an event has no time of its own yet. */
function rowOf(state: StateRow): Row {
  return state.version === 0 ? { ...state, updated_at: 0 } : { ...state }
}

function jobDifferences(stored: readonly JobRow[], folded: readonly JobRow[]): Difference[] {
  const wanted = new Map(folded.map((row) => [row.job_id, row]))
  const found: Difference[] = []
  for (const row of stored) {
    const name = `job_queue_jobs ${row.job_id}`
    const twin = wanted.get(row.job_id)
    if (twin === undefined) found.push({ row: name, field: '*', stored: 'a row', folded: 'no row' })
    else found.push(...differencesOf(name, { ...row }, { ...twin }))
    wanted.delete(row.job_id)
  }
  for (const jobId of wanted.keys()) {
    found.push({ row: `job_queue_jobs ${jobId}`, field: '*', stored: 'no row', folded: 'a row' })
  }
  return found
}

function differencesOf(row: string, stored: Row, folded: Row): Difference[] {
  return Object.keys(folded)
    .filter((field) => !isDeepStrictEqual(stored[field], folded[field]))
    .map((field) => ({ row, field, stored: stored[field], folded: folded[field] }))
}
