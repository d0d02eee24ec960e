/** What a process knows of itself beside the log, without asking anybody. Durations in milliseconds; counts since it joined. */
export interface Vitals {
  readonly workerId: string
  /** As in `health()`. */
  readonly ok: boolean
  readonly reachable: boolean
  /** How long the lease is still good; 0: it is lost. */
  readonly leaseMs: number
  readonly freeSlots: number
  /** Commands sent; appends that were written, lost to another process or refused, and sent again after an outage; times it became the combiner. */
  readonly counts: Readonly<Record<'commands' | 'appends' | 'lost' | 'retried' | 'elections', number>>
  /** Calls that were refused because the attempt was over, or another's: writes of a worker that had lost its lease. */
  readonly staleWrites: number
  /** The number of the last event that is known to be in the log, and of the last one that was archived. */
  readonly log: { readonly lastSeq: number; readonly archivedSeq: number }
  /** How far this process has yet to fold, and since when it last knew everything. */
  readonly catchUp: { readonly events: number; readonly ms: number }
  /** The same for your tables, as this process last saw them; null: it has not looked, or there are none. */
  readonly projection: { readonly events: number; readonly ms: number; readonly setAside: number } | null
  /** Rows taken in, and the time since there were last none left; null: this process takes in none. */
  readonly intake: { readonly rows: number; readonly ms: number } | null
}
