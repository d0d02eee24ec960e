/**
 * What an error says, without what it should not say. In lines of the program's own log: nothing that opens a door (a password,
 * a key, a token). In a trace, which leaves the house: also nothing that looks like data of somebody.
 */
import type { Json } from '../core/index.ts'
import { messageOf } from './error-data.ts'
import { PLACE, secrets } from './secrets.ts'

const scheme = /\b([a-z][a-z\d+.-]{0,20}:\/\/)(\S+)/giu
/** The text without passwords, keys and tokens. Of an address, the part before the host goes. */
function withoutSecrets(text: string): string {
  let left = text.replace(scheme, (_, begin: string, rest: string) => `${begin}${withoutUser(begin, rest)}`)
  for (const [pattern, place] of secrets) left = left.replace(pattern, place)
  return left
}

/** A password may have any sign in it, where somebody has not written it as an address wants it. */
function withoutUser(begin: string, rest: string): string {
  const at = rest.lastIndexOf('@')
  return at < 0 || isPlainAddress(begin + rest) ? rest : `${PLACE}${rest.slice(at)}`
}

/** Its at sign is a part of the query. */
function isPlainAddress(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { username, password, pathname } = new URL(text)
  return username === '' && password === '' && !pathname.includes('@')
}

/**
 * The first so many characters, without secrets; one at the end, which cannot be known when it is cut, goes with its word.
 * @param most how many characters of the answer; four times as many are read
 */
export function safeBeginning(text: string, most: number): string {
  const read = text.length <= 4 * most ? text : `${wholeWords(text.slice(0, 4 * most))}${PLACE}`
  return withoutSecrets(read).slice(0, most).toWellFormed()
}

function wholeWords(text: string): string {
  let end = text.length
  while (end > 0 && /\S/u.test(text.charAt(end - 1))) end--
  return text.slice(0, end)
}

/** Characters of a message in a trace. */
const MOST = 200
/** Characters of texts in what a handler was given, beyond which no message is told. */
const MOST_GIVEN = 200_000
const WORD = /[\p{L}\p{N}][\p{L}\p{N}_]{2,}/gu

/** What looks like somebody's: addresses, what stands in quotes, ids, longer numbers. */
const private_ = [
  [/\b[a-z][a-z\d+.-]*:\/\/\S+/giu, PLACE],
  [/\S+@\S+/gu, PLACE],
  [/(["'`“”‘’«»]).*?(?:["'`“”‘’«»]|$)/gsu, PLACE],
  [/\b(?=[\w-]*\d)[\w-]{8,}/gu, PLACE],
  [/\d{4,}/gu, PLACE],
] as const

/**
 * The message of what was thrown, without secrets, without anything that looks like data of somebody, and without every word of
 * what its handler was given. Undefined: nothing is left, or there is too much to compare with.
 */
export function scrubbed(error: unknown, given: readonly Json[]): string | undefined {
  const theirs = wordsOf(given)
  if (theirs === undefined) return undefined
  const [line = ''] = safeBeginning(messageOf(error), 4 * MOST).split(/[\r\n\u2028\u2029]/u)
  let text = line.replace(/\p{Cc}/gu, ' ')
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
