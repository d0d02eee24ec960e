/**
 * Which rule of a policy's map counts for a name, in the audit's own words: the one under the name itself; else of the patterns that fit it
 * the one with the most characters that are no stars, then the shortest, then the first of a sorted list; `*` is such a pattern.
 */
import { Pattern } from './pattern.ts'

const patterns = new WeakMap<object, readonly Pattern[]>()

/** Names of models are anything. Undefined: the policy says nothing of this one. */
export function ruleFor<Rule>(rules: Readonly<Record<string, Rule>>, name: string): Rule | undefined {
  const key = Object.hasOwn(rules, name) ? name : patternsOf(rules).find((one) => one.matches(name))?.text
  return key === undefined ? undefined : rules[key]
}

function patternsOf(rules: Readonly<Record<string, unknown>>): readonly Pattern[] {
  const known = patterns.get(rules)
  if (known !== undefined) return known
  const keys = Object.keys(rules).filter((key) => key.includes('*'))
  const weighed = keys.map((key) => ({ key, literal: [...key.matchAll(/[^*]/g)].length }))
  const made = weighed
    .sort((a, b) => b.literal - a.literal || a.key.length - b.key.length || (a.key > b.key ? 1 : -1))
    .map(({ key }) => new Pattern(key))
  patterns.set(rules, made)
  return made
}
