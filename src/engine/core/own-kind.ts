import type { Kind } from './ledger.ts'
import type { Owner } from './tree.ts'

/** A kind that a draft may write to. */
export interface OwnKind extends Kind {
  jobs: number
  offers: Kind['offers']
  readonly owner: Owner
}

export const ownKind = (owner: Owner, { hash, kind, jobs, offers }: Kind): OwnKind => ({
  hash,
  kind,
  jobs,
  offers,
  owner,
})

/** True for a kind that this owner made. */
export const isOwnKind = (kind: Kind, owner: Owner): kind is OwnKind =>
  (kind as Partial<OwnKind>).owner === owner
