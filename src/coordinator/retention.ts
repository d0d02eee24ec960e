import { type Ledger, MICROS_PER_SECOND, type Micros } from '../core/index.ts'
import type { LogStore } from '../port/index.ts'

const EVERY_MS = 3_600_000
const DAY: Micros = 86_400 * MICROS_PER_SECOND

export interface RetentionOptions {
  readonly store: LogStore
  readonly queue: string
  readonly ledger: () => Ledger
  readonly now: () => Micros
  readonly onError: (error: unknown) => void
}

/**
 * Carries out `retentionDays` of the policy: once an hour each process asks the store to archive what is older,
 * and to keep or to drop it, as `archive` says.
 * Whoever comes first does it; for the others there is nothing left to do. No cron is needed.
 */
export class Retention {
  readonly #options: RetentionOptions
  #timer: NodeJS.Timeout | undefined
  #working: Promise<void> | undefined

  constructor(options: RetentionOptions) {
    this.#options = options
  }

  /** The first time within a minute, so that short-lived processes do not all begin with it, nor all at once. */
  start(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#run(), Math.random() * 60_000).unref()
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer)
    await this.#working
  }

  /** Once, now. */
  async carryOut(): Promise<number> {
    const { store, queue, ledger, now } = this.#options
    const { retentionDays, archive } = ledger().policy
    if (retentionDays === null) return 0
    return store.retain(queue, now() - retentionDays * DAY, archive === 'keep')
  }

  #run(): void {
    this.#timer = setTimeout(() => this.#run(), EVERY_MS).unref()
    this.#working = this.carryOut().then(() => {}, this.#options.onError)
  }
}
