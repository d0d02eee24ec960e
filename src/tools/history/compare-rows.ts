import { type JobRow, type Ledger, projectionAt } from '../../engine/core/index.ts'
import type { Projection } from '../../engine/store/index.ts'
import { type Opened, telling } from './access.ts'
import { type Difference, jobDifferences, stateDifferences } from './row-differences.ts'

/** Rows in one page: some 3 MB as text, however many live jobs there are. */
export const ROWS = 5_000
/** Jobs that one call asks for by their ids. */
const IDS = 1_000

export interface Compared {
  readonly differences: readonly Difference[]
  /** The jobs whose row is wrong, missing, or too much. */
  readonly wrong: readonly string[]
  /** How many rows there are. */
  readonly rows: number
  /** The ledger at the version of the last page. */
  readonly ledger: Ledger
}

/** Folds on to a version; null: it cannot. */
export type Advance = (ledger: Ledger, version: number) => Promise<Ledger | null>

/**
 * Compares every row of the inner projection with the fold of the log, page by page. Each page is compared with the fold at the
 * page's own version. So the result is exact while workers append, needs no long transaction, and takes the memory of one page.
 * @param first the first page, already read
 * @param from the ledger at the version of that page
 * @param onRows called with the rows of each page, each row once
 * @returns null if the log cannot be folded on
 */
export async function compareRows(
  access: Opened,
  first: Projection,
  from: Ledger,
  advance: Advance,
  onRows: (rows: readonly JobRow[]) => void = () => {},
): Promise<Compared | null> {
  const { store, queue, signal } = access
  const comparison = new Comparison(from)
  const progress = telling(access, 'rows compared', from.jobs.size)
  try {
    for (let page: Projection | null = first; page !== null; ) {
      onRows(page.jobs)
      if (!(await comparison.take(page, null, advance))) return null
      progress.update(comparison.rows)
      signal.throwIfAborted()
      page = await pageAfter(access, page)
    }
    // Jobs that came after their page was read, and jobs that are missing.
    const unseen = comparison.unseen()
    for (let at = 0; at < unseen.length; at += IDS) {
      const jobIds = unseen.slice(at, at + IDS)
      const page = await store.projectionPage(queue, { jobIds })
      if (page !== null && !(await comparison.take(page, jobIds, advance))) return null
      signal.throwIfAborted()
    }
    return comparison.result()
  } finally {
    progress.stop()
  }
}

/** The page after this one; null: this was the last one. */
export async function pageAfter({ store, queue }: Opened, { jobs }: Projection): Promise<Projection | null> {
  const after = jobs.at(-1)?.job_id
  if (after === undefined || jobs.length < ROWS) return null
  return store.projectionPage(queue, { after, limit: ROWS })
}

class Comparison {
  rows = 0
  #ledger: Ledger
  #state: readonly Difference[] = []
  readonly #jobs: Difference[] = []
  readonly #wrong: string[] = []
  readonly #seen = new Set<string>()

  constructor(from: Ledger) {
    this.#ledger = from
  }

  /** @param asked the jobs that were asked for; null: those that have rows @returns false: the log cannot be folded on */
  async take(
    { state, jobs }: Projection,
    asked: readonly string[] | null,
    advance: Advance,
  ): Promise<boolean> {
    if (state.version !== this.#ledger.version) {
      const next = await advance(this.#ledger, state.version)
      if (next === null) return false
      this.#ledger = next
    }
    const jobIds = asked ?? jobs.map((row) => row.job_id)
    const folded = projectionAt(this.#ledger, jobIds)
    this.#state = stateDifferences(state, folded.state)
    for (const { jobId, differences } of jobDifferences(jobs, folded.jobs)) {
      this.#wrong.push(jobId)
      this.#jobs.push(...differences)
    }
    this.rows += jobs.length
    for (const jobId of jobIds) this.#seen.add(jobId)
    return true
  }

  unseen(): readonly string[] {
    const unseen: string[] = []
    for (const { jobId } of this.#ledger.jobs) if (!this.#seen.has(jobId)) unseen.push(jobId)
    return unseen
  }

  result(): Compared {
    const differences = [...this.#state, ...this.#jobs]
    return { differences, wrong: this.#wrong, rows: this.rows, ledger: this.#ledger }
  }
}
