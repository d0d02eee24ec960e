import type { QueueBeside } from '../../../engine/coordinator/index.ts'
import {
  arrivalCodes,
  type CheckId,
  checkIds,
  jobFaults,
  type Ledger,
  type Micros,
  putOffCodes,
  reasonCodes,
} from '../../../engine/core/index.ts'
import { type Census, type CensusFacts, censusOf, jobsIn } from '../../insight/census.ts'
import { CensusWatch } from '../../insight/census-watch.ts'
import { wrongIn } from '../../insight/wrong.ts'
import type { WrongFacts } from '../../insight/wrong-facts.ts'

const submittedCodes = [...arrivalCodes.slice(0, 2), ...putOffCodes, 'unreadable']
const liveCodes = ['running', ...reasonCodes, ...jobFaults]

/** What a database says beside the log; absent: it was not asked for that. */
type KnownBesideLog = QueueBeside & Partial<Pick<WrongFacts, 'refused'>>

/** The jobs of a queue, each counted once. */
export interface CensusReading {
  /** How many live and submitted jobs are under which code of `explain`. */
  readonly jobs: ReadonlyMap<string, number>
  /** How many may start, and since when the first of them; null: none may. */
  readonly startable: number
  readonly startableSince: Micros | null
  /** Which checks found something wrong, and which nothing; those that could not be asked are not there. */
  readonly wrong: ReadonlyMap<CheckId, boolean>
}

/** So many live jobs are counted while a scrape waits: some milliseconds. More are counted beside other work, for the next scrape. */
const AT_ONCE = 2_000
/** How long what the database says beside the log is good, in milliseconds. */
const GOOD_MS = 15_000

/** Each live and submitted job under exactly one of the codes of `explain`, and what is wrong. No scrape waits for the database. */
export class QueueCensus {
  readonly #watch = new CensusWatch()
  readonly #ask: () => Promise<KnownBesideLog>
  #beside: KnownBesideLog | null = null
  #askedAt = Number.NEGATIVE_INFINITY
  #last: Census | null = null

  /** @param ask what the database says beside the log: asked every {@link GOOD_MS} at most, while somebody reads */
  constructor(ask: () => Promise<KnownBesideLog>) {
    this.#ask = ask
    void this.#lookBeside()
  }

  /** Null: they are counted for the first time. */
  read(ledger: Ledger, now: Micros): CensusReading | null {
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
    return this.#last && { ...this.#sums(this.#last), wrong: this.#wrong(facts, this.#last) }
  }

  /** What could not be read is not known: then nobody is told of what was submitted. */
  async #lookBeside(): Promise<void> {
    if (performance.now() - this.#askedAt < GOOD_MS) return
    this.#askedAt = performance.now()
    this.#beside = await this.#ask().catch(() => null)
  }

  #sums(census: Census): Omit<CensusReading, 'wrong'> {
    const outside = this.#beside?.outside
    const codes = outside === undefined || outside === null ? liveCodes : [...liveCodes, ...submittedCodes]
    const jobs = new Map(codes.map((code) => [code, 0]))
    const add = (code: string, more: number) => jobs.set(code, (jobs.get(code) ?? 0) + more)
    for (const row of census) add(row.code ?? 'running', row.jobs)
    for (const row of outside?.submitted ?? []) add(jobs.has(row.code) ? row.code : 'unreadable', row.jobs)
    const startable = census.filter(({ kind }) => kind !== null)
    const startableSince = startable.length === 0 ? null : Math.min(...startable.map(({ since }) => since))
    return { jobs, startable: jobsIn(startable, () => true), startableSince }
  }

  /** Without the database nobody knows whether a process is alive, and so nothing. */
  #wrong(facts: CensusFacts, census: Census): CensusReading['wrong'] {
    if (this.#beside === null) return new Map()
    const { workers, outside, refused } = this.#beside
    const found = new Set(
      wrongIn({ ...facts, workers, outside, refused, census, dead: undefined }).map(({ id }) => id),
    )
    const asked = checkIds.filter((id) => !ofLetters.has(id) && (refused !== undefined || !ofRefused.has(id)))
    return new Map(asked.map((id) => [id, found.has(id)]))
  }
}

/** Dead letters have a counter. */
const ofLetters: ReadonlySet<CheckId> = new Set(['dead', 'many_dead'])
const ofRefused: ReadonlySet<CheckId> = new Set(['refused', 'not_taken_in'])
