import type { Checkup } from '../../engine/store/index.ts'

/** A server that follows the one that was examined. */
export interface Standby {
  readonly name: string
  /** `streaming` if it follows; null: hidden. */
  readonly state: string | null
  /** Commits wait for it. */
  readonly isSynchronous: boolean
  /** What it has not on disk yet, which a fail-over to it would lose now; null: not known. */
  readonly lagBytes: number | null
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
  readonly servers: readonly Standby[]
  /** What the last of what was acknowledged would be after a fail-over: kept, lost in part, or not known to this role. */
  readonly atFailOver: 'kept' | 'may_be_lost' | 'unknown'
  /** Sessions whose commit waits for a standby now, and for how long the first of them has, in milliseconds. */
  readonly waiting: number
  readonly oldestWaitMs: number | null
  /** The role that owns Interlock may not see what the standbys are. */
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
