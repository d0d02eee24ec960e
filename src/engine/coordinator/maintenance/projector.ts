import { MICROS_PER_MS, type Micros } from '../../core/index.ts'
import type {
  AppendAnswer,
  AppendRequest,
  AppendRole,
  LookPolicy,
  ProjectStep,
  RefusedRows,
  UserTablesRole,
} from '../../store/index.ts'
import { type FailureLog, SingleFlight } from '../base/concurrency.ts'
import type { Logger } from '../base/logger.ts'
import { pause } from '../base/retry.ts'

/** The most events of one step: some 100 ms of writing to the user's tables. */
const BATCH = 1_000
/**
 * The pause between two steps. Alone, a step follows its append at once. Under load one step follows several appends, since a
 * step costs the database as much as an append.
 */
const REST_MS = 20
/**
 * The pause after a step that found no row to write. Most queues never have one; a step takes a third of what a hand-off takes, and
 * the lock that the next append waits for. A job that is made of a row ends this pause.
 */
const IDLE_REST_MS = 250
/**
 * The pause while another process updates the tables and will leave little to do. With 16 processes most calls would find it
 * busy.
 */
const BUSY_REST_MS = 200
/** If there is no table to write to, how often to look for one. A look also clears the rows that wait for a table. */
const LOOK_MS = 600_000
/** How often to try again what was set aside, or a table that is locked. */
const AGAIN_MS = 1_000
/**
 * If each call has its price: in each second, the first process to append updates the tables for all, and the others make sure
 * later, in case it is gone. After a step that found no row to write, it is the first one in three seconds.
 */
const FOR_ALL_MS = { withRows: 1_000, without: 3_000 }
const IN_CASE_MS = 4_000
/**
 * If each call has its price, a step goes along with an append, after which the queue's lock is held until the step is over. So it has to
 * be short: the last one was, the append has few events, and the step follows no more than these.
 */
const ALONG = { ms: 50, events: 100 }
/** So long after a job with a row, steps go along. */
const ROWS_MS = 60_000

export interface ProjectorOptions {
  readonly store: Pick<UserTablesRole, 'project'>
  readonly looks: LookPolicy
  readonly queue: string
  /** The version that the log has reached, as far as this process has heard. */
  readonly version: () => number
  readonly logger: Logger
  readonly failures: FailureLog
}

/**
 * Updates the coordination columns of the user's tables after the log, in transactions of their own, so that an open `UPDATE
 * jobs` cannot stop the queue. One step runs at a time; the next one follows all appends that came meanwhile.
 */
export class Projector {
  readonly #options: ProjectorOptions
  readonly #refusals: Refusals
  readonly #flight: SingleFlight
  readonly #closing = new AbortController()
  /** The pause between two steps, while it may be cut short. */
  #idle: AbortController | undefined
  #retry: NodeJS.Timeout | undefined
  #forAll: NodeJS.Timeout | undefined
  #inCase: NodeJS.Timeout | undefined
  /** True while there is no table to write to, and after `close`. */
  #resting = false
  #last: ProjectStep | undefined
  /** By `performance.now()`: when the tables were last known to follow everything. */
  #reachedAt = performance.now()
  #lookedAt = Number.NEGATIVE_INFINITY
  #foundRowsAt = Number.NEGATIVE_INFINITY
  /** The last step that went along did not fail. */
  #goesAlong = true

