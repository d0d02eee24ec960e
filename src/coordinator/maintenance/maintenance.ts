import type { Micros, RecordedEvent } from '../../core/index.ts'
import type { WholeOptions } from '../api/options.ts'
import type { Logger } from '../base/logger.ts'
import type { Replica } from '../replica/replica.ts'
import { Projector } from './projector.ts'
import { Retention } from './retention.ts'
import { Snapshots } from './snapshots.ts'

export interface UpkeepOptions {
  readonly replica: Replica
  readonly now: () => Micros
  /** How far the log goes, as far as is known. */
  readonly version: () => number
  readonly logger: Logger
  readonly onError: (error: unknown) => void
}

/** A process's share in what some process has to do: keep the user's tables behind the log, write snapshots, archive. */
export class Upkeep {
  readonly #replica: Replica
  readonly #projector: Projector
  readonly #snapshots: Snapshots
  readonly #retention: Retention

  constructor({ store, queue, snapshotEvery }: WholeOptions, options: UpkeepOptions) {
    const { replica, now, version, logger, onError } = options
    const ledger = () => replica.ledger
    this.#replica = replica
    this.#projector = new Projector({ store, queue, version, logger, onError })
    this.#snapshots = new Snapshots({ store, queue, every: snapshotEvery, ledger, onError })
    this.#retention = new Retention({ store, queue, ledger, now, onError })
  }

  /** A replica that knows nothing begins with the newest snapshot. */
  async begin(): Promise<void> {
    if (this.#replica.version === 0) this.#replica.startFrom(await this.#snapshots.newest())
  }

  start(): void {
    this.#retention.start()
  }

  /** An append of this process on top of that version. */
  readonly followAppend = (before: number, at: number): void => this.#projector.follow(before, at)

  /** An event that this process has caused. */
  note(event: RecordedEvent): void {
    this.#snapshots.note(event.seq)
  }

  /** Whatever the tables do not follow yet. */
  catchUp(): void {
    if (this.#projector.last?.version !== this.#replica.version) this.#projector.nudge()
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
