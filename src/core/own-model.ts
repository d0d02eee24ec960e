import type { Micros } from './job.ts'
import type { Model } from './ledger.ts'
import type { Place } from './place.ts'
import type { Owner, Tree } from './tree.ts'

/** A model that a draft may write to. */
export class OwnModel implements Model {
  readonly hash: number
  readonly model: string
  holders: Tree<Place>
  line: Tree<Place>
  reserved: Tree<Place>
  offers: Tree<Place>
  starts: Tree<Micros> | null
  owner: Owner

  constructor(owner: Owner, from: Model) {
    this.hash = from.hash
    this.model = from.model
    this.holders = from.holders
    this.line = from.line
    this.reserved = from.reserved
    this.offers = from.offers
    this.starts = from.starts
    this.owner = owner
  }
}
