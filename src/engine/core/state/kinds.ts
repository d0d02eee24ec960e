import type { Claim } from '../values/command.ts'
import { hash } from '../values/hash.ts'
import { byPosition, type LinePosition } from '../values/position.ts'
import type { Tree } from '../values/tree.ts'
import type { Owner } from '../values/tree-node.ts'
import { type Kind, type LedgerParts, type LedgerView, noPositions } from './ledger.ts'

type Kinds = Pick<LedgerParts, 'kinds'>

interface Offered {
  readonly spec: { readonly kind: string }
  readonly position: LinePosition
}

/** The kind to write to: nearly every event counts a job or an offer. */
export function kindToEdit(ledger: Kinds, kind: string, owner: Owner): OwnKind {
  const key = { hash: hash(kind), kind }
  const known = ledger.kinds.get(key)
  if (known !== undefined && isOwnKind(known, owner)) return known
  const own = ownKind(owner, known ?? { ...key, jobs: 0, offers: noPositions })
  ledger.kinds = ledger.kinds.insert(own, owner)
  return own
}

/** A live job is offered. */
export function addToKind(ledger: Kinds, { position, spec: { kind } }: Offered, owner: Owner): void {
  const own = kindToEdit(ledger, kind, owner)
  own.offers = own.offers.insert(position, owner)
}

export function removeFromKind(ledger: Kinds, { position, spec: { kind } }: Offered, owner: Owner): void {
  const own = kindToEdit(ledger, kind, owner)
  own.offers = own.offers.remove(position, owner)
}

/** Whether a claim is for this kind. */
export const runsKind = ({ kinds }: Pick<Claim, 'kinds'>, kind: string): boolean =>
  kinds === null || kinds.includes(kind)

/**
 * The first offered job of these kinds (null: any) in line order, behind a position if one is given. A claim costs the same however
 * many jobs of other kinds are offered.
 */
export function nextOffered(
  ledger: LedgerView,
  kinds: readonly string[] | null,
  behind?: LinePosition,
): LinePosition | undefined {
  if (kinds === null) return first(ledger.offered, behind)
  let next: LinePosition | undefined
  for (const kind of kinds) {
    const offers = ledger.kinds.get({ hash: hash(kind), kind })?.offers
    const found = offers === undefined ? undefined : first(offers, behind)
    if (found !== undefined && (next === undefined || byPosition(found, next) < 0)) next = found
  }
  return next
}

function first(offers: Tree<LinePosition>, behind: LinePosition | undefined): LinePosition | undefined {
  return behind === undefined ? offers.min() : offers.after(behind)
}

/** A kind that a draft may write to. */
export interface OwnKind extends Kind {
  jobs: number
  offers: Kind['offers']
  readonly owner: Owner
}

const ownKind = (owner: Owner, { hash, kind, jobs, offers }: Kind): OwnKind => ({
  hash,
  kind,
  jobs,
  offers,
  owner,
})

/** True for a kind that this owner made. */
const isOwnKind = (kind: Kind, owner: Owner): kind is OwnKind => (kind as Partial<OwnKind>).owner === owner
