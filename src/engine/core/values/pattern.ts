/**
 * Rules by pattern: a key with a star in one of the policy's maps (`lora-*`) is the rule of each name that it fits, unless another key says
 * more of that name (docs/inside/decisions/places.md).
 */

type Keyed = Readonly<Record<string, unknown>>

/** Whether a pattern fits a name: `*` stands for any text. */
export function fits(pattern: string, name: string): boolean {
  const [head = '', ...parts] = pattern.split('*')
  const tail = parts.pop()
  if (tail === undefined) return pattern === name
  if (!name.startsWith(head) || !name.endsWith(tail)) return false
  let from = head.length
  for (const part of parts) {
    const at = name.indexOf(part, from)
    if (at < 0) return false
    from = at + part.length
  }
  return from <= name.length - tail.length
}

/** Whether a key is a pattern of some names. `*` alone is all others. */
export const isPattern = (key: string): boolean => key !== '*' && key.includes('*')

/** The patterns of the map that was asked last, and of all: maps of a policy never change, and nearly all have none. */
let latest: { readonly of: Keyed; readonly patterns: readonly string[] } = { of: {}, patterns: [] }
const known = new WeakMap<Keyed, readonly string[]>()

/** The patterns among the keys of a map, those that say most first. */
export function patternsIn(rules: Keyed): readonly string[] {
  if (rules === latest.of) return latest.patterns
  const patterns = known.get(rules) ?? Object.keys(rules).filter(isPattern).sort(bySaying)
  known.set(rules, patterns)
  latest = { of: rules, patterns }
  return patterns
}

/** More text first, then fewer stars, then the order of their characters: so any two differ. */
const bySaying = (a: string, b: string): number =>
  textIn(b) - textIn(a) || a.length - b.length || (a < b ? -1 : 1)

const textIn = (pattern: string): number => pattern.replaceAll('*', '').length

/** The pattern whose rule counts for a name that has none of its own; undefined: that of all others. */
export function patternFor(rules: Keyed, name: string): string | undefined {
  const patterns = patternsIn(rules)
  // Places and resources stand among the models of the ledger, under names that begin with a control character.
  return patterns.length === 0 || name < ' ' ? undefined : patterns.find((pattern) => fits(pattern, name))
}

/** Its own rule, or that of a pattern; undefined: that of all others, or none. Names are anything, `constructor` too. */
export function ruleFor<Rule>(rules: Readonly<Record<string, Rule>>, name: string): Rule | undefined {
  if (Object.hasOwn(rules, name)) return rules[name]
  const pattern = patternFor(rules, name)
  return pattern === undefined ? undefined : rules[pattern]
}
