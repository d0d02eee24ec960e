/**
 * Resources of which jobs use an amount that is known only when they end: tokens of a provider, say. What a job expects to use is reserved
 * from its start on; at its end it is replaced by what it did use, which then counts for as long as the windows of the resource are. A
 * resource stands among the models of the ledger, under a name that no model can have, with room for any number of jobs: so jobs that wait for
 * it have a line, are overtaken and offered there as on a model (docs/inside/decisions/turns.md).
 */
import type { Draft } from '../state/draft.ts'
import { type Job, usesSlot } from '../state/job.ts'
import { type Ledger, modelOf } from '../state/ledger.ts'
import type { Meter, Settled } from '../state/model.ts'
import { MICROS_PER_SECOND, type Micros, type Uses } from '../values/job.ts'
import { numberText } from '../values/number-text.ts'
import { isPattern, patternsIn } from '../values/pattern.ts'
import { isMeter, METER_MARK, type Policy, type Window, windowsOf } from '../values/policy.ts'
import { Tree } from '../values/tree.ts'
import type { Compare } from '../values/tree-node.ts'

export const meterOf = (resource: string): string => `${METER_MARK}${resource}`
export const resourceOf = (meter: string): string => meter.slice(METER_MARK.length)

const byAt: Compare<Settled> = (a, b) => a.at - b.at
/** Nothing has ended yet. The first entry is before all times: what was used since a time is the difference of two sums. */
const noneEnded = Tree.empty<Settled>(byAt).insert({ at: Number.MIN_SAFE_INTEGER, sum: 0 }, {})

/** A window is cut into so many parts. What ended within one of them counts as if it had ended with the last of them. */
const PARTS = 1_000
export const length = ({ perSeconds }: Window): Micros => Math.ceil(perSeconds * MICROS_PER_SECOND)

/** What a job uses, where that is limited. Without models it stands in no line, and nothing holds it back. */
export function limitedUses(
  policy: Policy,
  job: Pick<Job, 'spec' | 'exclusive'>,
): readonly (readonly [resource: string, ask: number])[] {
  const { uses } = job.spec
  if (uses === undefined || policy.uses === undefined || !usesSlot(job)) return []
  return Object.entries(uses).filter(([resource]) => windowsOf(policy, resource) !== undefined)
}

/** Under which names a job in line stands among the models, beside those of its models. */
export function withMeters(policy: Policy, job: Job): readonly string[] {
  const limited = limitedUses(policy, job)
  return limited.length === 0
    ? job.needs
    : [...job.needs.filter((name) => !isMeter(name)), ...limited.map(([resource]) => meterOf(resource))]
}

/** The first resource of which the job asks for more than its smallest window allows; undefined: there is none. */
export function overLimit(
  policy: Policy,
  uses: Uses | undefined,
): { readonly resource: string; readonly limit: number; readonly ask: number } | undefined {
  if (uses === undefined) return undefined
  for (const [resource, ask] of Object.entries(uses)) {
    const limit = Math.min(...(windowsOf(policy, resource) ?? []).map((window) => window.limit))
    if (ask > limit) return { resource, limit, ask }
  }
  return undefined
}

const isAtStart = ({ counted }: Window): boolean => counted === 'atStart'

/** What active jobs keep of a window: nothing where it counted at their start already. */
export const reservedIn = (meter: Meter | null, window: Window): number =>
  isAtStart(window) ? 0 : (meter?.reserved ?? 0)

/** What was used by jobs that ended at this time or later. */
export function usedSince(meter: Meter | null, index: number, from: Micros): number {
  const ended = meter?.ended[index]
  if (ended === undefined) return 0
  return (ended.max()?.sum ?? 0) - (ended.before({ at: from, sum: 0 })?.sum ?? 0)
}

const idleMeter = (windows: readonly Window[]): Meter => ({
  reserved: 0,
  ended: windows.map(() => noneEnded),
})

/**
 * What the job expects to use counts from its start on, or at its start.
 * @param isCounted a resource of which it counted at its start under other limits, and still does
 */
export function reserveUses(
  draft: Draft,
  job: Job,
  at: Micros,
  isCounted: (resource: string) => boolean = () => false,
): void {
  for (const [resource, ask] of limitedUses(draft.policy, job)) {
    const model = draft.model(meterOf(resource))
    const windows = windowsOf(draft.policy, resource) ?? []
    const meter = model.meter ?? idleMeter(windows)
    const now = isCounted(resource) ? 0 : ask
    const ended = windows.map((window, i) => {
      const before = meter.ended[i] ?? noneEnded
      return isAtStart(window) ? settle(before, window, now, at, draft) : before
    })
    model.meter = { reserved: meter.reserved + ask, ended }
  }
}

/** From now on what it used counts, in the place of what it reserved. @param used what it says; what it does not say is as it was reserved */
export function settleUses(draft: Draft, job: Job, used: Uses | undefined, at: Micros): void {
  if (job.spec.uses === undefined && used === undefined) return
  const reserved = new Map(limitedUses(draft.policy, job))
  for (const resource of new Set([...reserved.keys(), ...Object.keys(used ?? {})])) {
    const windows = windowsOf(draft.policy, resource)
    if (windows === undefined || !usesSlot(job)) continue
    const ask = reserved.get(resource) ?? 0
    const amount = usedOf(used, resource) ?? ask
    const model = draft.model(meterOf(resource))
    const meter = model.meter ?? idleMeter(windows)
    // At its start what it asked for counted: what it used beyond counts now, and nothing is given back.
    const amountIn = (window: Window) => (isAtStart(window) ? Math.max(0, amount - ask) : amount)
    const ended = windows.map((window, i) =>
      settle(meter.ended[i] ?? noneEnded, window, amountIn(window), at, draft),
    )
    model.meter = { reserved: meter.reserved - ask, ended }
    draft.free(model.model)
  }
}

