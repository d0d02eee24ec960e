import type { Checkup } from '../../engine/store/index.ts'

/** A server that follows the one that was examined. */
export interface Standby {
  /** Its `application_name`. */
  readonly name: string
  /** `streaming` if it follows; null: the role that owns Interlock may not see it. */
  readonly state: string | null
  /** Whether commits wait for it. */
  readonly isSynchronous: boolean
  /** What it has not on disk yet, which a fail-over to it would lose now; null: not known. */
  readonly lagBytes: number | null
  /** For how long it has lacked that; null: not known. */
  readonly lagMs: number | null
}

/** The standbys of the server, and what a fail-over would lose. */
export interface Standbys {
  /** `synchronous_standby_names`; empty: no commit waits for a standby. */
  readonly names: string
  /** Whether commits wait for what that names, as seen on some; null: nobody could look. */
  readonly commitsWait: boolean | null
  /** So many of them are synchronous now. */
  readonly synchronous: number
  /** All that follow. */
  readonly servers: readonly Standby[]
  /** What becomes of what was acknowledged last, at a fail-over to a synchronous standby: `kept`, `may_be_lost`, or `unknown` to this role. */
  readonly atFailOver: 'kept' | 'may_be_lost' | 'unknown'
  /** How many sessions wait with their commit for a standby now. */
  readonly waiting: number
  /** For how long the first of them has. */
  readonly oldestWaitMs: number | null
  /** Whether the role that owns Interlock may not see what the standbys are (`pg_read_all_stats`). */
  readonly isHidden: boolean
}

/** Null: the server knows of no standby and waits for none, or its functions are of an older release. */
export function standbysOf({ replication }: Pick<Checkup, 'replication'>): Standbys | null {
  if (replication === null || (replication.names === '' && replication.standbys.length === 0)) return null
  const { names, commitsWait, waiting, oldestWaitMs, seesAll } = replication
  const servers = replication.standbys.map(({ name, state, sync, lagBytes, lagMs }, i) => ({
    name: name === null || name === '' ? `standby ${i + 1}` : name,
    state,
    isSynchronous: sync === 'sync' || sync === 'quorum',
    lagBytes,
    lagMs,
  }))
  const synchronous = servers.filter(({ isSynchronous }) => isSynchronous).length
  const isHidden = !seesAll && servers.length > 0
  // The server names a synchronous standby before commits wait for it.
  const isKept = synchronous > 0 && commitsWait
  const atFailOver = isHidden || isKept === null ? 'unknown' : isKept ? 'kept' : 'may_be_lost'
  return { names, commitsWait, synchronous, servers, atFailOver, waiting, oldestWaitMs, isHidden }
}
