import type { MeDocument } from '../../parts.ts'
import { ApiError, getJson, postJson } from './api.ts'

/**
 * The user of this page. If the address has a token in its fragment, exchanges it for a cookie first and removes it from the
 * address: browsers keep addresses in their history, and the token is used up.
 * @throws ApiError 401 if the user is not signed in, or no longer
 */
export async function signedIn(): Promise<MeDocument> {
  const token = location.hash.slice(1)
  if (/^[\w-]{43}$/.test(token)) {
    history.replaceState(history.state, '', `${location.pathname}${location.search}`)
    try {
      await postJson('session', { token })
    } catch (error) {
      // The token was used before, perhaps by this browser, which then has its cookie.
      if (!(error instanceof ApiError) || error.status === 0) throw error
    }
  }
  return getJson<MeDocument>('api/me')
}
