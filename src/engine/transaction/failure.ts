import { InterlockError, invalidInput } from '../core/index.ts'
import { inSchema } from '../store/index.ts'

/** What PostgreSQL said, wherever a driver keeps it. */
interface Raised {
  readonly sqlstate: string
  readonly message: string
}

/**
 * What an error of a driver means: what Interlock's functions raise becomes an `InterlockError`; everything else is the caller's own, and
 * stays as it is. The transaction is over, or back at its last savepoint: PostgreSQL takes nothing more in it.
 */
export function failureOf(error: unknown, schema: string | undefined): unknown {
  const { sqlstate = '', message = '' } = raisedIn(error) ?? {}
  switch (sqlstate) {
    case 'JQ005':
      return new InterlockError(
        'job_exists',
        `${message}; wait until that one has ended, cancel it, or use another id`,
      )
    case 'JQ006':
      return new InterlockError('flow_cycle', `${message}; leave out one of these links`)
    case 'JQ007':
      return new InterlockError('unknown_model', `${message}; correct the name, or declare it in the policy`)
    case 'JQ008':
      return new InterlockError('models_required', `${message}; name its models, or set emptySet`)
    case '42883':
    case '3F000':
      return message.includes('job_queue_') || (schema !== undefined && message.includes(`"${schema}"`))
        ? new InterlockError(
            'not_migrated',
            inSchema(`${message}; run \`npx interlock-queue migrate\` with this release`, schema),
          )
        : error
    default:
      return sqlstate.startsWith('JQ') ? invalidInput(`${message}; correct what was given`) : error
  }
}

/** Where drivers keep what PostgreSQL said. Most throw it as it is; Drizzle has it as the cause, Prisma in what its own error is about. */
const deeper = ['cause', 'meta', 'driverAdapterError'] as const

function raisedIn(error: unknown, depth = 0): Raised | undefined {
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
