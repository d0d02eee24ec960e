import { isInterlockError, type Ledger, snapshotOf } from '../core/index.ts'
import type { LogStore } from '../port/index.ts'
import { ledgerNear } from './ledger-near.ts'

export interface SnapshotsOptions {
  readonly store: LogStore
  readonly queue: string
  /** After how many events there is another one. */
  readonly every: number
  readonly ledger: () => Ledger
  readonly onError: (error: unknown) => void
}

/**
 * The folded ledger, kept now and then for processes that start later. It saves time: one that cannot be written is passed
 * over.
 */
export class Snapshots {
  readonly #options: SnapshotsOptions
  #writing: Promise<void> | undefined

  constructor(options: SnapshotsOptions) {
    this.#options = options
  }

  /**
   * Where a process that starts now goes on from.
   * @throws InterlockError `archived`, `database_newer`, `corrupt_log` where the log was cut, and cannot be read without
   */
  newest(): Promise<Ledger> {
    const { store, queue, onError } = this.#options
    // One of a newer release, which runs beside this one, is no trouble.
    const passOver = (error: unknown) => isInterlockError(error, 'database_newer') || onError(error)
    return ledgerNear(store, queue, null, passOver)
  }

  /** This process has appended the event with this number: whoever appends every so-many-th makes the snapshot. */
  note(seq: number): void {
    if (seq % this.#options.every !== 0 || this.#writing !== undefined) return
    this.#writing = this.#write().finally(() => {
      this.#writing = undefined
    })
  }

  async idle(): Promise<void> {
    await this.#writing
  }

  async #write(): Promise<void> {
    const { store, queue, ledger, onError } = this.#options
    // After the answers to what was just appended have gone out.
    await new Promise((resolve) => setImmediate(resolve))
    try {
      const state = snapshotOf(ledger())
      await store.putSnapshot(queue, { seq: state.plain.version, state })
    } catch (error) {
      onError(error)
    }
  }
}
