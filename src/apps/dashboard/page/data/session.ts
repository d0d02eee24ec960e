import type { MeDocument } from '../../api/queue-documents.ts'
import { ApiError, getJson, postJson } from './api.ts'

/** Of the address, until the server has taken it. */
let token: string | null = null

/**
 * The user of this page. If the address has a token in its fragment, exchanges it for a cookie first and removes it from the
 * address: browsers keep addresses in their history, and the token is used up.
 * @throws ApiError 401 if the user is not signed in, or no longer; whatever else it throws may be over soon: call it again
 */
export async function signedIn(): Promise<MeDocument> {
  const given = location.hash.slice(1)
  if (/^[\w-]{43}$/.test(given)) {
    token = given
    history.replaceState(history.state, '', `${location.pathname}${location.search}`)
  }
  if (token !== null) {
    try {
      await postJson('session', { token })
    } catch (error) {
      // The token was used before, perhaps by this browser, which then has its cookie.
      if (!(error instanceof ApiError) || error.status !== 401) throw error
    }
    token = null
  }
  return getJson<MeDocument>('api/me')
}
