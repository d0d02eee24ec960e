import { Refused } from './refused.ts'

/**
 * Checks where the browser says a request came from; `none` means the address bar. A client that says nothing is no current
 * browser.
 */
export function checkFetchSite(request: Request): void {
  const site = request.headers.get('sec-fetch-site')
  if (site === null || site === 'same-origin' || site === 'none') return
  throw new Refused(403, 'bad_origin', 'only the page of the dashboard may ask for this')
}

/**
 * Only the page itself may change something. Its Origin has to be there, must not be `null` (a sandboxed frame, a file, a
 * redirect), and has to be, as a whole, this host or one of the list.
 * @param host of the request, already checked
 * @param origins if a proxy has another name than this program sees; empty: the host itself
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
