import { hash } from './hash.ts'
import { type Kind, type LedgerParts, type LedgerView, noPlaces } from './ledger.ts'
import { byPlace, type Place } from './place.ts'
import type { Owner, Tree } from './tree.ts'

type Kinds = Pick<LedgerParts, 'kinds'>

interface OfKind {
  readonly spec: { readonly kind: string }
}

interface Offered extends OfKind {
  readonly place: Place
}

function kindOf({ kinds }: Pick<LedgerView, 'kinds'>, kind: string): Kind {
  const key = { hash: hash(kind), kind }
  return kinds.get(key) ?? { ...key, jobs: 0, offers: noPlaces }
}

/** So many more live jobs of this kind; fewer, if it is negative. */
export function countOfKind(ledger: Kinds, { spec: { kind } }: OfKind, by: number, owner: Owner): void {
  const { hash: at, jobs, offers } = kindOf(ledger, kind)
  const counted: Kind = { hash: at, kind, jobs: jobs + by, offers }
  ledger.kinds =
    counted.jobs === 0 ? ledger.kinds.remove(counted, owner) : ledger.kinds.insert(counted, owner)
}

/** A live job is offered. */
export function addToKind(ledger: Kinds, { place, spec: { kind } }: Offered, owner: Owner): void {
  const known = kindOf(ledger, kind)
  putOffers(ledger, known, known.offers.insert(place, owner), owner)
}

export function removeFromKind(ledger: Kinds, { place, spec: { kind } }: Offered, owner: Owner): void {
  const known = kindOf(ledger, kind)
  putOffers(ledger, known, known.offers.remove(place, owner), owner)
}

function putOffers(ledger: Kinds, { hash: at, kind, jobs }: Kind, offers: Tree<Place>, owner: Owner): void {
  ledger.kinds = ledger.kinds.insert({ hash: at, kind, jobs, offers }, owner)
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
    const found = first(kindOf(ledger, kind).offers, behind)
    if (found !== undefined && (next === undefined || byPlace(found, next) < 0)) next = found
  }
  return next
}

function first(offers: Tree<Place>, behind: Place | undefined): Place | undefined {
  return behind === undefined ? offers.min() : offers.after(behind)
}
