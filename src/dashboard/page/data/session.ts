import type { MeDocument } from '../../parts.ts'
import { ApiError, getJson, postJson } from './api.ts'

/**
 * Who looks. A token in the fragment of the address is exchanged for a cookie first, and taken out of the address: it is of no use to
 * anybody any more, and history keeps addresses.
 * @throws ApiError 401: nobody, or not any more
 */
export async function signedIn(): Promise<MeDocument> {
  const token = location.hash.slice(1)
  if (/^[\w-]{43}$/.test(token)) {
    history.replaceState(history.state, '', `${location.pathname}${location.search}`)
    try {
      await postJson('session', { token })
    } catch (error) {
      // Used before: by this browser, maybe, which then has its cookie.
      if (!(error instanceof ApiError) || error.status === 0) throw error
    }
  }
  return getJson<MeDocument>('api/me')
}
