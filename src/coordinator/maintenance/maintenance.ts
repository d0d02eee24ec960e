import type { RecordedEvent } from '../../core/index.ts'
import type { WholeOptions } from '../api/options.ts'
import type { LogView } from '../replica/log-view.ts'
import { Projector } from './projector.ts'
import { Retention } from './retention.ts'
import { Snapshots } from './snapshots.ts'

/** A process's share in what some process has to do: keep the user's tables behind the log, write snapshots, archive. */
export class Maintenance {
  readonly #log: LogView
  readonly #projector: Projector
  readonly #snapshots: Snapshots
  readonly #retention: Retention

  constructor(
    log: LogView,
    { store, queue, snapshotEvery, logger }: WholeOptions,
    onError: (error: unknown) => void,
  ) {
    const ledger = () => log.ledger
    this.#log = log
    this.#projector = new Projector({ store, queue, version: () => log.knownVersion, logger, onError })
    this.#snapshots = new Snapshots({ store, queue, every: snapshotEvery, ledger, onError })
    this.#retention = new Retention({ store, queue, ledger, now: () => log.clock.now(), onError })
  }

  /** A replica that knows nothing begins with the newest snapshot. */
  async begin(): Promise<void> {
    if (this.#log.version === 0) this.#log.replica.startFrom(await this.#snapshots.newest())
  }

  start(): void {
    this.#retention.start()
  }

  /** An append of this process: the time of the event before, and of its last one. */
  followAppend(before: number, at: number): void {
    this.#projector.follow(before, at)
  }

  /** An event that this process has caused. */
  note(event: RecordedEvent): void {
    this.#snapshots.note(event.seq)
  }

  /** Whatever the tables do not follow yet. */
  catchUp(): void {
    if (this.#projector.last?.version !== this.#log.version) this.#projector.nudge()
  }

  /** Ends what can be taken up again at any time. */
  pause(): Promise<void> {
    return this.#retention.stop()
  }

  async close(): Promise<void> {
    await this.#projector.close()
    await this.#snapshots.close()
    await this.#retention.stop()
  }
}
