import {
  defaultPolicy,
  type EmptySetRule,
  type FairShare,
  isWarm,
  type Policy,
  unitsText,
  windowsOf,
} from '../../engine/core/index.ts'
import { duration, plural } from './index.ts'

type PolicyFact = readonly [name: string, text: string]

/** How many facts to show for every policy. The others are shown only if they differ from the default. */
const ALWAYS_SAID = 3

/** The policy in a sentence. */
export const policyText = (policy: Policy): string => saidOf(policy).join(', ')

/**
 * The beginning of that sentence, by whole facts, and how many more there are.
 * @param most characters of the facts; the first is always said
 */
export function policyBeginning(policy: Policy, most: number): string {
  const facts = saidOf(policy)
  const said = facts.filter((_, i) => i === 0 || facts.slice(0, i + 1).join(', ').length <= most)
  const more = facts.length - said.length
  return more === 0
    ? said.join(', ')
    : `${said.join(', ')}, and ${plural(more, 'more rule')}: npx interlock-queue policy`
}

function saidOf(policy: Policy): readonly string[] {
  const usual = new Map(policyFacts(defaultPolicy))
  return policyFacts(policy)
    .filter(([name, text], i) => i < ALWAYS_SAID || text !== usual.get(name))
    .map(([, text]) => text)
}

/** All of its rules, each in a few words. */
export function policyFacts(policy: Policy): readonly PolicyFact[] {
  const { ageSeconds, offerMs, emptySet, fairShare } = policy
  return [
    ['at once', `${slots(policy)} at once`],
    ['models', places(policy)],
    ['order', order(policy)],
    ['declared', declared(policy)],
    [
      'priority',
      ageSeconds === null
        ? 'higher priority always goes first'
        : `a level of priority is worth ${ageSeconds} s of waiting`,
    ],
    ['offers', `a job that no worker takes keeps its position for ${duration(offerMs)}`],
    ['no models', emptySets[emptySet]],
    ['losses', losses(policy)],
    ['rates', rates(policy)],
    ...(policy.uses === undefined ? [] : [['limits of use', limits(policy)] as const]),
    ...(fairShare === null && hasOtherShares(policy)
      ? []
      : [['fair shares', fairShare === null ? 'no fair shares' : share(fairShare)] as const]),
    ['log', retention(policy)],
    ...(policy.weights === undefined ? [] : [['weights', weights(policy.weights)] as const]),
    ...(policy.tiers === undefined ? [] : [['tiers', tiers(policy.tiers)] as const]),
    ...(isWarm(policy) ? [['loaded models', loaded(policy)] as const] : []),
  ]
}

/** Tiers and weights are shares too. */
const hasOtherShares = ({ tiers, weights }: Policy): boolean => tiers !== undefined || weights !== undefined

const weights = (of: NonNullable<Policy['weights']>): string =>
  `turns by what fair keys have used: ${Object.entries(of)
    .map(([key, weight]) => `${key} weighs ${weight}`)
    .join(', ')}`

const tiers = (of: NonNullable<Policy['tiers']>): string =>
  Object.entries(of)
    .map(([tier, limits]) => {
      const each = limits.maxActive === null ? [] : [`${limits.maxActive} of each key`]
      const all = limits.maxTogether === null ? [] : [`${limits.maxTogether} together`]
      return `of ${tier} ${[...each, ...all].join(', ') || 'any number'} may be active`
    })
    .join('; ')

function slots({ maxActive }: Policy): string {
  if (maxActive === null) return 'any number of jobs'
  return maxActive === 1 ? 'one job' : `at most ${maxActive} jobs`
}

function places(policy: Policy): string {
  const { capacity } = policy
  const models = Object.keys(capacity).filter((model) => typeof capacity[model] === 'number')
  const numbers = models.map((model) => `${model}=${capacity[model]}`)
  const facts = [...(numbers.length === 0 ? [] : [`capacity ${numbers.join(' ')}`]), ...placed(policy)]
  return `${facts.length === 0 ? 'one per model' : facts.join(', ')}${unitsIn(policy)}`
}

/** The models that have the same places are named together: often they are all that a few cards can run. */
function placed({ capacity }: Policy): readonly string[] {
  const models = Object.entries(capacity).filter(([, of]) => typeof of !== 'number')
  const byPlaces = Map.groupBy(models, ([, of]) => String(of))
  return [...byPlaces].map(([of, those]) => `places ${of} for ${those.map(([model]) => model).join(' ')}`)
}

function unitsIn({ units = {} }: Policy): string {
  const named = Object.entries(units).map(([place, has]) => `${place} has ${unitsText(has)}`)
  return named.length === 0 ? '' : `, ${named.join(', ')}`
}

function declared({ models }: Policy): string {
  return models === undefined
    ? 'jobs may need any model'
    : `only the models ${Object.keys(models).join(', ')}`
}

function loaded({ warm }: Policy): string {
  return `loaded models first, past a job ${warm?.maxPassed} times and for ${warm?.maxPassedSeconds} s at most`
}

function order({ maxOvertakes }: Policy): string {
  if (maxOvertakes === null) return 'any number of overtakes (large jobs may starve)'
  return maxOvertakes === 0 ? 'strict order' : `at most ${maxOvertakes} overtakes`
}

const emptySets: Readonly<Record<EmptySetRule, string>> = {
  bypass: 'jobs without models run outside the queue',
  reject: 'jobs without models are refused',
  exclusive: 'a job without models runs alone',
}

function losses({ holdAfterLossSeconds }: Policy): string {
  const pauses = Object.entries(holdAfterLossSeconds).map(
    ([model, s]) => `${model === '*' ? 'all others' : model} paused for ${s} s after a loss`,
  )
  return pauses.join(', ') || 'no model is paused after a loss'
}

function rates({ rate }: Policy): string {
  const named = Object.entries(rate).map(
    ([model, { starts, perSeconds }]) => `at most ${starts} starts of ${model} in ${perSeconds} s`,
  )
  return named.join(', ') || 'no model has a rate'
}

function limits(policy: Policy): string {
  const named = Object.keys(policy.uses ?? {}).flatMap((resource) =>
    (windowsOf(policy, resource) ?? []).map(
      ({ limit, perSeconds, counted }) =>
        `at most ${limit} of ${resource} in ${perSeconds} s${counted === undefined ? '' : ', counted at the start'}`,
    ),
  )
  return named.join(', ')
}

function share({ spacingSeconds, maxWaiting, maxActive }: FairShare): string {
  const parts = [
    ...(spacingSeconds === 0
      ? []
      : [`${spacingSeconds} s further back per waiting job of the same fair key`]),
    ...(maxWaiting === null ? [] : [`at most ${maxWaiting} waiting per fair key`]),
    ...(maxActive === null ? [] : [`at most ${maxActive} active per fair key`]),
  ]
  return parts.join(', ') || 'no limit per fair key'
}

function retention({ retentionDays, archive }: Policy): string {
  if (retentionDays === null) return 'events stay in the log'
  return archive === 'drop'
    ? `events deleted after ${plural(retentionDays, 'day')}`
    : `events archived after ${plural(retentionDays, 'day')}`
}
