import { oneLine } from '../../../engine/core/index.ts'

/** What a command prints. Each text is one line, whatever stands in it: nothing that others wrote begins another. */
export type TextLines = string | readonly string[]

/** Lines with an empty one between two of them. */
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

/** The way out to a terminal or a pipe: there is no other. */
export const written = (lines: TextLines): string =>
  [lines]
    .flat()
    .map((line) => `${asLine(line)}\n`)
    .join('')
