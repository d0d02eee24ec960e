import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Grant } from '../guard/grant.ts'
import { signedCookie } from './cookie.ts'

/** For a program without accounts: you sign in with the token once, and a cookie keeps you signed in. */
export interface TokenSession {
  /** The token for the fragment of the next address that you give away: 256 random bits. */
  readonly token: string
  authorize(request: Request): Grant | null
  /** The value of `Set-Cookie` for the right token, which is void from then on; null: it is another token. */
  exchange(shown: unknown, isSecure: boolean): string | null
}

export interface TokenSessionOptions {
  /** What a user who signs in may do. */
  readonly grant: Grant
  /** How long a cookie is valid, in hours; 12. */
  readonly hours?: number | undefined
  /** Called when a token was used, with the next one: print the next address with it. */
  readonly onUsed?: ((next: string) => void) | undefined
  /** The time in milliseconds, for tests. */
  readonly now?: (() => number) | undefined
}

const newToken = () => randomBytes(32).toString('base64url')
/** Hashes have one length, so the time of a comparison reveals nothing about the token. */
const digest = (text: string) => createHash('sha256').update(text).digest()

/**
 * An `authorize` for a program without accounts, on this machine.
 * @example
 * const session = tokenSession({ grant: { actor: 'support', role: 'viewer' } })
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
