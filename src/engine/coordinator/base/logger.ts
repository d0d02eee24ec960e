import { oneLine } from '../../core/index.ts'
import { messageOf, safeBeginning } from '../../events/index.ts'
import type { LogFields } from './log-events.ts'

/**
 * Where lines go. A logger that knows lines only (`console`, a function of your own) is given the line; one that {@link structuredLogger}
 * or {@link jsonLogger} has made is given what the line says for programs, too.
 */
export interface Logger {
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}

/** The part of pino's shape that structured lines need: the fields, then the line. */
export interface StructuredLogger {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** On loggers that are given fields; a copy of one (`{ ...logger }`) has it too. */
const STRUCTURED = Symbol('structured')

/**
 * Lines with their fields, by pino or any logger of its shape: `event` has the name of what a line tells of.
 * @example createCoordinator({ store, logger: structuredLogger(pino()) })
 */
export function structuredLogger(logger: StructuredLogger): Logger {
  return {
    [STRUCTURED]: true,
    info: (message, fields) => logger.info({ ...fields }, message),
    warn: (message, fields) => logger.warn({ ...fields }, message),
    error: (message, fields) => logger.error({ ...fields }, message),
  } as Logger
}

const levelNumbers = { info: 30, warn: 40, error: 50 } as const

/** One JSON object per line, in pino's shape (`level`, `time`, `pid`, `event`, …, `msg`); on standard error unless told otherwise. */
export function jsonLogger(
  writeLine: (line: string) => void = (line) => void process.stderr.write(`${line}\n`),
): Logger {
  const at = (level: keyof typeof levelNumbers) => (fields: object, message: string) => {
    const head = { level: levelNumbers[level], time: Date.now(), pid: process.pid }
    writeLine(oneLine(JSON.stringify({ ...head, ...fields, msg: plain(message) })))
  }
  return structuredLogger({ info: at('info'), warn: at('warn'), error: at('error') })
}

const write = (message: string) => void process.stderr.write(`${plain(message)}\n`)

/** One line per message on standard error, so that standard output stays free for a program's data. */
export const stderrLogger: Logger = { info: write, warn: write, error: write }

export const silentLogger: Logger = { info: () => {}, warn: () => {}, error: () => {} }

/** The most characters of an error in a line. Enough for our longest messages, which end with what to do. */
const MOST = 1_000

/**
 * A thrown value as text for a line of the log, without passwords, keys and tokens. It may come from anywhere: a provider, a page,
 * the author of a prompt.
 */
export function errorText(error: unknown): string {
  return plain(safeBeginning(messageOf(error), MOST))
}

/** One line, without characters that would forge another line or move the cursor of a terminal. */
function plain(text: string): string {
  return oneLine(text.replace(/[\s\p{Cc}]+/gu, ' ').trim())
}

const levels = ['info', 'warn', 'error'] as const

/** Loggers that have failed. Each is reported once. */
const failed = new WeakSet<object>()
const guards = new WeakSet<object>()

/**
 * The program's logger, wrapped so that it cannot stop anything: by an exception, a rejected promise, or a missing method. Its
 * first failure is reported on standard error, with the line that was lost.
 * @param common fields of every line
 */
export function guarded(logger: Logger | undefined, common: Partial<LogFields> = {}): Logger {
  if (logger === undefined || guards.has(logger)) return logger ?? stderrLogger
  const fail = (line: string, error: unknown) => {
    if (failed.has(logger)) return
    failed.add(logger)
    write(`[COORDINATOR] The logger fails, so lines may be lost: ${errorText(error)}; line: ${line}`)
  }
  const methods = levels.map((level) => [level, tell(logger, level, common, fail)])
  const guard = Object.fromEntries(methods) as Logger
  guards.add(guard)
  return guard
}

function tell(
  logger: Logger,
  level: keyof Logger,
  common: Partial<LogFields>,
  fail: (line: string, error: unknown) => void,
) {
  const isStructured = STRUCTURED in logger
  return (line: string, fields?: LogFields): void => {
    try {
      const result: unknown = isStructured
        ? logger[level](line, fields && { ...common, ...fields })
        : logger[level](line)
      if (result instanceof Promise) result.catch((error: unknown) => fail(line, error))
    } catch (error) {
      fail(line, error)
    }
  }
}
