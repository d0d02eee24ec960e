import { decodeSnapshot } from '../codec/index.ts'
import { emptyLedger, type Ledger, snapshotOf } from '../core/index.ts'
import type { LogStore } from '../port/index.ts'

export interface SnapshotsOptions {
  readonly store: LogStore
  readonly queue: string
  /** After how many events there is another one. */
  readonly every: number
  readonly ledger: () => Ledger
  readonly onError: (error: unknown) => void
}

/**
 * The folded ledger, kept now and then for processes that start later. A snapshot saves time and nothing else: one that
 * cannot be read, or be written, is passed over, and the log is folded.
 */
export class Snapshots {
  readonly #options: SnapshotsOptions
  #writing: Promise<void> | undefined

  constructor(options: SnapshotsOptions) {
    this.#options = options
  }

  /** Where a process that starts now goes on from. */
  async newest(): Promise<Ledger> {
    const { store, queue, onError } = this.#options
    const kept = await store.snapshot(queue, null)
    if (kept === null) return emptyLedger
    try {
      return decodeSnapshot(kept.seq, kept.state) ?? emptyLedger
    } catch (error) {
      onError(error)
      return emptyLedger
    }
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
