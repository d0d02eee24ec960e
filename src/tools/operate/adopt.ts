import { specOfRow } from '../../engine/coordinator/inbox/row-intake.ts'
import { invalidInput, isInterlockError, manual } from '../../engine/core/index.ts'
import { checkCall } from '../../engine/events/index.ts'
import type { AdoptableFilter, AdoptableRow, AdoptableState, ToolStore } from '../../engine/store/index.ts'
import { isoTimeOrNull } from '../format/index.ts'
import { opened } from '../history/access.ts'
import type { Access } from '../history/index.ts'

/** Which rows of `jobs` are meant. */
export interface AdoptOptions {
  /** Rows in these states; `pending` unless given, or any state if you give `jobIds`. */
  readonly states?: readonly AdoptableState[] | undefined
  /** The rows of these jobs. */
  readonly jobIds?: readonly string[] | undefined
  /** At most this many, the oldest first: a whole number from 1 to 10,000; 10,000 unless given. */
  readonly limit?: number | undefined
}

/** What `adoptable` and `adopt` give: the document that `interlock adopt --json` prints. */
export interface AdoptDocument {
  /** Which queue. */
  readonly queue: string
  /** `{ pending, running }`: how many such rows there are in all, by state; null: Interlock cannot use the table. */
  readonly totals: { readonly [state: string]: number } | null
  /** Ids of the rows that were taken in; null: nothing was changed. */
  readonly adopted: readonly string[] | null
  /** Ids that you asked for, which no adoptable row has. */
  readonly unknown: readonly string[]
  /** `{ jobId, state, jobType, kind, models, priority }`: the rows that you asked for, in the order in which they are taken in. */
  readonly jobs: readonly AdoptableDocument[]
}

/** A row that could be taken in: times as ISO texts. */
export interface AdoptableDocument extends Omit<AdoptableRow, 'since'>, Omit<Candidate, 'row'> {
  /** When it was queued, or else made; null: it does not say. */
  readonly since: string | null
}

/**
 * Lists rows of `jobs` that no log knows, and why they may not be taken in. Reads only. @throws InterlockError `invalid_input`
 */
export async function adoptable(given: Access, options: AdoptOptions = {}): Promise<AdoptDocument> {
  const access = opened(given)
  return adoptDocument(access.queue, await chosenBy(access.store, filterOf(options)), null)
}

/**
 * Takes in the rows that can be; workers with intake put them in line.
 * @throws InterlockError `invalid_input`, also if there is no table `jobs` that Interlock can use; `store_unavailable`
 */
export async function adopt(given: Access, options: AdoptOptions = {}): Promise<AdoptDocument> {
  const { store, queue } = opened(given)
  const choice = await chosenBy(store, filterOf(options))
  return adoptDocument(queue, choice, await adoptChosen(store, queue, choice))
}

/** @throws InterlockError `invalid_input` */
export function filterOf(options: AdoptOptions): AdoptableFilter {
  checkCall('adopt', options)
  const { states, jobIds, limit = 10_000 } = options
  if (jobIds === undefined) return { states: states ?? ['pending'], limit }
  return { jobIds, ...(states === undefined ? {} : { states }), limit }
}

export const adoptDocument = (
  queue: string,
  { totals, unknown, candidates }: Choice,
  adopted: readonly string[] | null,
): AdoptDocument => ({
  queue,
  totals,
  adopted,
  unknown,
  jobs: candidates.map(({ row, cannot, beware }) => ({
    ...row,
    since: isoTimeOrNull(row.since),
    cannot,
    beware,
  })),
})

/** A row that could be taken in, and what speaks against it. */
export interface Candidate {
  readonly row: AdoptableRow
  /** Why no job can be made of it; null: one can. */
  readonly cannot: string | null
  /** What you should know before you take it in; null: nothing. */
  readonly beware: string | null
}

export interface Choice {
  /** How many such rows there are in all, by state; null: Interlock cannot use the table. */
  readonly totals: { readonly [state: string]: number } | null
  readonly candidates: readonly Candidate[]
  /** Ids that were asked for, which no adoptable row has. */
  readonly unknown: readonly string[]
}

/** The rows that would be taken in, in order. Reads only. */
export async function chosenBy(
  store: Pick<ToolStore, 'adoptable'>,
  filter: AdoptableFilter,
): Promise<Choice> {
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
    return {
      row,
      cannot: null,
      beware: 'its status says that it runs: make sure that it does not, since Interlock will run it again',
    }
  }
  const beware = row.models.length === 0 ? 'names no model: it runs beside all other jobs' : null
  return { row, cannot: null, beware }
}

/** Takes in the rows that can be. Returns the ids of those that arrived. */
export async function adoptChosen(
  store: Pick<ToolStore, 'adopt'>,
  queue: string,
  choice: Choice,
): Promise<readonly string[]> {
  if (choice.totals === null) throw noTable
  const able = choice.candidates.filter(({ cannot }) => cannot === null)
  return store.adopt(
    queue,
    able.map(({ row }) => row.jobId),
  )
}

const noTable = invalidInput(
  `there is no table \`jobs\` that Interlock can use (job_id text or uuid, status, and the right to update it); see ${manual.yourTables}`,
)
