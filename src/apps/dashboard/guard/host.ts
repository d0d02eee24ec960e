import { Refused } from './refused.ts'

/** The names of this machine. Nobody elsewhere can honestly have them in a Host that leads here. */
export const loopbackNames: readonly string[] = ['127.0.0.1', 'localhost', '[::1]']

const shape = /^(?<name>\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)(?::(?<port>\d{1,5}))?$/

/**
 * Checks the Host of a request: it has to be in the list as a whole. A page whose own name was pointed at this machine sends that
 * name (DNS rebinding). An entry without a port allows any port.
 * @throws Refused
 */
export function checkHost(request: Request, hosts: readonly string[]): string {
  const host = (request.headers.get('host') ?? hostOf(request.url)).toLowerCase()
  const { name, port } = shape.exec(host)?.groups ?? {}
  if (name === undefined || Number(port ?? 0) > 65_535)
    throw new Refused(400, 'bad_host', 'the Host of the request cannot be read')
  if (hosts.includes(host) || hosts.includes(name)) return host
  throw new Refused(
    403,
    'bad_host',
    `the Host ${host.slice(0, 200)} is not a host of this dashboard; if it should be, add it to \`hosts\``,
  )
}

const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).host : '')

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