  constructor(options: ProjectorOptions) {
    this.#options = options
    this.#refusals = new Refusals(options.logger)
    this.#flight = new SingleFlight(
      () => this.#step(),
      (error) => {
        options.failures.note(error)
        this.#tryAgain(AGAIN_MS)
      },
    )
  }

  /** How the last step ended. Undefined before the first. */
  get last(): ProjectStep | undefined {
    return this.#last
  }

  /** How far the tables are behind, as far as this process has seen; null: it has not looked, or there are none. */
  get lag(): { readonly events: number; readonly ms: number; readonly setAside: number } | null {
    const last = this.#last
    if (last === undefined || (last.targets === 0 && !last.busy)) return null
    const events = Math.max(0, this.#options.version() - last.projectedSeq)
    return { events, ms: events === 0 ? 0 : performance.now() - this.#reachedAt, setAside: last.setAside }
  }

  /**
   * This process has appended at `at`, after an event at `before`. If each call has its price, the process that appends first in
   * a period updates the tables at its end for all, and after a quiet one at once as well. The others only make sure, later.
   * @param hasRows a job was made of a row, whose columns are updated at once
   */
  follow(before: Micros, at: Micros, hasRows = false): void {
    if (hasRows) this.#idle?.abort()
    if (!this.#options.looks.oneProjects) return this.nudge()
    const ms = hasRows || this.#findsRows ? FOR_ALL_MS.withRows : FOR_ALL_MS.without
    const period = ms * MICROS_PER_MS
    if (at - before > period) this.nudge()
    clearTimeout(this.#inCase)
    if (Math.floor(before / period) < Math.floor(at / period))
      this.#forAll ??= setTimeout(() => this.#followAll(), ms)
    else if (this.#forAll === undefined) this.#inCase = setTimeout(() => this.nudge(), IN_CASE_MS)
  }

  /** The tables follow the log up to this version, as far as they can. */
  has(version: number): boolean {
    const last = this.#last
    return last !== undefined && !last.busy && last.setAside === 0 && last.projectedSeq >= version
  }

  /** Appends, and a step goes along if it is quick. */
  async append(store: Pick<AppendRole, 'append'>, request: AppendRequest): Promise<AppendAnswer> {
    if (request.rows !== undefined) this.#foundRowsAt = performance.now()
    if (!this.#mayGoAlong(request)) return store.append(request)
    // A trigger that takes too long fails the append too: the next one goes without it.
    this.#goesAlong = false
    const answer = await store.append({ ...request, project: ALONG.events })
    this.#goesAlong = !answer.ok || answer.projected !== undefined
    if (answer.ok && answer.projected !== undefined) this.#wentAlong(answer.projected)
    return answer
  }

  #mayGoAlong({ events }: AppendRequest): boolean {
    const { tookMs = Number.POSITIVE_INFINITY, busy, setAside, targets } = this.#last ?? noStep
    const isQuick = targets > 0 && !busy && setAside === 0 && tookMs <= ALONG.ms
    return this.#goesAlong && isQuick && this.#findsRows && events.length <= ALONG.events
  }

  #wentAlong(step: ProjectStep): void {
    this.#note(step)
    if (this.has(step.version)) {
      clearTimeout(this.#forAll)
      clearTimeout(this.#inCase)
      this.#forAll = undefined
    } else this.#tryAgain(AGAIN_MS)
  }

  /** Others update the tables. Looks now and then whether they do. */
  makeSure(): void {
    if (performance.now() - this.#lookedAt >= IN_CASE_MS) this.nudge()
  }

  /** Something was appended. */
  nudge(): void {
    if (!this.#resting) void this.#flight.request()
  }

  /** Follows what is left, unless a table is locked, and stops. */
  async close(): Promise<void> {
    clearTimeout(this.#forAll)
    clearTimeout(this.#inCase)
    if ((this.#last?.projectedSeq ?? 0) < this.#options.version()) this.nudge()
    this.#closing.abort()
    this.#idle?.abort()
    await this.#flight.idle()
    clearTimeout(this.#retry)
    this.#resting = true
  }

  async #step(): Promise<void> {
    const { store, queue } = this.#options
    const step = await store.project(queue, BATCH)
    this.#note(step)
    this.#goesAlong = true
    await this.#pauseAfter(step)
    if (step.targets === 0 && !step.busy) this.#rest()
    else if (!step.busy && step.projectedSeq < step.version) void this.#flight.request()
    if (step.busy || step.setAside > 0) this.#tryAgain(AGAIN_MS)
  }

  #note(step: ProjectStep): void {
    const now = performance.now()
    this.#last = step
    this.#lookedAt = now
    if (step.projectedSeq >= step.version) this.#reachedAt = now
    if (step.written > 0) this.#foundRowsAt = now
    if (!step.busy) this.#refusals.note(step.refused ?? [])
  }

  async #pauseAfter({ busy, written, setAside, projectedSeq, version }: ProjectStep): Promise<void> {
    const { signal } = this.#closing
    if (busy) return pause(BUSY_REST_MS, signal)
    if (written > 0 || setAside > 0 || projectedSeq < version || signal.aborted) return pause(REST_MS, signal)
    this.#idle = new AbortController()
    await pause(IDLE_REST_MS, this.#idle.signal)
    this.#idle = undefined
  }

  /** The last step wrote to the user's tables, or has still to; or there was a job with a row a moment ago. */
  get #findsRows(): boolean {
    const last = this.#last
    if (last === undefined || last.busy || last.written > 0 || last.setAside > 0) return true
    return performance.now() - this.#foundRowsAt < ROWS_MS
  }

  #followAll(): void {
    this.#forAll = undefined
    if ((this.#last?.projectedSeq ?? 0) < this.#options.version()) this.nudge()
  }

  #rest(): void {
    this.#resting = true
    this.#tryAgain(LOOK_MS)
  }

  #tryAgain(ms: number): void {
    clearTimeout(this.#retry)
    this.#retry = setTimeout(() => {
      this.#resting = false
      this.nudge()
    }, ms).unref()
  }
}

/** Reports that the user's tables refuse rows: once per table and SQLSTATE, until they accept them again. */
class Refusals {
  readonly #logger: Logger
  #reported: ReadonlySet<string> = new Set()

  constructor(logger: Logger) {
    this.#logger = logger
  }

  note(refused: readonly RefusedRows[]): void {
    for (const { target, sqlstate, rows, example } of refused) {
      if (this.#reported.has(key(target, sqlstate))) continue
      const which =
        rows === 1
          ? `the row of ${target} of job ${example}`
          : `${rows} rows of ${target}, such as ${example},`
      this.#logger.error(
        `[COORDINATOR] ${which} cannot be written (${meaningOf(sqlstate)}); the queue goes on, and Interlock tries again; \`npx interlock-queue doctor\` says what to do`,
        { event: 'rows.refused', job_id: example, code: sqlstate },
      )
    }
    this.#reported = new Set(refused.map(({ target, sqlstate }) => key(target, sqlstate)))
  }
}

const noStep: ProjectStep = { projectedSeq: 0, version: 0, written: 0, setAside: 0, busy: true, targets: 0 }

const key = (target: string, sqlstate: string): string => `${target} ${sqlstate}`

function meaningOf(sqlstate: string): string {
  if (sqlstate.startsWith('23')) return `a constraint refuses it: ${sqlstate}`
  if (sqlstate.startsWith('22')) return `a status word does not fit the type of its column: ${sqlstate}`
  return `it raises ${sqlstate}`
}
