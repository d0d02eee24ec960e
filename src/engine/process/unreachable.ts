import { InterlockError } from '../core/index.ts'
import { isStartupRefused, startupRefused } from '../store/sql/index.ts'

/**
 * The error for a failed connection: `store_unavailable`, or `invalid_input` for a setting in the address that a pooler refuses. It
 * does not repeat the address, which may hold a password.
 */
export function unreachable(
  { host, port }: { readonly host: string; readonly port: number },
  error: unknown,
): InterlockError {
  const { message, code } = error as NodeJS.ErrnoException
  if (isStartupRefused(message)) return startupRefused(`${host}:${port}: ${message}`)
  return new InterlockError(
    'store_unavailable',
    `the server at ${host}:${port} does not answer (${message || code}); check that it runs and that the address is right`,
  )
}
