import { Help } from 'commander'
import { oneLine } from '../../../engine/core/index.ts'

export interface Stream {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
  write(text: string): unknown
}

/** What a command prints. Each text is one line, whatever stands in it: nothing that others wrote begins another. */
export type TextLines = string | readonly string[]

/** TextLines with an empty one between two of them. */
export const paragraphs = (all: readonly TextLines[]): readonly string[] =>
  all.flatMap((lines, i) => [...(i === 0 ? [] : ['']), ...[lines].flat()])

const styles = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const

export type Colors = Readonly<Record<keyof typeof styles, (text: string) => string>>

const ESCAPE = '\u001b['
/** Tells our colours from those that somebody put into a text: it differs from process to process, and is not printed. */
const MARK = [...crypto.getRandomValues(new Uint16Array(3))].map((n) => String(1_000 + (n % 9_000))).join(';')
const ours = new RegExp(`(${ESCAPE.replace('[', '\\[')}${MARK};\\d+m)`)

const codesOf = (isColored: boolean, [begin, end]: readonly [number, number]) =>
  isColored
    ? (text: string) => `${ESCAPE}${MARK};${begin}m${text}${ESCAPE}${MARK};${end}m`
    : (text: string) => text

/** How to colour a part of a line. @param isColored false: texts stay as they are */
export const colorsOf = (isColored: boolean): Colors =>
  Object.fromEntries(
    Object.entries(styles).map(([name, codes]) => [name, codesOf(isColored, codes)]),
  ) as unknown as Colors

/** A text as one line, for a cell of a table: our colours in it stay, still marked. */
export const cellText = (text: string): string =>
  text
    .split(ours)
    .map((part, i) => (i % 2 === 1 ? part : oneLine(part)))
    .join('')

/** A text as one line. Of what a terminal obeys, our colours are let through. */
export const asLine = (text: string): string => cellText(text).replaceAll(`${ESCAPE}${MARK};`, ESCAPE)

/** The columns of a terminal; undefined for a pipe. */
export const columnsOf = ({ isTTY, columns }: Pick<Stream, 'isTTY' | 'columns'>): number | undefined =>
  isTTY === true ? (columns ?? 80) : undefined

/**
 * The way out to a terminal or a pipe: there is no other.
 * @param columns of the terminal: longer lines go on below, under the text that they continue. Undefined: nothing is broken, since
 * `grep` needs whole lines
 */
export const written = (lines: TextLines, columns?: number): string =>
  [lines]
    .flat()
    .map((line) => `${columns === undefined ? asLine(line) : broken(asLine(line), columns)}\n`)
    .join('')

const wrapping = Object.assign(new Help(), { minWidthToWrap: 1 })

/**
 * Breaks a line at blanks. A word that is longer than a whole line stays whole, so that you can copy it. What goes on stands further
 * in than any line of its own, so that nothing that others wrote looks like one.
 */
function broken(line: string, columns: number): string {
  if (wrapping.displayWidth(line) <= columns) return line
  const head = headOf(line, columns)
  const hang = Math.max(HANG, wrapping.displayWidth(head))
  const [first = '', ...rest] = wrapping.boxWrap(line.slice(head.length), columns - hang).split('\n')
  return [head + first, ...rest.map((text) => ' '.repeat(hang) + text)].join('\n')
}

const indentOf = (line: string): string => /^ */.exec(line)?.[0] ?? ''

const HANG = 4

/**
 * What the lines below leave blank: names and cells before the last column, if that leaves the text room; else the first cell. Nothing
 * but the indent if a word, such as the id of a job, would not fit beside it.
 */
function headOf(line: string, columns: number): string {
  const most = /^.*\S {2,}/.exec(line)?.[0] ?? ''
  const longest = Math.max(
    ...line
      .slice(most.length)
      .split(' ')
      .map((word) => wrapping.displayWidth(word)),
  )
  const width = wrapping.displayWidth(most)
  if (width + longest > columns) return indentOf(line)
  if (width <= columns / 2) return most
  const least = /^ *\S+(?: \S+)* {2,}/.exec(line)?.[0] ?? ''
  return wrapping.displayWidth(least) <= columns / 3 ? least : indentOf(line)
}

/** A text of our own in lines of a terminal. */
export const paragraph = (text: string, columns: number | undefined): readonly string[] =>
  columns === undefined ? [text] : wrapping.boxWrap(text, columns).split('\n')
