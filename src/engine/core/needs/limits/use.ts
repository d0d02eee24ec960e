/**
 * What jobs use of a resource: what they expect to from their start on, what they did use for as long as each of its windows is after their end
 * (meter.ts). It is kept as a model is, but not by jobs that wait for a rate or a share.
 */

import type { Job } from '../../state/job.ts'
import { modelOf } from '../../state/ledger.ts'
import type { Meter } from '../../state/model.ts'
import type { Micros } from '../../values/job.ts'
import { numberText } from '../../values/number-text.ts'
import { type Window, windowsOf } from '../../values/policy.ts'
import { timeText } from '../../values/time-text.ts'
import { keepersAhead } from '../keeping.ts'
import { length, limitedUses, meterOf, reservedIn, resourceOf, usedSince } from '../meter.ts'
import { type Asker, type AsOf, type Counting, type Limit, lacking, type Need, type Needs } from '../need.ts'
import { reasonTexts } from '../reasons.ts'

type Windows = readonly Window[]

export interface Use extends Limit<Windows> {
  /** The first resource of which there is not enough for a job; undefined: there is enough of all. */
  readonly shortageIn: (asOf: AsOf, job: Job) => Shortage | undefined
}

/** @param others who lacks one of these keeps nothing */
export function useBeside(others: Needs): Use {
  const use: Use = {
    sort: 'use',
    isOn: ({ uses }) => uses !== undefined,
    code: () => 'rate_limited',
    needs: (policy, job) =>
      limitedUses(policy, job).map(([resource, amount]) => {
        const total = windowsOf(policy, resource) ?? []
        return { limit: use, name: meterOf(resource), amount, total }
      }),
    hasRoom: (asOf, need, asker, counting) => shortageOf(asOf, need, asker, others, counting) === undefined,
    rivals: (draft, { name }) => modelOf(draft, name).offers,
    says: (asOf, need, asker) => shortageText(shortageOf(asOf, need, asker, others)),
    broken: (_, { name }) => `more of ${resourceOf(name)} would be used than its limit allows`,
    shortageIn: (asOf, job) => {
      for (const need of use.needs(asOf.ledger.policy, job)) {
        const shortage = shortageOf(asOf, need, job, others)
        if (shortage !== undefined) return shortage
      }
      return undefined
    },
  }
  return use
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
  { name, amount, total: windows }: Need<Windows>,
  asker: Asker,
  others: Needs,
  counting: Counting = 'kept',
): Shortage | undefined {
  const { ledger, now } = asOf
  const resource = resourceOf(name)
  const { meter } = modelOf(ledger, name)
  const ask = Number(amount)
  const most = Math.max(...windows.map(({ limit }) => limit)) - ask
  const kept = counting === 'held' ? nobody : keptOf(asOf, name, asker, others, most)
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

/** What jobs ahead keep of a resource, and the first of them. @param most it stops beyond this: then no window has enough */
function keptOf(asOf: AsOf, name: string, asker: Asker, others: Needs, most: number) {
  const thing = modelOf(asOf.ledger, name)
  const kept = { sum: 0, first: null as string | null }
  for (const other of keepersAhead(asOf, thing, asker, thing.reserved)) {
    if (other.offeredAt === null && lacking(asOf, other, others, 'kept') !== undefined) continue
    kept.sum += amountOf(other, name)
    kept.first ??= other.jobId
    if (kept.sum > most) break
  }
  return kept
}

const amountOf = ({ spec }: Job, name: string): number => spec.uses?.[resourceOf(name)] ?? 0
