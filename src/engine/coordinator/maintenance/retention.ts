import { InterlockError, type Ledger, MICROS_PER_SECOND, type Micros, Replayer } from '../../core/index.ts'
import { type ArchiveRole, type LogRole, pagesAfter, type SnapshotRole } from '../../store/index.ts'
import { type FailureLog, SingleFlight } from '../base/concurrency.ts'
import { pause } from '../base/retry.ts'
import { keepSnapshot, ledgerNear, readSnapshot } from '../replica/snapshots.ts'

const EVERY_MS = 3_600_000
const DAY: Micros = 86_400 * MICROS_PER_SECOND

export interface RetentionOptions {
  readonly store: CutStore
  readonly queue: string
  readonly ledger: () => Ledger
  readonly now: () => Micros
  readonly failures: FailureLog
}

/** The most tries: a process that keeps a snapshot at the same moment gets in the way of a cut. */
const TRIES = 5
const PAUSE_MS = 1_000

/**
 * Carries out `retentionDays` of the policy. Once an hour each process asks whether there are older events, and one is told where
 * to cut. It folds the log up to there, keeps that as a snapshot, and archives or drops the events below it, as the policy's
 * `archive` says. It needs no existing snapshot and no cron.
 */
export class Retention {
  readonly #options: RetentionOptions
  #timer: NodeJS.Timeout | undefined
  readonly #flight: SingleFlight
  #ending = new AbortController()

  constructor(options: RetentionOptions) {
    this.#options = options
    this.#flight = new SingleFlight(
      async () => void (await this.carryOut()),
      (error) => (this.#ending.signal.aborted ? undefined : options.failures.note(error)),
    )
  }

  /**
   * The first run comes within a minute, at a random time: short-lived processes do not all begin with it, and not all run it at
   * once.
   */
  start(): void {
    clearTimeout(this.#timer)
    this.#ending = new AbortController()
    this.#timer = setTimeout(() => this.#run(), Math.random() * 60_000).unref()
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer)
    this.#ending.abort()
    await this.#flight.idle()
  }

  /** Runs once, now. Returns how many events have left the log. */
  async carryOut(): Promise<number> {
    const { store, queue, ledger, now } = this.#options
    const { retentionDays, archive } = ledger().policy
    if (retentionDays === null) return 0
    const through = await store.claimCut(queue, now() - retentionDays * DAY)
    if (through === null) return 0
    const { signal } = this.#ending
    await keepForCut(store, queue, await foldInBackground(store, queue, through, signal), signal)
    for (let tries = 1; ; tries++) {
      const { archived } = await store.archive(queue, through, archive === 'keep')
      if (archived > 0 || tries === TRIES) return archived
      await pause(PAUSE_MS, signal)
      signal.throwIfAborted()
    }
  }

  #run(): void {
    this.#timer = setTimeout(() => this.#run(), EVERY_MS).unref()
    // If folding the log takes longer than an hour, it still runs to its end.
    void this.#flight.join()
  }
}

/**
 * A pause between two pages, for other work in this process. It limits folding to 50,000 events a second; 200,000 events take 1.3
 * s of computing (measured over 11 s, on a busy machine).
 */
const BREATH_MS = 20

/** What a cut needs: the log to fold, the snapshot to keep, and the archive. */
export type CutStore = Pick<LogRole, 'read'> & SnapshotRole & Pick<ArchiveRole, 'claimCut' | 'archive'>

/**
 * The queue as it was at one number of the log, folded in the background, page by page from the last snapshot before it. In
 * memory are one page and the live jobs.
 * @throws what the store throws; the reason of the signal
 */
async function foldInBackground(
  store: CutStore,
  queue: string,
  upTo: number,
  signal: AbortSignal,
): Promise<Ledger> {
  const replayer = new Replayer(await ledgerNear(store, queue, upTo, () => {}))
  const { version } = replayer.ledger()
  for await (const { events } of pagesAfter(store, queue, version, { upTo })) {
    for (const event of events) replayer.push(event)
    await pause(BREATH_MS, signal)
    signal.throwIfAborted()
  }
  return replayer.ledger()
}

/**
 * Keeps the snapshot for a cut. It is all that will be left of the events before it, so an existing one has to be readable.
 * @throws InterlockError `corrupt_log`, `database_newer`
 */
export async function keepForCut(
  store: CutStore,
  queue: string,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<void> {
  const seq = ledger.version
  if (await keepSnapshot(store, queue, ledger, { signal })) return
  const kept = await store.snapshot(queue, seq)
  if (kept?.seq === seq) await readSnapshot(store, queue, kept)
  else throw new InterlockError('contention', `the snapshot at event ${seq} has gone meanwhile; try again`)
}
