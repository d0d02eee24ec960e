import { RestFailure } from './failure.ts'

/** @param details what was found instead of what was expected; PostgREST always says it */
export const unparsable = (message: string, details: string): RestFailure =>
  new RestFailure(400, { code: 'PGRST100', message, details })

/** In the order in which PostgREST tries them. The order decides which character the error names. */
const withoutQuantifier = [
  ...['in', 'is', 'isdistinct', 'fts', 'plfts', 'phfts', 'wfts'],
  ...['neq', 'cs', 'cd', 'ov', 'sl', 'sr', 'nxr', 'nxl', 'adj'],
]
const withQuantifier = ['eq', 'gte', 'gt', 'lte', 'lt', 'like', 'ilike', 'match', 'imatch']
const OPERATOR = 'operator (eq, gt, ...)'
const truths = ['null', 'not_null', 'true', 'false', 'unknown']

/** The error for a filter that cannot be read: up to where it can, what stands there, and what should. */
export function badFilter(text: string): RestFailure {
  const { at, expecting, found = text[at] } = placeOf(text)
  const unexpected = found === undefined ? 'end of input' : shown(found)
  return unparsable(
    `"failed to parse filter (${text})" (line 1, column ${at + 1})`,
    `unexpected ${unexpected} expecting ${expecting}`,
  )
}

interface Place {
  readonly at: number
  readonly expecting: string
  /** What was found, if it is not the character at that place but a whole word. */
  readonly found?: string | undefined
}

function placeOf(text: string): Place {
  if (/^not(?!\.)/.test(text)) return { at: 3, expecting: 'delimiter (.)' }
  const from = text.startsWith('not.') ? 4 : 0
  const rest = text.slice(from)
  if (rest.startsWith('in.')) return { at: from + 3 + indented(rest.slice(3)), expecting: listExpects(rest) }
  if (rest.startsWith('is.')) return { at: from + 3 + truthsRead(rest.slice(3)), expecting: TRUTHS }
  const read = operatorRead(rest)
  if (read > 0) return { at: from + read, expecting: OPERATOR }
  // PostgREST says that a word fails where it begins, with the first character that is not its own.
  return from === 0
    ? { at: 0, expecting: `"not" or ${OPERATOR}`, found: strangerIn(rest, 'not') }
    : { at: from, expecting: OPERATOR, found: strangerIn(rest, 'in') }
}

const TRUTHS = `isVal: (${truths.join(', ')})`

const indented = (value: string): number => {
  const begin = /^[ \t]*/.exec(value)?.[0].length ?? 0
  return value[begin] === '(' ? value.length : begin
}
const listExpects = (rest: string): string => (/^in\.[ \t]*\(/.test(rest) ? '"," or ")"' : '"("')

const truthsRead = (value: string): number =>
  Math.max(...truths.map((word) => shared(value.toLowerCase(), word)))

/** How many characters the operator at the beginning takes, with its quantifier; 0 if there is none. */
function operatorRead(text: string): number {
  const plain = Math.max(0, ...withoutQuantifier.filter((word) => text.startsWith(word)).map(lengthOf))
  const word = withQuantifier.find((each) => text.startsWith(each))
  if (word === undefined) return plain
  const quantifier = /^\((?:any|all)\)/.exec(text.slice(word.length))?.[0].length
  const open = text[word.length] === '(' ? 1 : 0
  return Math.max(plain, word.length + (quantifier ?? open))
}

const lengthOf = (word: string): number => word.length

function shared(text: string, word: string): number {
  let at = 0
  while (at < word.length && text[at] === word[at]) at++
  return at
}

const strangerIn = (text: string, word: string): string | undefined => text[shared(text, word)]

/** A character in Haskell's notation. */
function shown(char: string): string {
  if (char === '"' || char === '\\') return `"\\${char}"`
  const code = char.charCodeAt(0)
  return code < 0x20 || code > 0x7e ? `"\\${code}"` : `"${char}"`
}
