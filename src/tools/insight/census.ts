import {
  codesIn,
  type Job,
  type Ledger,
  type LiveCode,
  type LiveCodeOf,
  type Micros,
  type QueueFacts,
} from '../../engine/core/index.ts'

/** Live jobs that one and the same keeps. Those that may start are told apart by their kind. */
export interface CensusRow {
  /** Null: nothing does, they run. */
  readonly code: LiveCode | null
  readonly active: boolean
  /** Of jobs that may start, or wait for a worker; null: of all others. */
  readonly kind: string | null
  /** A job for which no process serves a place: its code is `no_worker` too. */
  readonly unserved: boolean
  jobs: number
  /** The one that has been so the longest, and since when: a waiting one that was offered since then, else since it waits. */
  jobId: string
  since: Micros
}

/** How many live jobs wait for what: each job in one row. */
export type Census = readonly CensusRow[]

/** @param ledger that which is counted */
export type CensusFacts = QueueFacts & { readonly ledger: Ledger }

/** Counts all live jobs at once. For a queue that somebody waits for; a process that has other work counts in turns. */
export function censusOf(facts: CensusFacts): Census {
  const counting = counted(facts)
  for (;;) {
    const { done, value } = counting.next()
    if (done === true) return value
  }
}

/** Jobs that are counted before others may have their turn. */
const AT_ONCE = 50

export function* counted(facts: CensusFacts): Generator<void, Census> {
  const codeOf = codesIn(facts)
  const rows = new Map<string, CensusRow>()
  let n = 0
  for (const job of facts.ledger.jobs) {
    count(rows, job, codeOf)
    if (++n % AT_ONCE === 0) yield
  }
  return [...rows.values()]
}

/** Whether nothing but a worker is missing: one definition, of doctor, health and the dashboard. */
export const mayStart = (code: LiveCode | null, { held }: Pick<Job, 'held'>): boolean =>
  code === 'offered' || (code === 'no_worker' && held === null)

function count(rows: Map<string, CensusRow>, job: Job, codeOf: LiveCodeOf): void {
  const code = codeOf(job)
  const unserved = code === 'no_worker' && job.held !== null
  const kind = mayStart(code, job) ? job.spec.kind : null
  const key =
    kind !== null ? `${code} ${kind}` : `${code ?? ''}${job.active ? '!' : ''}${unserved ? '?' : ''}`
  const since = job.active ? job.startedAt : (job.offeredAt ?? job.waitingSince)
  const known = rows.get(key)
  if (known === undefined) {
    rows.set(key, { code, active: job.active, kind, unserved, jobs: 1, jobId: job.jobId, since })
    return
  }
  known.jobs++
  if (since >= known.since) return
  known.since = since
  known.jobId = job.jobId
}

/** How many of the census are so. */
export const jobsIn = (census: Census, wanted: (row: CensusRow) => boolean): number =>
  census.reduce((sum, row) => sum + (wanted(row) ? row.jobs : 0), 0)
