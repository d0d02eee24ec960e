import type { QueueBeside } from '../../../engine/coordinator/index.ts'
import { arrivalCodes, jobFaults, type Ledger, type Micros, reasonCodes } from '../../../engine/core/index.ts'
import { type Census, censusOf } from '../../insight/census.ts'
import { CensusWatch } from '../../insight/census-watch.ts'

/** Why a submitted job is put off; any other code is that of one that no process could read. */
const putOff = ['job_exists', 'unknown_model', 'models_required', 'parent_unknown', 'flow_cycle'] as const
const submittedCodes = [...arrivalCodes.slice(0, 2), ...putOff, 'unreadable']
const liveCodes = ['running', ...reasonCodes, ...jobFaults]

/** How many jobs are under which code. */
export type JobCounts = ReadonlyMap<string, number>

/** So many live jobs are counted while a scrape waits: some milliseconds. More are counted beside other work, for the next scrape. */
const AT_ONCE = 2_000
/** How long what the database says beside the log is good, in milliseconds. */
const GOOD_MS = 15_000

/** Each live and submitted job under exactly one of the codes of `explain`. No scrape waits for the database. */
export class CodeCounts {
  readonly #watch = new CensusWatch()
  readonly #ask: () => Promise<QueueBeside>
  #beside: QueueBeside | null = null
  #askedAt = Number.NEGATIVE_INFINITY
  #last: Census | null = null

  /** @param ask what the database says beside the log: asked every {@link GOOD_MS} at most, while somebody reads */
  constructor(ask: () => Promise<QueueBeside>) {
    this.#ask = ask
    void this.#lookBeside()
  }

  /** Null: they are counted for the first time. */
  read(ledger: Ledger, now: Micros): JobCounts | null {
    void this.#lookBeside()
    const ending = new Set<string>(this.#beside?.outside?.ending)
    const facts = { ledger, now, workers: this.#beside?.workers ?? null, ending }
    if (ledger.jobs.size <= AT_ONCE) this.#last = censusOf(facts)
    else
      this.#watch.look(facts).then(
        (census) => {
          this.#last = census
        },
        () => {},
      )
    return this.#last && this.#sum(this.#last)
  }

  /** What could not be read is not known: then nobody is told of what was submitted. */
  async #lookBeside(): Promise<void> {
    if (performance.now() - this.#askedAt < GOOD_MS) return
    this.#askedAt = performance.now()
    this.#beside = await this.#ask().catch(() => null)
  }

  #sum(census: Census): JobCounts {
    const outside = this.#beside?.outside
    const codes = outside === undefined || outside === null ? liveCodes : [...liveCodes, ...submittedCodes]
    const counts = new Map(codes.map((code) => [code, 0]))
    const add = (code: string, jobs: number) => counts.set(code, (counts.get(code) ?? 0) + jobs)
    for (const { code, jobs } of census) add(code ?? 'running', jobs)
    for (const { code, jobs } of outside?.submitted ?? []) add(counts.has(code) ? code : 'unreadable', jobs)
    return counts
  }
}
