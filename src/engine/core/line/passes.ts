/** Lists of the starts that passed jobs since their models were loaded, in line order (docs/inside/decisions/turns.md). */

import type { Job, Pass } from '../state/job.ts'
import type { JobClass } from '../state/ledger.ts'
import { MICROS_PER_SECOND, type Micros } from '../values/job.ts'
import type { Policy } from '../values/policy.ts'
import { byPosition, type LinePosition } from '../values/position.ts'

/** Those of a class, if one of them has passed who stands there. All jobs that leave it together share the list. */
export const passesOf = ({ passes }: JobClass, position: LinePosition): readonly Pass[] | null =>
  indexOf(passes, position) < passes.length ? passes : null

/** Those of a class, and those that have passed a job that joins it. A start is known by its time. */
export function withPasses(passes: readonly Pass[], { passes: brought, position }: Job): readonly Pass[] {
  if (brought === null || brought === passes) return passes
  if (passes.length === 0) return brought
  const all = new Map(passes.map((pass) => [pass.at, pass]))
  for (const pass of brought.slice(indexOf(brought, position))) {
    const known = all.get(pass.at)
    if (known === undefined || byPosition(known.position, pass.position) < 0) all.set(pass.at, pass)
  }
  return inOrder([...all.values()])
}

/** Another job passes a class. Starts that came from ahead of all that wait count no more. */
export function withPass({ members, passes }: JobClass, pass: Pass): readonly Pass[] {
  const first = members.min()
  const counted = first === undefined ? [] : passes.slice(indexOf(passes, first))
  return counted.toSpliced(indexOf(counted, pass.position), 0, pass)
}

/** A job moves: what has passed it counts at its new position too, also what came from ahead of that. */
export function passesMoved(passes: readonly Pass[], from: LinePosition, to: LinePosition): readonly Pass[] {
  const tie = to.tie + 1
  return inOrder(
    passes
      .slice(indexOf(passes, from))
      .map(({ position, at }) =>
        byPosition(position, to) > 0
          ? { position, at }
          : { position: { ...position, level: to.level, order: to.order, tie }, at },
      ),
  )
}

const inOrder = (passes: readonly Pass[]): readonly Pass[] =>
  passes.toSorted((a, b) => byPosition(a.position, b.position))

/** The first that came from behind this position. */
function indexOf(passes: readonly Pass[], position: LinePosition): number {
  let [low, high] = [0, passes.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (byPosition((passes[middle] as Pass).position, position) > 0) high = middle
    else low = middle + 1
  }
  return low
}

/** How often one of a class was passed. */
interface TimesPassed {
  readonly times: number
  /** Since when; 0: it was not. */
  readonly since: Micros
  /** How often it may be passed yet. */
  readonly left: number
}

/** Never too few: also the starts from before it came count. @param passes of its class; its own, if it is in none */
export function timesPassed(
  passes: readonly Pass[],
  { warm }: Policy,
  at: Micros,
  position: LinePosition,
): TimesPassed {
  const from = indexOf(passes, position)
  const times = passes.length - from
  let since = 0
  for (let i = from; i < passes.length; i++) {
    const pass = passes[i] as Pass
    if (since === 0 || pass.at < since) since = pass.at
  }
  const isOver = since > 0 && since + (warm?.maxPassedSeconds ?? 0) * MICROS_PER_SECOND <= at
  return { times, since, left: isOver ? 0 : Math.max(0, (warm?.maxPassed ?? 0) - times) }
}
