/**
 * Which processes an append concerns, beside the one that made it: nobody, processes with a free slot (there may be something to
 * start), or all.
 */
export type Concern = 'nobody' | 'free' | 'all'

/** What came in beside the log: rows of `jobs`, commands by SQL, or, where it is not known which, both. */
export type Intake = 'rows' | 'requests' | 'both'

export type OnWake = (version?: number, intake?: Intake | false, concern?: Concern) => void
