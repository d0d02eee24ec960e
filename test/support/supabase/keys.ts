import { createHmac, createSecretKey, randomBytes } from 'node:crypto'
import { errors, jwtVerify, SignJWT } from 'jose'
import { RestFailure } from './rest/failure.ts'

export const roles = ['anon', 'authenticated', 'service_role'] as const

/** The keys of a project: both new ones, both old ones, and the secret that signs users' tokens. */
export interface ProjectKeys {
  readonly publishable: string
  readonly secret: string
  readonly anonJwt: string
  readonly serviceRoleJwt: string
  /** The token of a signed-in user. */
  signIn(userId: string, claims?: Readonly<Record<string, unknown>>): Promise<string>
  /** @throws RestFailure PGRST301, PGRST303 */
  claimsOf(credential: string | undefined): Promise<Claims>
}

export type Claims = Readonly<Record<string, unknown>> & { readonly role: string }

/** Keys that are all derived from the secret, so a program that gives one keeps its keys over a restart. */
export async function makeKeys(secret = randomBytes(32).toString('base64url')): Promise<ProjectKeys> {
  const key = createSecretKey(Buffer.from(secret))
  const signed = (claims: Record<string, unknown>, lives: string) =>
    new SignJWT({ iss: 'supabase', ...claims })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setIssuedAt()
      .setExpirationTime(lives)
      .sign(key)
  const name = (kind: string) => `sb_${kind}_${createHmac('sha256', key).update(kind).digest('base64url')}`
  const [publishable, secretKey] = [name('publishable'), name('secret')]
  const verified = async (token: string): Promise<Claims> => {
    const { payload } = await jwtVerify(token, key, { algorithms: ['HS256'], clockTolerance: 30 })
    return { ...payload, role: typeof payload['role'] === 'string' ? payload['role'] : 'anon' }
  }
  return {
    publishable,
    secret: secretKey,
    anonJwt: await signed({ role: 'anon' }, '10y'),
    serviceRoleJwt: await signed({ role: 'service_role' }, '10y'),
    signIn: (userId, claims = {}) => signed({ sub: userId, role: 'authenticated', ...claims }, '1h'),
    claimsOf: async (credential) => {
      if (credential === undefined || credential === '' || credential === publishable) return { role: 'anon' }
      if (credential === secretKey) return { role: 'service_role' }
      return verified(credential).catch((error: unknown) => Promise.reject(refusal(error)))
    },
  }
}

function refusal(error: unknown): RestFailure {
  return error instanceof errors.JWTExpired
    ? new RestFailure(401, { code: 'PGRST303', message: 'JWT expired' })
    : new RestFailure(401, { code: 'PGRST301', message: 'No suitable key or wrong key type' })
}
