/** What PostgreSQL said, wherever a driver keeps it. */
interface Raised {
  readonly sqlstate: string
  readonly message: string
}

/** Where drivers keep what PostgreSQL said. Most throw it as it is; Drizzle has it as the cause, Prisma in what its own error is about. */
const deeper = ['cause', 'meta', 'driverAdapterError'] as const

/** What PostgreSQL said; undefined: it said nothing. */
export function raisedIn(error: unknown, depth = 0): Raised | undefined {
  if (typeof error !== 'object' || error === null || depth > 4) return undefined
  const { code, originalCode = code, message, originalMessage = message, ...rest } = partsOf(error)
  if (isSqlstate(originalCode))
    return { sqlstate: originalCode, message: withoutStatement(String(originalMessage)) }
  for (const part of deeper) {
    const found = raisedIn(rest[part], depth + 1)
    if (found !== undefined) return found
  }
  return undefined
}

/** Codes of Prisma look alike: P2010. */
const isSqlstate = (code: unknown): code is string =>
  typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !/^P[1-9]/.test(code)

/** Knex puts the statement before the message. */
const withoutStatement = (message: string): string =>
  message.replace(/^select \w+\.job_queue_.*? as answer - /s, '')

type ErrorPart = 'code' | 'originalCode' | 'message' | 'originalMessage' | (typeof deeper)[number]

/** Also those of an `Error`, which are not enumerable. */
function partsOf(error: object): Readonly<Partial<Record<ErrorPart, unknown>>> {
  const { code, originalCode, message, originalMessage, cause, meta, driverAdapterError } = error as Readonly<
    Partial<Record<ErrorPart, unknown>>
  >
  return { code, originalCode, message, originalMessage, cause, meta, driverAdapterError }
}
