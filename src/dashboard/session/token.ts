import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Grant } from '../guard/grant.ts'
import { signedCookie } from './cookie.ts'

/** For a program without accounts: who has the token is let in, once, and stays in by a cookie. */
export interface TokenSession {
  /** Of the next address that somebody may be given: 256 bits of chance, in its fragment. */
  readonly token: string
  authorize(request: Request): Grant | null
  /** The value of `Set-Cookie` for who shows the token, which is void from then on; null: it is not the token. */
  exchange(shown: unknown, isSecure: boolean): string | null
}

export interface TokenSessionOptions {
  /** What a user who comes in may do. */
  readonly grant: Grant
  /** How long a cookie is good, in hours; 12. */
  readonly hours?: number | undefined
  /** Told when a token was exchanged, with the next one: for who wants to print the next address. */
  readonly onUsed?: ((next: string) => void) | undefined
  /** The time in milliseconds; for tests. */
  readonly now?: (() => number) | undefined
}

const newToken = () => randomBytes(32).toString('base64url')
/** Of one length, so that nothing of the token can be told from how long a comparison takes. */
const digest = (text: string) => createHash('sha256').update(text).digest()

/**
 * An `authorize` for a program of its own, on this machine.
 * @example
 * const session = tokenSession({ grant: { actor: 'desk', role: 'viewer' } })
 * const dashboard = createDashboard({ store, authorize: session })
 * console.log(`http://127.0.0.1:8080/#${session.token}`)
 */
export function tokenSession({ grant, hours = 12, onUsed, now }: TokenSessionOptions): TokenSession {
  const cookie = signedCookie(hours, now)
  let token = newToken()
  return {
    get token() {
      return token
    },
    authorize: (request) => (cookie.isIn(request) ? grant : null),
    exchange: (shown, isSecure) => {
      if (typeof shown !== 'string' || !timingSafeEqual(digest(shown), digest(token))) return null
      token = newToken()
      onUsed?.(token)
      return cookie.make(isSecure)
    },
  }
}
