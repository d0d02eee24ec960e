import type { Micros } from '../core/index.ts'

/** A row of `jobs` that was inserted as pending since the migration, is still pending, and was not queued. */
export interface Arrival {
  readonly arrivalId: number
  /** Null, or longer than 200 characters: no job can be made of it. */
  readonly jobId: string | null
  /** `required_models` (only trusted roles can write it), else `[model]`, else none. Not checked. */
  readonly models: readonly unknown[]
  /** From the columns of these names; null where the row or the table has none. Not checked. */
  readonly priority: number | null
  readonly jobType: string | null
  readonly kind: string | null
  /** `user_id`. */
  readonly fairKey: string | null
}

/** An arrival that cannot be a job, and why, for `job_queue_not_taken_in`. */
export interface RefusedArrival {
  readonly arrivalId: number
  /** One sentence, 500 characters at most. */
  readonly reason: string
}

/** The states in which a row of `jobs` can be taken in by hand. */
export type AdoptableState = 'pending' | 'running'

/** A row of `jobs` that no log knows and that has not arrived: made before Interlock was activated, or refused before. */
export interface AdoptableRow extends Omit<Arrival, 'arrivalId' | 'jobId' | 'fairKey'> {
  readonly jobId: string
  readonly state: AdoptableState
  /** `queued_at` of the first coordinator, else `created_at`; null where the row has neither. */
  readonly since: Micros | null
}

/** Rows in the order in which they would be taken in, and how many there are in each state; null: there is no usable table. */
export interface Adoptable {
  readonly totals: { readonly [state: string]: number } | null
  readonly rows: readonly AdoptableRow[]
}

/** Which rows; what is absent restricts nothing. */
export interface AdoptableFilter {
  readonly states?: readonly AdoptableState[]
  readonly jobIds?: readonly string[]
  /** 1 to 10,000. */
  readonly limit: number
}

/** Role "intake": rows of the user's `jobs` on their way into the line. */
export interface IntakeRole {
  /**
   * Claims up to `limit` (1..1,000) rows of `jobs` that are to be taken in, in the order of their arrival. They are kept
   * for this caller for 5 s; what neither an append has put in line nor `taken` has named by then is given to others again. What
   * one queue has claimed, no other queue gets. A store without such a table has none.
   */
  arrivals(queue: string, limit: number): Promise<readonly Arrival[]>
  /** What became of them: those whose job is in the log by now, and those that cannot be jobs. Twice does nothing more. */
  taken(queue: string, arrivalIds: readonly number[], refused?: readonly RefusedArrival[]): Promise<void>
}

/** Role "adoption": rows of `jobs` that never arrive by themselves, for people who let them. */
export interface AdoptionRole {
  /** Rows of `jobs` that are never taken in by themselves; reads only. A store without such a table has none. */
  adoptable(filter: AdoptableFilter): Promise<Adoptable>
  /**
   * Lets rows of {@link AdoptionRole.adoptable} arrive for this queue, in the order given (10,000 at most), as pending ones; what
   * takes rows in puts them in line. Returns the ids of those that arrived; twice does nothing more.
   */
  adopt(queue: string, jobIds: readonly string[]): Promise<readonly string[]>
}
