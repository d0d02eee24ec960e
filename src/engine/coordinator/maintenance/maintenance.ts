import { InterlockError, isInterlockError, type Ledger } from '../../core/index.ts'
import type { AppendRequest, LogRole, SnapshotRole } from '../../store/index.ts'
import type { WholeOptions } from '../api/options.ts'
import { type FailureLog, SingleFlight } from '../base/concurrency.ts'
import { retryWithin } from '../base/retry.ts'
import type { LogView } from '../replica/log-view.ts'
import { keepSnapshot, ledgerNear } from '../replica/snapshots.ts'
import { Projector } from './projector.ts'
import { Retention } from './retention.ts'

/** This process's share of the work that any process can do: update the user's tables, write snapshots, archive. */
export type Maintenance = ReturnType<typeof maintenanceOf>

export function maintenanceOf(
  log: LogView,
  { store, queue, snapshotEvery, logger }: WholeOptions,
  failures: FailureLog,
) {
  const ledger = () => log.ledger
  const { looks } = log
  const version = () => log.knownVersion
  const projector = new Projector({ store, looks, queue, version, logger, failures })
  const snapshots = new Snapshots({ store, queue, every: snapshotEvery, ledger, failures })
  const retention = new Retention({ store, queue, ledger, now: () => log.clock.now(), failures })
  return {
    /** A replica that knows nothing starts from the newest snapshot. */
    begin: async () => {
      if (log.version === 0) log.replica.startFrom(await snapshots.newest())
    },
    start: () => retention.start(),
    /** Appends, and lets the user's tables follow in the same call. */
    append: (request: AppendRequest) => projector.append(store, request),
    /** An append of this process has led from one ledger to the other. It took in rows or not. */
    followAppend: (before: Ledger, after: Ledger, hasRows: boolean) => {
      if (!projector.has(after.version)) projector.follow(before.lastAt, after.lastAt, hasRows)
      snapshots.follow(before.version, after.version)
    },
    /** Writes to the user's tables what they do not show yet. @param inCase the combiner does so too */
    catchUp: (inCase = false) => {
      if (inCase) projector.makeSure()
      else if (projector.last?.version !== log.version) projector.nudge()
    },
    /** How far the user's tables are behind. */
    lag: () => projector.lag,
    /** Stops work that can be taken up again at any time. */
    pause: () => retention.stop(),
    close: async () => {
      await projector.close()
      await snapshots.close()
      await retention.stop()
    },
  }
}

export interface SnapshotsOptions {
  readonly store: Pick<LogRole, 'read'> & SnapshotRole
  readonly queue: string
  /** The number of events between snapshots; more while many jobs are live, see {@link stepOf}. */
  readonly every: number
  readonly ledger: () => Ledger
  readonly failures: FailureLog
}

/** How long a closing process goes on with a snapshot that it has begun. */
const CLOSE_MS = 2_000
/** How long to try one chunk of a snapshot again, before the process that joins tries the whole. */
const CHUNK_MS = 5_000

/**
 * Keeps snapshots of the folded ledger, for processes that start later. A snapshot only saves time: if it cannot be written, it
 * is skipped.
 */
class Snapshots {
  readonly #options: SnapshotsOptions
  readonly #ending = new AbortController()
  /** A snapshot has hundreds of chunks: where every third call fails, one that is begun again is never read to its end. */
  readonly #chunks = { forMs: CHUNK_MS, signal: this.#ending.signal }
  readonly #flight: SingleFlight

  constructor(options: SnapshotsOptions) {
    this.#options = options
    this.#flight = new SingleFlight(
      () => this.#write(),
      (error) => (this.#ending.signal.aborted ? undefined : options.failures.note(error)),
    )
  }

  /**
   * The ledger from which a process that starts now goes on.
   * @throws InterlockError `archived`, `database_newer`, `corrupt_log` if the log was cut and the snapshot of the cut cannot be
   * read
   */
  newest(): Promise<Ledger> {
    const { store, queue, failures } = this.#options
    // A newer release may run beside this one: a snapshot of it is no failure.
    const passOver = (error: unknown) => isInterlockError(error, 'database_newer') || failures.note(error)
    const chunk: typeof store.chunk = (...key) => retryWithin(this.#chunks, () => store.chunk(...key))
    return ledgerNear({ ...store, chunk }, queue, null, passOver)
  }

  /** This process has appended the events between these numbers. The process that appends every so-many-th event makes the snapshot. */
  follow(before: number, after: number): void {
    const { every, ledger } = this.#options
    if (isSame(every) || this.#flight.isRunning || isSame(stepOf(every, ledger().jobs.size))) return
    void this.#flight.join()

    function isSame(step: number): boolean {
      return Math.floor(before / step) === Math.floor(after / step)
    }
  }

  /** Finishes the snapshot of a short line. It does not wait for one of a million jobs: half a snapshot is invisible. */
  async close(): Promise<void> {
    const abort = () => this.#ending.abort(new InterlockError('closed', 'the coordinator was closed'))
    const late = setTimeout(abort, CLOSE_MS)
    await this.#flight.idle()
    clearTimeout(late)
  }

  async #write(): Promise<void> {
    const { store, queue, ledger } = this.#options
    const { signal } = this.#ending
    // First let the answers to the last append go out.
    await new Promise((resolve) => setImmediate(resolve))
    await keepSnapshot(store, queue, ledger(), { signal })
  }
}

/**
 * The cost of a snapshot grows with the live jobs, its use with the events since the last one. So `every` is doubled until there
 * are at most 8 live jobs for each event: with a million jobs, a snapshot comes every 200,000 events.
 */
export function stepOf(every: number, jobs: number): number {
  let step = every
  while (jobs > 8 * step) step *= 2
  return step
}
