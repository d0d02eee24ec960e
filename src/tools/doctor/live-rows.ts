import { type JobRow, MICROS_PER_MS, type Micros } from '../../engine/core/index.ts'

/** Jobs of one kind that may start. */
export interface Startable {
  readonly example: string
  readonly jobs: number
}

function count(startable: Map<string, Startable>, kind: string, jobId: string): void {
  const { example, jobs } = startable.get(kind) ?? { example: jobId, jobs: 0 }
  startable.set(kind, { example, jobs: jobs + 1 })
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
    if (row.conflict_reason === null) count(this.startable, row.kind, row.job_id)
    if (row.queued_at >= this.#longBefore) return
    this.long++
    if (this.oldest === null || row.queued_at < this.oldest.queued_at) this.oldest = row
  }
}
