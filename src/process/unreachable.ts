import { InterlockError } from '../core/index.ts'

/** The error for a failed connection. It does not repeat the address, which may hold a password. */
export function unreachable(
  { host, port }: { readonly host: string; readonly port: number },
  error: unknown,
): InterlockError {
  const { message, code } = error as NodeJS.ErrnoException
  return new InterlockError(
    'store_unavailable',
    `the server at ${host}:${port} does not answer (${message || code}); check that it runs and that the address is right`,
  )
}
