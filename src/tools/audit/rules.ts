/**
 * Which rule of a policy's map counts for a name, in the audit's own words: the one under the name itself; else of the patterns that fit it
 * the one with the most characters that are no stars, then the shortest, then the first of a sorted list; `*` is such a pattern.
 */

interface Pattern {
  readonly key: string
  readonly expression: RegExp
}

const patterns = new WeakMap<object, readonly Pattern[]>()

/** Names of models are anything. Undefined: the policy says nothing of this one. */
export function ruleFor<Rule>(rules: Readonly<Record<string, Rule>>, name: string): Rule | undefined {
  const key = Object.hasOwn(rules, name)
    ? name
    : patternsOf(rules).find((one) => one.expression.test(name))?.key
  return key === undefined ? undefined : rules[key]
}

function patternsOf(rules: Readonly<Record<string, unknown>>): readonly Pattern[] {
  const known = patterns.get(rules)
  if (known !== undefined) return known
  const keys = Object.keys(rules).filter((key) => key.includes('*'))
  const weighed = keys.map((key) => ({ key, literal: [...key.matchAll(/[^*]/g)].length }))
  const made = weighed
    .sort((a, b) => b.literal - a.literal || a.key.length - b.key.length || (a.key > b.key ? 1 : -1))
    .map(({ key }) => ({ key, expression: expressionOf(key) }))
  patterns.set(rules, made)
  return made
}

/** What a pattern with stars fits. */
export const expressionOf = (pattern: string): RegExp =>
  new RegExp(`^${pattern.split('*').map(escaped).join('.*')}$`, 's')

const escaped = (text: string): string => text.replaceAll(/[$()*+.?[\\\]^{|}]/g, '\\$&')
