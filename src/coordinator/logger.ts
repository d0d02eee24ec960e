import { messageOf } from '../codec/index.ts'

/** The part of pino's shape that Interlock writes to. */
export interface Logger {
  info(message: string): void
  warn(message: string): void
  error(message: string): void
}

const write = (message: string) => void process.stderr.write(`${plain(message)}\n`)

/** One line per message on standard error, so that programs that print data on standard output stay clean. */
export const stderrLogger: Logger = { info: write, warn: write, error: write }

export const silentLogger: Logger = { info: () => {}, warn: () => {}, error: () => {} }

/** Characters of an error in a line of the log: a message of ours says at its end what to do. */
const MOST = 1_000

/** What was thrown, for a line of the log. Its text may come from anywhere: a provider, a page, whoever wrote the prompt. */
export function errorText(error: unknown): string {
  return plain(messageOf(error).slice(0, 4 * MOST))
    .slice(0, MOST)
    .toWellFormed()
}

/** One line, without what would forge another one or move about on a terminal. */
function plain(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, ' ').trim()
}
