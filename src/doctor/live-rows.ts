import { type JobRow, MICROS_PER_MS, type Micros } from '../core/index.ts'

/** Jobs of one kind that may start. */
export interface Startable {
  readonly example: string
  readonly jobs: number
}

/** What the checks need of the rows of live jobs. Rows come page by page: there may be a million. */
export class LiveRows {
  readonly active: JobRow[] = []
  readonly startable = new Map<string, Startable>()
  waiting = 0
  /** How many jobs wait for too long, and the one that has waited longest. */
  long = 0
  oldest: JobRow | null = null
  readonly #longBefore: Micros

  constructor(now: Micros, waitingMs: number) {
    this.#longBefore = now - waitingMs * MICROS_PER_MS
  }

  take(rows: readonly JobRow[]): void {
    for (const row of rows) {
      if (row.state === 'active') this.active.push(row)
      else this.#wait(row)
    }
  }

  #wait(row: JobRow): void {
    this.waiting++
    if (row.due_at !== null) return
    if (row.conflict_reason === null) {
      const { example, jobs } = this.startable.get(row.kind) ?? { example: row.job_id, jobs: 0 }
      this.startable.set(row.kind, { example, jobs: jobs + 1 })
    }
    if (row.queued_at >= this.#longBefore) return
    this.long++
    if (this.oldest === null || row.queued_at < this.oldest.queued_at) this.oldest = row
  }
}
