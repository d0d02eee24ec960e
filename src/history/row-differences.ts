import type { JobRow, StateRow } from '../core/index.ts'
import type { Projection } from '../port/index.ts'
import { isSame } from './same.ts'

type Row = Readonly<Record<string, unknown>>

/** A field of a row that is not what the log says. */
export interface Difference {
  readonly row: string
  readonly field: string
  readonly stored: unknown
  readonly folded: unknown
}

/** Every field of every row that is not what the fold of the log says. @param stored null: the row of the queue is gone */
export function rowDifferences(stored: Projection | null, folded: Projection): Difference[] {
  if (stored === null) {
    if (folded.state.version === 0) return []
    return [{ row: 'job_queue_state', field: '*', stored: 'no row', folded: 'a row' }]
  }
  return [
    ...differencesOf('job_queue_state', rowOf(stored.state), rowOf(folded.state)),
    ...jobDifferences(stored.jobs, folded.jobs),
  ]
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
    .filter((field) => !isSame(stored[field], folded[field]))
    .map((field) => ({ row, field, stored: stored[field], folded: folded[field] }))
}
