/** The part of pino's shape that Interlock writes to. */
export interface Logger {
  info(message: string): void
  warn(message: string): void
  error(message: string): void
}

/** One line per message on standard error, so that programs that print data on standard output stay clean. */
export const stderrLogger: Logger = {
  info: (message) => void process.stderr.write(`${message}\n`),
  warn: (message) => void process.stderr.write(`${message}\n`),
  error: (message) => void process.stderr.write(`${message}\n`),
}

export const silentLogger: Logger = { info: () => {}, warn: () => {}, error: () => {} }

export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
