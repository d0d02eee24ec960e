import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { invalidInput } from '../../core/index.ts'
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
  /**
   * What signs the cookies, at least 32 random characters that nobody else knows: they then stay valid when the program is started
   * again with the same grant, and in several processes. A new one signs everybody out. Random for each process unless given.
   */
  readonly secret?: string | undefined
  /** How long a cookie is valid, in hours; 12. */
  readonly hours?: number | undefined
  /** Called when a token was used, with the next one: print the next address with it. */
  readonly onUsed?: ((next: string) => void) | undefined
  /** The time in milliseconds, for tests. */
  readonly now?: (() => number) | undefined
}

const LEAST_SECRET = 32

const newToken = () => randomBytes(32).toString('base64url')
/** A user who signed in to look may not pull levers once the program is started again with another grant: that takes another key. */
function keyOf(secret: string | undefined, grant: Grant): Buffer {
  if (secret === undefined) return randomBytes(32)
  if (typeof secret !== 'string' || secret.length < LEAST_SECRET)
    throw invalidInput(
      `options.secret: must be a text of at least ${LEAST_SECRET} characters`,
      'options.secret',
    )
  return createHmac('sha256', secret).update(JSON.stringify(grant)).digest()
}

/** Hashes have one length, so the time of a comparison reveals nothing about the token. */
const digest = (text: string) => createHash('sha256').update(text).digest()

/**
 * An `authorize` for a program without accounts, on this machine.
 * @throws InterlockError `invalid_input` for a secret that is too short
 * @example
 * const session = tokenSession({ grant: { actor: 'support', role: 'viewer' } })
 * const dashboard = createDashboard({ store, authorize: session })
 * console.log(`http://127.0.0.1:8080/#${session.token}`)
 */
export function tokenSession({ grant, secret, hours = 12, onUsed, now }: TokenSessionOptions): TokenSession {
  const cookie = signedCookie(keyOf(secret, grant), hours, now)
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
