/**
 * What jobs use of a resource: what they expect to from their start on, what they did use for as long as each of its windows is after their end
 * (meter.ts). It is kept as a model is, but only by jobs that lack nothing else: who waits for its share or a rate keeps nothing meanwhile.
 */
import { type Job, type Meter, modelOf } from '../../state/ledger.ts'
import type { Micros, Uses } from '../../values/job.ts'
import { numberText } from '../../values/number-text.ts'
import { type Policy, type Window, windowsOf } from '../../values/policy.ts'
import { timeText } from '../../values/time-text.ts'
import { keepersAhead } from '../keeping.ts'
import { length, limitedUses, meterOf, reservedIn, resourceOf, usedSince } from '../meter.ts'
import { type Asker, type AsOf, type Counting, type Limit, lacking, type Need } from '../need.ts'
import { reasonTexts } from '../reasons.ts'
import { besideUse } from './beside-use.ts'

export const use: Limit = {
  sort: 'use',
  isOn: ({ uses }) => uses !== undefined,
  code: () => 'rate_limited',
  needs: (policy, job) =>
    limitedUses(policy, job).map(([resource, amount]) => ({ limit: use, name: meterOf(resource), amount })),
  hasRoom: (asOf, need, asker, counting) => shortageOf(asOf, need, asker, counting) === undefined,
  rivals: (draft, { name }) => modelOf(draft, name).offers,
  says: (asOf, need, asker) => shortageText(shortageOf(asOf, need, asker)),
  broken: (_, { name }) => `more of ${resourceOf(name)} would be used than its limit allows`,
}

/** The first resource of which the job asks for more than some window ever has; undefined: there is none. */
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

/** What is in the way of a job that waits for a resource. */
export interface Shortage {
  readonly resource: string
  readonly window: Window
  /** Used within the window, and reserved. */
  readonly taken: number
  /** A job ahead for which the rest is kept. */
  readonly keptFor: string | null
  /** When it fits, if nothing else happens; null: something has to end first. */
  readonly opensAt: Micros | null
}

/** Why there is not enough of a resource; undefined: there is. */
function shortageOf(
  asOf: AsOf,
  { name, amount }: Need,
  asker: Asker,
  counting: Counting = 'kept',
): Shortage | undefined {
  const { ledger, now } = asOf
  const resource = resourceOf(name)
  const { meter } = modelOf(ledger, name)
  const ask = Number(amount)
  const windows = windowsOf(ledger.policy, resource) ?? []
  const most = Math.max(...windows.map(({ limit }) => limit)) - ask
  const kept = counting === 'held' ? nobody : keptOf(asOf, name, asker, most)
  for (const [index, window] of windows.entries()) {
    const reserved = reservedIn(meter, window)
    const taken = reserved + usedSince(meter, index, now - length(window))
    if (taken + kept.sum + ask <= window.limit) continue
    const keptFor = taken + ask <= window.limit ? kept.first : null
    const opensAt = fitsAt(meter, index, window, reserved + kept.sum + ask)
    return { resource, window, taken, keptFor, opensAt }
  }
  return undefined
}

/** The first resource of which there is not enough for a job. */
export function shortageIn(asOf: AsOf, job: Job): Shortage | undefined {
  const need = lacking(asOf, job, use, 'kept')
  return need && shortageOf(asOf, need, job)
}

function shortageText(shortage: Shortage | undefined): string {
  if (shortage === undefined) return reasonTexts.rate_limited.owner
  const { resource, window, taken, keptFor, opensAt } = shortage
  if (keptFor !== null) return `what is left of ${resource} is kept for job ${keptFor}, which is ahead of it`
  const { limit, perSeconds } = window
  const when = opensAt === null ? 'when running jobs have ended' : `at ${timeText(opensAt)} at the latest`
  return `${numberText(taken)} of the ${numberText(limit)} of ${resource} in ${perSeconds} s are used or reserved; there is enough for it ${when}`
}

/** When enough of what was used is out of the window: both of its ends count. */
function fitsAt(meter: Meter | null, index: number, window: Window, needed: number): Micros | null {
  const room = window.limit - needed
  const ended = meter?.ended[index]
  if (room < 0 || ended === undefined) return null
  const all = ended.max()?.sum ?? 0
  let [from, to] = [0, ended.size - 1]
  while (from < to) {
    const middle = (from + to) >> 1
    if (all - (ended.at(middle)?.sum ?? 0) <= room) to = middle
    else from = middle + 1
  }
  return (ended.at(from)?.at ?? 0) + length(window) + 1
}

const nobody = { sum: 0, first: null }

/** What jobs ahead keep of a resource, and the first of them. @param most no more are counted once this is exceeded: no window has more */
function keptOf(asOf: AsOf, name: string, asker: Asker, most: number) {
  const thing = modelOf(asOf.ledger, name)
  const kept = { sum: 0, first: null as string | null }
  for (const other of keepersAhead(asOf, thing, asker, thing.reserved)) {
    if (other.offeredAt === null && lacksOther(asOf, other)) continue
    kept.sum += amountOf(other, name)
    kept.first ??= other.jobId
    if (kept.sum > most) break
  }
  return kept
}

const lacksOther = (asOf: AsOf, job: Job): boolean => lacking(asOf, job, besideUse, 'kept') !== undefined

const amountOf = ({ spec }: Job, name: string): number => spec.uses?.[resourceOf(name)] ?? 0
