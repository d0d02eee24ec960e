import { fits, isPattern } from './pattern.ts'

/** With more names than this, only these are compared letter by letter. */
const COMPARED = 1_000

/** A name without what is easily written in another way: case, blanks, `-` and `_`. Two names with the same one may mean the same. */
export function bareName(name: string): string {
  const bare = name.toLowerCase().replace(/[\s_-]+/g, '')
  return bare === '' ? name : bare
}

/** The name that was probably meant, or a pattern (`lora-*`) of such names; null if none is near. */
export function nearestOf(wanted: string, names: readonly string[]): string | null {
  const bare = bareName(wanted)
  const same = names.find((name) => bareName(name) === bare) ?? nearPattern(wanted, names)
  if (same !== undefined) return same
  const text = wanted.slice(0, 40).toLowerCase()
  const near = names
    .slice(0, COMPARED)
    .filter((name) => !isPattern(name))
    .filter((name) => Math.abs(name.length - text.length) <= mostChanges(name))
    .map((name) => ({ name, distance: distance(text, name.toLowerCase(), mostChanges(name)) }))
    .filter(({ name, distance }) => distance <= mostChanges(name) && distance < name.length - 1)
  return near.toSorted((a, b) => a.distance - b.distance)[0]?.name ?? null
}

/** A pattern that the name would fit if case, blanks, `-` and `_` were written as there. */
export const nearPattern = (name: string, patterns: readonly string[]): string | undefined =>
  patterns.find(
    (pattern) => isPattern(pattern) && !fits(pattern, name) && fits(bareName(pattern), bareName(name)),
  )

const mostChanges = (name: string): number => Math.max(2, name.length / 3)

/** Letters to insert, to remove or to change (Levenshtein); more than `most`: it is more. */
function distance(a: string, b: string, most: number): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1]
    let least = i + 1
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (letter === b[j - 1] ? 0 : 1)
      const changes = Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1)
      next.push(changes)
      if (changes < least) least = changes
    }
    if (least > most) return least
    row = next
  }
  return row[b.length] ?? 0
}
