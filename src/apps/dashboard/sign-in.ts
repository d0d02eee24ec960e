import { jsonBody } from './guard/body.ts'
import { json } from './guard/headers.ts'
import { Refused } from './guard/refused.ts'
import type { TokenSession } from './session/token.ts'

/** Exchanges the token of an address for a cookie, once. @throws Refused */
export async function signIn(session: TokenSession, request: Request): Promise<Response> {
  const body = await jsonBody(request)
  const token = typeof body === 'object' && body !== null && 'token' in body ? body.token : null
  const cookie = session.exchange(token, request.url.startsWith('https:'))
  if (cookie !== null) return json({}, { headers: { 'set-cookie': cookie } })
  throw new Refused(
    401,
    'not_signed_in',
    'this address was used before, or the server has restarted; open the newest one',
  )
}
