import { messageOf } from '../codec/index.ts'
import type { Json } from '../core/index.ts'

/** Characters of a message. */
const MOST = 200
/** Characters of texts in what a handler was given, beyond which no message is told. */
const MOST_GIVEN = 200_000
const WORD = /[\p{L}\p{N}][\p{L}\p{N}_]{2,}/gu
const PLACE = '…'

/** What looks like somebody's: addresses, what stands in quotes, ids, longer numbers. */
const private_ = [
  [/\b[a-z][a-z\d+.-]*:\/\/\S+/giu, PLACE],
  [/\S+@\S+/gu, PLACE],
  [/(["'`“”‘’«»]).*?(?:["'`“”‘’«»]|$)/gsu, PLACE],
  [/\b(?=[\w-]*\d)[\w-]{8,}/gu, PLACE],
  [/\d{4,}/gu, PLACE],
] as const

/**
 * The message of what was thrown, without anything that looks like data of somebody, and without every word of what its handler was
 * given. Undefined: nothing is left, or there is too much to compare with.
 */
export function scrubbed(error: unknown, given: readonly Json[]): string | undefined {
  const theirs = wordsOf(given)
  if (theirs === undefined) return undefined
  const [line = ''] = messageOf(error)
    .slice(0, 4 * MOST)
    .split(/[\r\n\u2028\u2029]/u)
  let text = line.toWellFormed().replace(/\p{Cc}/gu, ' ')
  for (const [pattern, place] of private_) text = text.replace(pattern, place)
  text = text.replace(WORD, (word) => (theirs.has(word.toLowerCase()) ? PLACE : word))
  text = text.replace(/…(?:\s*…)+/gu, PLACE).trim()
  if (text === '' || text === PLACE) return undefined
  return text.length <= MOST ? text : `${text.slice(0, MOST - 1).toWellFormed()}…`
}

/** Every word in these values; undefined: they are too long. Names of fields are not among them: they are the program's own. */
function wordsOf(given: readonly Json[]): ReadonlySet<string> | undefined {
  const words = new Set<string>()
  const open: Json[] = [...given]
  let left = MOST_GIVEN
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value === 'object') open.push(...(value === null ? [] : Object.values(value)))
    else if (typeof value !== 'boolean') {
      const text = String(value)
      left -= text.length
      if (left < 0) return undefined
      for (const [word] of text.toLowerCase().matchAll(WORD)) words.add(word)
    }
  }
  return words
}
