import { type ErrorCode, InterlockError } from '../core/index.ts'
import { ownCode } from '../store/sql/index.ts'

/** Errors that are not Interlock's own, and what to do about them. */
const remedies: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  '55P03': [
    'contention',
    'another session has locked a table that has to change; end its transaction and migrate again',
  ],
  '42501': [
    'store_unwritable',
    'this role may not alter the tables; migrate as their owner (on Supabase: postgres)',
  ],
  '25006': ['store_unwritable', 'this server takes no writes (a standby?); migrate on the primary'],
}

/** The error of a migration as an InterlockError with a code. Other errors stay as they are. */
export function migrationFailure(error: unknown): unknown {
  const { code: sqlstate, message, hint } = (error ?? {}) as Record<string, unknown>
  if (typeof sqlstate !== 'string') return error
  const code = ownCode(sqlstate)
  if (code !== null) {
    return new InterlockError(code, [message, hint].filter(Boolean).join('. '), { sqlstate }, error)
  }
  const remedy = remedies[sqlstate]
  return remedy === undefined
    ? error
    : new InterlockError(remedy[0], `${String(message)}: ${remedy[1]}`, { sqlstate }, error)
}
