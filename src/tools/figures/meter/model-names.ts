import {
  capacityOf,
  isMeter,
  isSite,
  type Ledger,
  type Model,
  modelOf,
  type Policy,
  patternsIn,
} from '../../../engine/core/index.ts'

/** What all models without a name of their own are called. A model that is really called so is one of them. */
export const OTHER = 'other'

/**
 * Which models have a label of their own. Names are never taken away again, so that no curve ends because another model came: those
 * that you list, those with a place or a rate of their own in the policy, and then whichever comes first, the busiest of those that
 * are there at the beginning. All others share one name, however many they are.
 */
export class ModelNames {
  readonly #most: number
  readonly #named = new Set<string>()

  constructor(listed: readonly string[], most: number) {
    this.#most = most
    this.add(listed)
  }

  get named(): ReadonlySet<string> {
    return this.#named
  }

  begin(ledger: Ledger): void {
    this.declare(ledger.policy)
    if (this.#named.size >= this.#most) return
    const busiest = [...ledger.models]
      .filter(({ model }) => !isSite(model) && !isMeter(model))
      .sort((a, b) => needOf(b) - needOf(a) || (a.model < b.model ? -1 : 1))
    this.add(busiest.slice(0, this.#most).map(({ model }) => model))
  }

  declare({ capacity, rate }: Policy): void {
    this.add([...Object.keys(capacity), ...Object.keys(rate)].filter((key) => !key.includes('*')).sort())
  }

  add(models: readonly string[]): void {
    for (const model of models) {
      if (this.#named.size >= this.#most) return
      if (model !== OTHER) this.#named.add(model)
    }
  }
}

const needOf = ({ holders, line }: Model) => holders.size + line.size

/** How many places the models have without a name of their own of which some job is live. */
export function otherPlaces(ledger: Ledger, named: ReadonlySet<string>): number {
  const { policy } = ledger
  if (patternsIn(policy.capacity).length === 0) return othersIn(ledger, named) * capacityOf(policy, '*')
  let places = 0
  for (const { model } of ledger.models)
    if (!isSite(model) && !isMeter(model) && !named.has(model)) places += capacityOf(policy, model)
  return places
}

/** Of how many models without a name some job is live. */
function othersIn(ledger: Ledger, named: ReadonlySet<string>): number {
  let live = 0
  for (const name of named) if (isLive(modelOf(ledger, name))) live++
  const isOther = ({ model }: Model) => isSite(model) || isMeter(model)
  const { placed, policy } = ledger
  const others = placed || policy.uses !== undefined ? [...ledger.models].filter(isOther).length : 0
  return ledger.models.size - others - live
}

const isLive = (model: Model) => model.holders.size > 0 || model.line.size > 0 || model.starts !== null
