/** The last starts of each model that has a rate, and when its window opens again. */
import type { Draft } from '../state/draft.ts'
import type { Model } from '../state/model.ts'
import type { OwnModel } from '../state/own-job.ts'
import { MICROS_PER_SECOND, type Micros } from '../values/job.ts'
import { type Policy, type Rate, rateOf } from '../values/policy.ts'
import type { ModelTimer } from '../values/position.ts'
import { Tree } from '../values/tree.ts'
import type { Compare } from '../values/tree-node.ts'

const byNumber: Compare<Micros> = (a, b) => a - b
export const noStarts = Tree.empty<Micros>(byNumber)

/**
 * When the model may be started from again as far as its rate is concerned. The window slides and is exact: as many starts as the
 * rate allows are `perSeconds` apart, both ends included, so no window of that length ever holds one more.
 */
export function opensAt({ starts }: Model, rate: Rate): Micros {
  const first = starts === null ? undefined : starts.at(starts.size - rate.starts)
  return first === undefined ? 0 : first + Math.ceil(rate.perSeconds * MICROS_PER_SECOND) + 1
}

/** Counts a start, and notes when the window opens again. */
export function countStart(draft: Draft, model: OwnModel, at: Micros): void {
  const rate = hasRates(draft.policy) ? rateOf(draft.policy, model.model) : undefined
  if (rate === undefined) return
  const { owner } = draft
  draft.windows = draft.windows.remove(windowOf(model, rate), owner)
  model.starts = (model.starts ?? noStarts).insert(at, owner)
  trim(draft, model, rate)
}

/** Under other rates the starts counted so far still count, at most as many as each rate allows. */
export function limitRates(draft: Draft): void {
  draft.windows = draft.windows.empty()
  for (const { model: name, starts } of [...draft.models]) {
    if (starts === null) continue
    const model = draft.model(name)
    const rate = rateOf(draft.policy, name)
    if (rate === undefined) {
      model.starts = null
      draft.forget(model)
    } else trim(draft, model, rate)
  }
}

function trim(draft: Draft, model: OwnModel, rate: Rate): void {
  const { owner } = draft
  while (model.starts !== null && model.starts.size > rate.starts) {
    const first = model.starts.min()
    if (first !== undefined) model.starts = model.starts.remove(first, owner)
  }
  if (model.starts?.size === rate.starts) draft.windows = draft.windows.insert(windowOf(model, rate), owner)
}

function windowOf(model: Model, rate: Rate): ModelTimer {
  return { at: opensAt(model, rate), hash: model.hash, model: model.model }
}

/** A loop that ends at once: most queues have no rates, and every start asks. */
export function hasRates(policy: Policy): boolean {
  for (const _ in policy.rate) return true
  return false
}
