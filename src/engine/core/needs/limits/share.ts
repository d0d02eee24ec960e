/** Shares of fair keys: how many jobs of one key may be active, and how many of all keys of a tier. */
import { activeLimits, tierOf } from '../../values/policy.ts'
import { counted } from '../counted.ts'
import { fixed } from '../need.ts'

export const share = counted({
  sort: 'share',
  isOn: ({ fairShare, tiers }) => fairShare !== null || tiers !== undefined,
  reads: ({ fairShare, tiers }) => [fairShare?.maxActive, tiers],
  code: 'fair_share_limit',
  nameOf: (_, { spec }) => spec.fairKey,
  most: (policy, key) => activeLimits(policy, key).own,
  says: (key) => `as many jobs of ${key} are running as its share allows`,
  broken: (key) => `as many jobs of ${key} are active as its share allows`,
})

/** No fair key begins with this: names have no control characters. */
const TIER_MARK = '\u0004'
const tierIn = (name: string): string => name.slice(TIER_MARK.length)

/** A tier may be called `null`: so a mark stands before its name. */
export const tier = counted({
  sort: 'tier',
  isOn: ({ tiers }) => tiers !== undefined,
  reads: ({ tiers }) => tiers,
  code: 'fair_share_limit',
  nameOf: ({ tiers }, { spec: { fairKey } }) => {
    const own = tiers === undefined || fairKey === null ? null : tierOf(fairKey)
    return own === null ? null : `${TIER_MARK}${own}`
  },
  most: (policy, name) => activeLimits(policy, `${tierIn(name)}/`).together,
  says: (name) => `as many jobs of tier ${tierIn(name)} are running as it may have`,
  broken: (name) => `as many jobs of tier ${tierIn(name)} are active as it may have`,
})

/** What all jobs of one fair key lack if one of them does. */
export const shares = fixed([tier, share])
