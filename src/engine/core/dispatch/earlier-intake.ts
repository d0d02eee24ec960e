import type { StandIn } from '../values/command.ts'
import type { OnceRecord } from '../values/once.ts'

/** What came of a submission or of a row: the job is in line, was there before, or another one stands for it. */
export type IntakeOutcome = 'queued' | 'known' | StandIn

/** `intake`: as a row of `jobs`. */
export interface HowItCame {
  readonly intake?: true
  readonly submission?: number
}

/**
 * What the commands before this one have taken in, in the same append: no store knows it yet. A submission or a row that an append keeps
 * for longer than it is lent is lent again, and then two commands of one append bring it. It has one outcome.
 */
export class EarlierIntake {
  /** Jobs that were enqueued `once`. */
  readonly once = new Map<string, OnceRecord>()
  /** By the number of the submission. */
  readonly submissions = new Map<number, IntakeOutcome>()
  /** Rows of `jobs`, by the ids of their jobs. */
  readonly rows = new Map<string, IntakeOutcome>()

  note(jobId: string, { intake, submission }: HowItCame, outcome: IntakeOutcome): void {
    if (submission !== undefined) this.submissions.set(submission, outcome)
    if (intake === true) this.rows.set(jobId, outcome)
  }
}
