/** Starts from a model, so many in any window of time, wherever it is. No start is kept for a job that waits; what it keeps of its models, it keeps. */

import type { Job } from '../../state/job.ts'
import { type LedgerView, modelOf } from '../../state/ledger.ts'
import { siteOf } from '../../state/site.ts'
import type { Micros } from '../../values/job.ts'
import { placesOf, type Rate, rateOf } from '../../values/policy.ts'
import { timeText } from '../../values/time-text.ts'
import type { Limit } from '../need.ts'
import { hasRates, opensAt } from '../starts.ts'

export const rate: Limit<Rate> = {
  sort: 'rate',
  isOn: hasRates,
  code: () => 'rate_limited',
  needs: (policy, { spec: { models } }) =>
    models.flatMap((name) => {
      const total = rateOf(policy, name)
      return total === undefined ? [] : { limit: rate, name, amount: 1, total }
    }),
  hasRoom: ({ ledger, now }, { name, total }) => opensAt(modelOf(ledger, name), total) <= now,
  rivals: (draft, { name, total }, now) =>
    opensAt(modelOf(draft, name), total) <= now
      ? []
      : [name, ...(placesOf(draft.policy, name) ?? []).map(siteOf)].flatMap((each) => [
          ...modelOf(draft, each).offers,
        ]),
  says: ({ ledger, now }, _, job) => {
    const until = rateOpensAt(ledger, job, now)
    const last = job.spec.models.find((name) => modelOpensAt(ledger, name) === until)
    return `model ${last} has reached its rate, and may be started from again at ${timeText(until)}`
  },
  broken: (_, { name }) => `model ${name} had as many starts as its rate allows`,
}

/** When a model may be started from again as far as its rate is concerned; 0: it may, or has no rate. */
export function modelOpensAt(ledger: LedgerView, name: string): Micros {
  const own = hasRates(ledger.policy) ? rateOf(ledger.policy, name) : undefined
  return own === undefined ? 0 : opensAt(modelOf(ledger, name), own)
}

/** When the last of the job's models may be started from; 0: none of them is over its rate. */
export function rateOpensAt(ledger: LedgerView, job: Job, now: Micros): Micros {
  let last = 0
  if (!hasRates(ledger.policy)) return last
  for (const name of job.spec.models) last = Math.max(last, modelOpensAt(ledger, name))
  return last > now ? last : 0
}
