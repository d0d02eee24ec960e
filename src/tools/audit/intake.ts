import type { Micros, RecordedEvent } from '../../engine/core/index.ts'

type Entered = RecordedEvent & { readonly type: 'queued' | 'deduplicated' }

/**
 * Which submissions and rows of `jobs` were taken in, each with the number of its event. The number of a submission is given once, until a
 * database is restored. The id of a row may come again once the log was cut, which no event says: so two events of one row count as two
 * only in one append.
 */
export class AuditedIntake {
  readonly #submissions = new Map<number, number>()
  readonly #rows = new Map<string, number>()
  #at: Micros = 0

  /** The events of an append are a microsecond apart. */
  begin(at: Micros): void {
    if (at !== this.#at + 1) this.#rows.clear()
    this.#at = at
  }

  restore(): void {
    this.#submissions.clear()
  }

  /** What it says that came before. */
  see({ seq, jobId, submission, intake }: Entered): string | undefined {
    const ofSubmission = submission === undefined ? undefined : noted(this.#submissions, submission, seq)
    if (ofSubmission !== undefined)
      return `submission ${submission} came with event ${ofSubmission} too${WHY}`
    const ofRow = intake === true ? noted(this.#rows, jobId, seq) : undefined
    return ofRow === undefined ? undefined : `its row came with event ${ofRow} too, in the same append${WHY}`
  }
}

const WHY = '; earlier releases did that when an append took longer than 2 s (of rows: 5 s)'

/** The event it came with before. */
function noted<Id>(all: Map<Id, number>, id: Id, seq: number): number | undefined {
  const before = all.get(id)
  if (before === undefined) all.set(id, seq)
  return before
}