/** What an attempt says that it used of a resource; undefined: it does not say. Users choose the names. */
export const usedOf = (used: Uses | undefined, resource: string): number | undefined =>
  used !== undefined && Object.hasOwn(used, resource) ? used[resource] : undefined

/** `it used 2,100 of openai-tpm, 300 more than it had reserved`. */
export const overrunText = (resource: string, used: number, reserved: number): string =>
  `it used ${numberText(used)} of ${resource}, ${numberText(used - reserved)} more than it had reserved`

function settle(
  before: Tree<Settled>,
  window: Window,
  amount: number,
  at: Micros,
  { owner }: Draft,
): Tree<Settled> {
  let ended = before
  // One that is out of the window is kept: it says what had been used before.
  for (
    let second = ended.at(1);
    second !== undefined && second.at < at - length(window);
    second = ended.at(1)
  )
    ended = ended.remove(ended.min() ?? second, owner)
  if (amount === 0) return ended
  const last = ended.max()
  const part = Math.max(1, Math.floor(length(window) / PARTS))
  if (last !== undefined && Math.floor(last.at / part) === Math.floor(at / part))
    ended = ended.remove(last, owner)
  return ended.insert({ at, sum: (last?.sum ?? 0) + amount }, owner)
}

/** The resources that a policy names, and those of its patterns of which something was used: each has windows of its own. */
function* metered({ models }: Pick<Ledger, 'models'>, { uses = {} }: Policy): Generator<string> {
  for (const key of Object.keys(uses)) if (!isPattern(key)) yield key
  if (patternsIn(uses).length === 0) return
  for (const { model, meter } of models)
    if (meter !== null && !Object.hasOwn(uses, resourceOf(model))) yield resourceOf(model)
}

/** Under other limits still counts what counted in the longest window until now, and what active jobs have reserved. */
export function limitUses(draft: Draft, before: Policy, now: Micros): void {
  for (const resource of new Set([...metered(draft, before), ...metered(draft, draft.policy)])) {
    const model = draft.model(meterOf(resource))
    const windows = windowsOf(draft.policy, resource)
    if (windows === undefined) {
      model.meter = null
      draft.forget(model)
    } else
      model.meter = { reserved: 0, ended: windows.map(() => longest(before, resource, model.meter, now)) }
  }
  for (const position of draft.active) {
    const job = draft.jobs.get(position)
    if (job !== undefined) reserveUses(draft, job, now, (resource) => countedAtStart(before, resource))
  }
}

/** The longest of a list that is not empty: the first of those that are as long. */
function longestOf(windows: readonly Window[]): Window | undefined {
  const most = Math.max(...windows.map(length))
  return windows.find((window) => length(window) === most)
}

const countedAtStart = (policy: Policy, resource: string): boolean =>
  longestOf(windowsOf(policy, resource) ?? [])?.counted === 'atStart'

/** What counts in the longest window: what was used before is not known of any longer time. */
function longest(before: Policy, resource: string, meter: Meter | null, now: Micros): Tree<Settled> {
  const windows = windowsOf(before, resource) ?? []
  const most = longestOf(windows)
  const found = most === undefined ? undefined : meter?.ended[windows.indexOf(most)]
  if (most === undefined || found === undefined) return noneEnded
  const from = now - length(most)
  const sum = found.before({ at: from, sum: 0 })?.sum ?? 0
  // A tree of its own for each window: one that a draft has made is changed in place.
  return treeOf([{ at: Number.MIN_SAFE_INTEGER, sum }, ...[...found].filter(({ at }) => at >= from)])
}

/** When, after this time, something that was used leaves a window of a resource that jobs wait for. */
export function nextUseEndAt(ledger: Ledger, after: Micros): Micros | undefined {
  let first: Micros | undefined
  for (const resource of metered(ledger, ledger.policy)) {
    const { meter, line } = modelOf(ledger, meterOf(resource))
    if (meter === null || line.size === 0) continue
    for (const [index, window] of (windowsOf(ledger.policy, resource) ?? []).entries()) {
      const next = meter.ended[index]?.after({ at: after - length(window) - 1, sum: 0 })
      const at = next === undefined ? undefined : next.at + length(window) + 1
      if (at !== undefined && (first === undefined || at < first)) first = at
    }
  }
  return first
}

/** A meter as a snapshot has it. */
export type MeterRow = readonly [reserved: number, ended: readonly (readonly Settled[])[]]

export const meterRow = ({ reserved, ended }: Meter): MeterRow => [reserved, ended.map((all) => [...all])]

export const meterFrom = ([reserved, ended]: MeterRow): Meter => ({ reserved, ended: ended.map(treeOf) })

function treeOf(all: Iterable<Settled>): Tree<Settled> {
  const owner = {}
  return [...all].reduce((tree, one) => tree.insert(one, owner), Tree.empty<Settled>(byAt))
}
