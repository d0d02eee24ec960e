import type { JobRow, StateRow } from '../../engine/core/index.ts'
import type { IncomingDifference, OnceDifference, Projection } from '../../engine/store/index.ts'

type Row = Readonly<Record<string, unknown>>

/** A field of a row that differs from what the log says. */
export interface Difference {
  readonly row: string
  readonly field: string
  readonly stored: unknown
  readonly folded: unknown
}

/** Every field of every row in which two ledgers differ. */
export const ledgerDifferences = (stored: Projection, folded: Projection): readonly Difference[] => [
  ...stateDifferences(stored.state, folded.state),
  ...jobDifferences(stored.jobs, folded.jobs).flatMap(({ differences }) => differences),
]

/** The fields of the queue's row in which it differs from the fold. */
export const stateDifferences = (stored: StateRow, folded: StateRow): readonly Difference[] =>
  differencesOf('job_queue_state', rowOf(stored), rowOf(folded))

/** The row of the queue is gone, though its log has events. */
export const noState: Difference = {
  row: 'job_queue_state',
  field: '*',
  stored: 'no row',
  folded: 'a row',
}

/** A queue without an event has no time of its own yet. */
function rowOf(state: StateRow): Row {
  return state.version === 0 ? { ...state, updated_at: 0 } : { ...state }
}

/** The jobs whose rows differ, each with every field that does. */
export function jobDifferences(
  stored: readonly JobRow[],
  folded: readonly JobRow[],
): readonly { readonly jobId: string; readonly differences: readonly Difference[] }[] {
  const wanted = new Map(folded.map((row) => [row.job_id, row]))
  const found: { jobId: string; differences: readonly Difference[] }[] = []
  for (const row of stored) {
    const jobId = row.job_id
    const twin = wanted.get(jobId)
    wanted.delete(jobId)
    const differences =
      twin === undefined
        ? [{ row: nameOf(jobId), field: '*', stored: 'a row', folded: 'no row' }]
        : differencesOf(nameOf(jobId), { ...row }, { ...twin })
    if (differences.length > 0) found.push({ jobId, differences })
  }
  for (const jobId of wanted.keys()) {
    const missing = { row: nameOf(jobId), field: '*', stored: 'no row', folded: 'a row' }
    found.push({ jobId, differences: [missing] })
  }
  return found
}

/** Every field in which what is remembered of jobs that were enqueued `once` differs from what the log says. */
export const onceDifferences = (found: readonly OnceDifference[]): readonly Difference[] =>
  found.flatMap(({ jobId, stored, logged }) => {
    const row = `job_queue_once ${jobId}`
    if (stored !== null && logged !== null) return differencesOf(row, stored, logged)
    const [is, says] = [stored, logged].map((side) => (side === null ? 'no row' : 'a row'))
    return [{ row, field: '*', stored: is, folded: says }]
  })

/** Ends and submissions that SQL has put in, and of which the log says something else. */
export const incomingDifferences = (found: readonly IncomingDifference[]): readonly Difference[] =>
  found.map(({ row, stored, logged }) => ({ row, field: '*', stored, folded: logged }))

const nameOf = (jobId: string): string => `job_queue_jobs ${jobId}`

function differencesOf(row: string, stored: Row, folded: Row): Difference[] {
  return Object.keys(folded)
    .filter((field) => !isSame(stored[field], folded[field]))
    .map((field) => ({ row, field, stored: stored[field], folded: folded[field] }))
}

/** Whether two JSON values are the same, in any order of keys. */
function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const [own, others] = [Object.entries(a), new Map(Object.entries(b))]
  return (
    own.length === others.size &&
    own.every(([key, value]) => others.has(key) && isSame(value, others.get(key)))
  )
}
