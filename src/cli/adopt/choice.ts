import { specOfRow } from '../../coordinator/inbox/row-intake.ts'
import { InterlockError, isInterlockError } from '../../core/index.ts'
import type { AdoptableFilter, AdoptableRow, AdoptableState, LogStore } from '../../port/index.ts'

/** A row that could be taken in, and what speaks against it. */
export interface Candidate {
  readonly row: AdoptableRow
  /** Why no job can be made of it as it is; null: it can. */
  readonly cannot: string | null
  /** What somebody should know before he takes it in; null: nothing. */
  readonly beware: string | null
}

export interface Choice {
  /** Of all rows there are, by state; null: Interlock cannot use the table. */
  readonly totals: { readonly [state: string]: number } | null
  readonly candidates: readonly Candidate[]
  /** Ids that were asked for and are not there to be taken in. */
  readonly unknown: readonly string[]
}

/** What would be taken in, in order. Reads only. */
export async function chosenBy(store: LogStore, filter: AdoptableFilter): Promise<Choice> {
  const { totals, rows } = await store.adoptable(filter)
  const found = new Set(rows.map(({ jobId }) => jobId))
  return {
    totals,
    candidates: rows.map(candidateOf),
    unknown: (filter.jobIds ?? []).filter((jobId) => !found.has(jobId)),
  }
}

function candidateOf(row: AdoptableRow): Candidate {
  const spec = specOfRow(row)
  if (isInterlockError(spec)) return { row, cannot: spec.message, beware: null }
  if (row.state === 'running') {
    return { row, cannot: null, beware: 'says that it runs: make sure that nothing does, it will run anew' }
  }
  const beware = row.models.length === 0 ? 'names no model: it runs beside everything' : null
  return { row, cannot: null, beware }
}

/** Takes in those that can be. Returns the ids of those that arrived. */
export async function adopt(store: LogStore, queue: string, choice: Choice): Promise<readonly string[]> {
  if (choice.totals === null) throw noTable
  const able = choice.candidates.filter(({ cannot }) => cannot === null)
  return store.adopt(
    queue,
    able.map(({ row }) => row.jobId),
  )
}

const noTable = new InterlockError(
  'invalid_input',
  'there is no table `jobs` that Interlock can use (job_id text or uuid, status, and the right to update it); see docs/migration-guide.md',
)

/** @throws InterlockError `invalid_input` */
export function parseState(word: string): AdoptableState {
  if (word === 'pending' || word === 'running') return word
  throw new InterlockError('invalid_input', '--status takes pending or running')
}
