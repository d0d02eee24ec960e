/** Active jobs that have something in common, such as a fair key, are counted under one name, and may be so many. */

import { type Job, usesSlot } from '../state/job.ts'
import { type LedgerView, noPositions, type Share } from '../state/ledger.ts'
import type { ReasonCode } from '../values/event.ts'
import { hash } from '../values/hash.ts'
import type { Policy } from '../values/policy.ts'
import { offersAhead } from './keeping.ts'
import { type Limit, nothing } from './need.ts'

type Kept = Pick<Job, 'spec'>

interface Count {
  readonly sort: string
  readonly isOn: (policy: Policy) => boolean
  /** What of the policy it goes by. */
  readonly reads: (policy: Policy) => unknown
  readonly code: ReasonCode
  /** Under which name a job is counted; null: under none. */
  readonly nameOf: (policy: Policy, job: Kept) => string | null
  /** How many may be active at once; null: any number. */
  readonly most: (policy: Policy, name: string) => number | null
  readonly says: (name: string) => string
  readonly broken: (name: string) => string
}

export interface Counted extends Limit<number>, Pick<Count, 'nameOf' | 'most' | 'reads'> {}

/** Jobs that bypass are not counted. */
export function counted({ sort, isOn, reads, code, nameOf, most, says, broken }: Count): Counted {
  const limit: Counted = {
    sort,
    isOn,
    reads,
    code: () => code,
    nameOf,
    most,
    needs: (policy, job) => {
      const name = nameOf(policy, job)
      const total = name === null ? null : most(policy, name)
      return name === null || total === null || !usesSlot(job) ? nothing : [{ limit, name, amount: 1, total }]
    },
    hasRoom: (asOf, { name, total }, { position }, counting) => {
      const { policy } = asOf.ledger
      const left = total - shareOf(asOf.ledger, name).active
      if (left <= 0 || counting === 'held') return left > 0
      return offersAhead(asOf, position, (job) => nameOf(policy, job) === name) < left
    },
    rivals: ({ policy, offered, jobs, shares }, { name, total }) => {
      if (shareOf({ shares }, name).active < total) return []
      return [...offered].filter((position) => {
        const job = jobs.get(position)
        return job !== undefined && nameOf(policy, job) === name
      })
    },
    says: (_, { name }) => says(name),
    broken: (_, { name }) => broken(name),
  }
  return limit
}

/** Under which name a job is counted, where the policy says how many may be; null: it does not. */
export function limitedAs({ nameOf, most }: Counted, policy: Policy, job: Kept): string | null {
  const name = nameOf(policy, job)
  return name === null || most(policy, name) === null ? null : name
}

/** How many jobs are counted under a name. */
export function shareOf({ shares }: Pick<LedgerView, 'shares'>, key: string): Share {
  const own = { hash: hash(key), key }
  return shares.get(own) ?? { ...own, waiting: 0, active: 0, ready: noPositions }
}
