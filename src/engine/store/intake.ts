import type { Micros } from '../core/index.ts'

/** A row of `jobs` that was inserted as pending since the migration, is still pending, and was not queued. */
export interface Arrival {
  readonly arrivalId: number
  /** Null, or longer than 200 characters: the row cannot be a job. */
  readonly jobId: string | null
  /**
   * `required_models` (only trusted roles can write it), else `[model]`, else none. Unchecked. No more than 101 are read, and 201
   * characters of each, so a row with more than 100 cannot be a job.
   */
  readonly models: readonly unknown[]
  /** From the columns with these names; null if the row or the table has none. Unchecked. */
  readonly priority: number | null
  readonly jobType: string | null
  readonly kind: string | null
  /** `user_id`. */
  readonly fairKey: string | null
}

/** An arrival that cannot be a job, and the reason, for `job_queue_not_taken_in`. */
export interface RefusedArrival {
  readonly arrivalId: number
  /** One sentence, 500 characters at most. */
  readonly reason: string
}

/** The states in which a row of `jobs` can be taken in by hand. */
export type AdoptableState = 'pending' | 'running'

/** A row of `jobs` that no log knows and that has not arrived: it is from before Interlock was activated, or was refused. */
export interface AdoptableRow extends Omit<Arrival, 'arrivalId' | 'jobId' | 'fairKey'> {
  readonly jobId: string
  readonly state: AdoptableState
  /** `queued_at` of the first coordinator, else `created_at`; null if the row has neither. */
  readonly since: Micros | null
}

/** Rows in the order in which they would be taken in, and how many there are in each state; null: there is no usable table. */
export interface Adoptable {
  readonly totals: { readonly [state: string]: number } | null
  readonly rows: readonly AdoptableRow[]
}

/** Which rows; absent fields restrict nothing. */
export interface AdoptableFilter {
  readonly states?: readonly AdoptableState[]
  readonly jobIds?: readonly string[]
  /** 1 to 10,000. */
  readonly limit: number
}

/** Role "intake": rows of the user's `jobs` on their way into the line. */
export interface IntakeRole {
  /**
   * Claims up to `limit` (1..1,000) rows of `jobs` to take in, in the order of their arrival. They are reserved for this caller
   * for 5 s; then others get those that no append has put in line and `taken` has not named. A row that one queue has claimed
   * goes to no other queue. Empty in a store without such a table.
   */
  arrivals(queue: string, limit: number): Promise<readonly Arrival[]>
  /** Finishes arrivals: those whose job is in the log now, and those that cannot be jobs. You may call it twice. */
  taken(queue: string, arrivalIds: readonly number[], refused?: readonly RefusedArrival[]): Promise<void>
}

/** Role "adoption": rows of `jobs` that arrive only if a person lets them. */
export interface AdoptionRole {
  /** Rows of `jobs` that are never taken in by themselves. Reads only. Empty in a store without such a table. */
  adoptable(filter: AdoptableFilter): Promise<Adoptable>
  /**
   * Lets rows of {@link AdoptionRole.adoptable} arrive for this queue as pending ones, in the order given (10,000 at most);
   * workers with intake then put them in line. Returns the ids of those that arrived. You may call it twice.
   */
  adopt(queue: string, jobIds: readonly string[]): Promise<readonly string[]>
}
