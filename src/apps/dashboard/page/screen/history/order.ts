import { countsOf as countsIn, type Ledger, pauseOf } from '../../../../../engine/core/index.ts'
import type { ModelTime } from '../../data/spans.ts'

export const orders = ['by name', 'waiting first'] as const
export type Order = (typeof orders)[number]

export interface OrderOptions {
  /** The model that is looked at stands first. */
  readonly first: string | null
  /** A part of its name. */
  readonly text: string
  readonly order: Order
}

/** How many hold a model or one of its places, and how many wait for it, in its lines or kept by its pause. */
export function countsOf(ledger: Ledger, model: string) {
  const { held, waiting } = countsIn(ledger, model)
  return { held, waiting: waiting + (pauseOf(ledger, model)?.jobs.size ?? 0) }
}

/** The models that are wanted, in the order that is wanted. */
export function rowsIn(
  all: readonly ModelTime[],
  ledger: Ledger,
  { first, text, order }: OrderOptions,
): readonly ModelTime[] {
  const wanted = text.toLowerCase()
  const lines = new Map(
    order === 'by name' ? [] : all.map(({ model }) => [model, countsOf(ledger, model).waiting] as const),
  )
  const waiting = ({ model }: ModelTime) => lines.get(model) ?? 0
  return all
    .filter(({ model }) => model.toLowerCase().includes(wanted))
    .sort(
      (a, b) =>
        Number(b.model === first) - Number(a.model === first) ||
        waiting(b) - waiting(a) ||
        (a.model < b.model ? -1 : 1),
    )
}
