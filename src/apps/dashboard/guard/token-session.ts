import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import * as z from 'zod'
import { functionSchema, optionsSchema, parseInput } from '../../../engine/events/index.ts'
import { type Grant, grantSchema } from './grant.ts'

/** For a program without accounts: you sign in with the token once, and a cookie keeps you signed in. */
export interface TokenSession {
  /** The token for the fragment of the next address that you give away: 256 random bits. */
  readonly token: string
  /** The name of the cookie. */
  readonly cookieName: string
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
  /** How long a cookie is valid, in hours: above 0, up to 8,760; 12 unless given. */
  readonly hours?: number | undefined
  /** Called when a token was used, with the next one: print the next address with it. */
  readonly onUsed?: ((next: string) => void) | undefined
  /** The time in milliseconds, for tests. */
  readonly now?: (() => number) | undefined
}

const hoursError = 'must be a number of hours above 0, up to 8,760'
const secretError = 'must be a text of at least 32 characters'
const fields = optionsSchema({
  grant: grantSchema,
  secret: z.string({ error: secretError }).min(32, secretError).optional(),
  hours: z
    .number({ error: hoursError })
    .positive({ error: hoursError })
    .max(8_760, { error: hoursError })
    .optional(),
  onUsed: functionSchema.optional(),
  now: functionSchema.optional(),
})

const newToken = () => randomBytes(32).toString('base64url')
/** A user who signed in to look may not pull levers once the program is started again with another grant: that takes another key. */
const keyOf = (secret: string | undefined, grant: Grant): Buffer =>
  secret === undefined ? randomBytes(32) : createHmac('sha256', secret).update(JSON.stringify(grant)).digest()

/** Hashes have one length, so the time of a comparison reveals nothing about the token. */
const digest = (text: string) => createHash('sha256').update(text).digest()

/**
 * An `authorize` for a program without accounts, on this machine.
 * @throws InterlockError `invalid_input`, naming the path; also for a secret that is too short
 * @example
 * const session = tokenSession({ grant: { actor: 'support', role: 'viewer' } })
 * const dashboard = createDashboard({ store, authorize: session })
 * console.log(`http://127.0.0.1:8080/#${session.token}`)
 */
export function tokenSession(options: TokenSessionOptions): TokenSession {
  parseInput(fields, options, 'options')
  const { grant, secret, hours = 12, onUsed, now } = options
  const cookie = signedCookie(keyOf(secret, grant), hours, now)
  let token = newToken()
  return {
    get token() {
      return token
    },
    cookieName: cookie.name,
    authorize: (request) => (cookie.isIn(request) ? grant : null),
    exchange: (shown, isSecure) => {
      if (typeof shown !== 'string' || !timingSafeEqual(digest(shown), digest(token))) return null
      token = newToken()
      onUsed?.(token)
      return cookie.make(isSecure)
    },
  }
}

const HOURS = 3_600_000

/** A cookie that contains its expiry, and is signed. */
interface SignedCookie {
  readonly name: string
  /** The value of `Set-Cookie`. */
  make(isSecure: boolean): string
  /** True if a request has a valid one. */
  isIn(request: Request): boolean
}

/**
 * @param key what it is signed with
 * @param hours how long a cookie is valid
 * @param now the time in milliseconds
 */
function signedCookie(key: Buffer, hours: number, now: () => number = Date.now): SignedCookie {
  const secret = createHmac('sha256', key).update('cookie').digest()
  // Cookies ignore ports: two dashboards on one machine must not take each other's.
  const name = `interlock_${createHmac('sha256', key).update('name').digest('hex').slice(0, 8)}`
  const signed = (text: string) => createHmac('sha256', secret).update(text).digest()
  return {
    name,
    make: (isSecure) => {
      const body = `${now() + hours * HOURS}.${randomBytes(9).toString('base64url')}`
      const value = `${body}.${signed(body).toString('base64url')}`
      // Without a Path the browser uses the folder of the address that it asked for, wherever a proxy put it.
      const attributes = ['HttpOnly', 'SameSite=Strict', `Max-Age=${hours * 3_600}`]
      return [`${name}=${value}`, ...attributes, ...(isSecure ? ['Secure'] : [])].join('; ')
    },
    isIn: (request) =>
      valuesOf(request, name).some((value) => {
        const end = value.lastIndexOf('.')
        const body = value.slice(0, end)
        const mark = Buffer.from(value.slice(end + 1), 'base64url')
        const right = signed(body)
        if (mark.length !== right.length || !timingSafeEqual(mark, right)) return false
        return Number(body.split('.')[0]) > now()
      }),
  }
}

/** There may be several with this name: somebody who can set a cookie for a folder above must not lock others out. */
function valuesOf(request: Request, name: string): readonly string[] {
  const cookies = (request.headers.get('cookie') ?? '').split(';').slice(0, 100)
  return cookies.flatMap((cookie) => {
    const [key = '', value = ''] = cookie.trim().split('=')
    return key === name && value.length < 200 ? [value] : []
  })
}
