/**
 * What a pattern with stars fits, in the audit's own words. A text that stands between two stars is searched for as Knuth, Morris and Pratt
 * do: a name is read from left to right, so no pattern makes a log slow to read.
 */

/** A text by its characters. */
type Letters = ArrayLike<string>

/** A text between two stars, and for each of its beginnings the longest shorter beginning with which that one ends. */
interface TextBetween {
  readonly letters: Letters
  readonly overlaps: readonly number[]
}

export class Pattern {
  readonly text: string
  readonly #head: Letters
  readonly #between: readonly TextBetween[]
  /** After the last star; undefined: it has no star. */
  readonly #tail: Letters | undefined

  constructor(text: string) {
    this.text = text
    const [head = '', ...parts] = text.split('*')
    this.#head = head
    this.#tail = parts.pop()
    this.#between = parts
      .filter((part) => part !== '')
      .map((part) => ({ letters: part, overlaps: overlapsOf(part) }))
  }

  /** Each character is read at most three times. */
  matches(name: Letters): boolean {
    const tail = this.#tail ?? ''
    const end = name.length - tail.length
    if (this.#tail === undefined && name.length !== this.#head.length) return false
    if (end < this.#head.length || !standsAt(this.#head, name, 0) || !standsAt(tail, name, end)) return false
    let at: number | undefined = this.#head.length
    for (const part of this.#between) {
      at = endOf(part, name, at, end)
      if (at === undefined) return false
    }
    return true
  }
}

function standsAt(text: Letters, name: Letters, at: number): boolean {
  for (let i = 0; i < text.length; i++) if (name[at + i] !== text[i]) return false
  return true
}

/** Where the part ends that comes first from there on; undefined: it does not come. */
function endOf(
  { letters, overlaps }: TextBetween,
  name: Letters,
  from: number,
  end: number,
): number | undefined {
  let found = 0
  for (let at = from; at < end; at++) {
    const letter = name[at]
    while (found > 0 && letters[found] !== letter) found = overlaps[found - 1] ?? 0
    if (letters[found] === letter) found++
    if (found === letters.length) return at + 1
  }
  return undefined
}

function overlapsOf(letters: Letters): readonly number[] {
  const overlaps = [0]
  let found = 0
  for (let at = 1; at < letters.length; at++) {
    while (found > 0 && letters[found] !== letters[at]) found = overlaps[found - 1] ?? 0
    if (letters[found] === letters[at]) found++
    overlaps.push(found)
  }
  return overlaps
}
