import { InterlockError, invalidInput } from '../core/index.ts'
import { inSchema, raisedIn, refusals } from '../store/index.ts'

/**
 * What an error of a driver means: what Interlock's functions raise becomes an `InterlockError`; everything else is the caller's own, and
 * stays as it is. The transaction is over, or back at its last savepoint: PostgreSQL takes nothing more in it.
 */
export function failureOf(error: unknown, schema: string | undefined): unknown {
  const { sqlstate = '', message = '' } = raisedIn(error) ?? {}
  const refusal = refusals[sqlstate]
  if (refusal !== undefined) return new InterlockError(refusal.code, `${message}; ${refusal.remedy}`)
  if (sqlstate.startsWith('JQ')) return invalidInput(`${message}; correct what was given`)
  const isMissing =
    ['42883', '3F000'].includes(sqlstate) &&
    (message.includes('job_queue_') || (schema !== undefined && message.includes(`"${schema}"`)))
  return isMissing
    ? new InterlockError(
        'not_migrated',
        inSchema(`${message}; run \`npx interlock-queue migrate\` with this release`, schema),
      )
    : error
}
