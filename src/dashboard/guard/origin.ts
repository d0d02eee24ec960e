import { Refused } from './refused.ts'

/** A browser says where a request came from: `none` is typed into the address bar. What says nothing is no browser of today. */
export function checkFetchSite(request: Request): void {
  const site = request.headers.get('sec-fetch-site')
  if (site === null || site === 'same-origin' || site === 'none') return
  throw new Refused(403, 'bad_origin', 'this is answered to its own page only, and to no other site')
}

/**
 * What changes something comes from the page itself: its Origin is there, is no `null` (a sandboxed frame, a file, a redirect), and is,
 * compared as a whole, this host or one of the list.
 * @param host of the request, checked
 * @param origins those of a proxy that has another name than this program sees; empty: the host itself
 * @throws Refused
 */
export function checkOrigin(request: Request, host: string, origins: readonly string[]): void {
  const site = request.headers.get('sec-fetch-site')
  if (site !== null && site !== 'same-origin')
    throw new Refused(403, 'bad_origin', 'only the page of this dashboard may change something')
  const origin = request.headers.get('origin')
  const allowed = origins.length > 0 ? origins : [`http://${host}`, `https://${host}`]
  if (origin !== null && allowed.includes(origin)) return
  throw new Refused(
    403,
    'bad_origin',
    `only the page of this dashboard may change something: the Origin has to be ${allowed.join(' or ')}`,
  )
}
