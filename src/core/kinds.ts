import { hash } from './hash.ts'
import { type Kind, type LedgerParts, type LedgerView, noPlaces } from './ledger.ts'
import { byPlace, type Place } from './place.ts'
import type { Owner, Tree } from './tree.ts'

/** What has to be known of a job to find the offers it is among. */
interface Offered {
  readonly place: Place
  readonly spec: { readonly kind: string }
}

/** The offered jobs of one kind. */
function offersOf(ledger: Pick<LedgerView, 'kinds'>, kind: string): Tree<Place> {
  return ledger.kinds.get({ hash: hash(kind), kind })?.offers ?? noPlaces
}

export function addToKind(
  ledger: Pick<LedgerParts, 'kinds'>,
  { place, spec: { kind } }: Offered,
  owner: Owner,
): void {
  putOffers(ledger, kind, offersOf(ledger, kind).insert(place, owner), owner)
}

export function removeFromKind(
  ledger: Pick<LedgerParts, 'kinds'>,
  { place, spec: { kind } }: Offered,
  owner: Owner,
): void {
  putOffers(ledger, kind, offersOf(ledger, kind).remove(place, owner), owner)
}

function putOffers(
  ledger: Pick<LedgerParts, 'kinds'>,
  kind: string,
  offers: Tree<Place>,
  owner: Owner,
): void {
  const entry: Kind = { hash: hash(kind), kind, offers }
  ledger.kinds = offers.size === 0 ? ledger.kinds.remove(entry, owner) : ledger.kinds.insert(entry, owner)
}

/**
 * The first offered job of these kinds (null: any) in line order, behind a place if one is given. A claim costs the same however
 * many jobs of other kinds are offered.
 */
export function nextOffered(
  ledger: LedgerView,
  kinds: readonly string[] | null,
  behind?: Place,
): Place | undefined {
  if (kinds === null) return first(ledger.offered, behind)
  let next: Place | undefined
  for (const kind of kinds) {
    const found = first(offersOf(ledger, kind), behind)
    if (found !== undefined && (next === undefined || byPlace(found, next) < 0)) next = found
  }
  return next
}

function first(offers: Tree<Place>, behind: Place | undefined): Place | undefined {
  return behind === undefined ? offers.min() : offers.after(behind)
}
