import type { MembershipRole } from '../../store/index.ts'

export interface LeftBehindOptions {
  readonly store: Pick<MembershipRole, 'leave'>
  readonly queue: string
  readonly graceMs: number
}

/**
 * The earlier incarnations of this process whose lease it took as lost by its own clock. The database may not know that: a lease is
 * given its whole time again by a server that has just begun to serve. Their handlers were told to stop, so once the grace has passed the
 * process says that it holds nothing under them any more, and its jobs can start again.
 */
export class LeftBehind {
  readonly #options: LeftBehindOptions
  /** When the grace of each is over, by the monotonic clock of this process. */
  readonly #over = new Map<string, number>()

  constructor(options: LeftBehindOptions) {
    this.#options = options
  }

  /** @param endedAt when its lease would have ended in the database */
  add(workerId: string, endedAt: number): void {
    this.#over.set(workerId, endedAt + this.#options.graceMs)
  }

  /** Gives up what is due. Never throws: what fails is given up later, and the lease runs out by itself. */
  async leave(): Promise<void> {
    const { store, queue } = this.#options
    const now = performance.now()
    for (const [workerId, at] of [...this.#over]) {
      if (at > now) continue
      this.#over.delete(workerId)
      await store.leave(queue, workerId).catch(() => this.#over.set(workerId, at))
    }
  }
}
