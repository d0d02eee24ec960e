import { errorText } from '../../engine/coordinator/base/logger.ts'
import { isBearer } from '../../tools/prometheus/serve.ts'
import { description } from './api/description.ts'
import { assetOf, isAsset } from './assets.ts'
import { jsonBody } from './guard/body.ts'
import { type Allowed, allowedBy, scraper } from './guard/grant.ts'
import { json, secured } from './guard/headers.ts'
import { checkFetchSite, checkHost, checkOrigin } from './guard/host.ts'

import { Refused, refusalOf } from './guard/refused.ts'
import type { TokenSession } from './guard/token-session.ts'
import { type DashboardOptions, type WholeDashboardOptions, wholeOptions } from './options.ts'
import { readersOf } from './readers.ts'
import { type Handled, routesOf } from './routes.ts'
import { scrapesOf } from './scrapes.ts'
import { openStreams } from './stream/streams.ts'

/** A dashboard, for you to mount in a server. */
export interface Dashboard {
  /** Answers a request. Never throws. */
  fetch(request: Request): Promise<Response>
  /** Ends its streams and stops reading. The store stays open. */
  close(): Promise<void>
}

/**
 * Makes a dashboard over the queues of a store: a handler of the Fetch API, for any server. It reads the log and does not join
 * the queue.
 * @throws InterlockError `invalid_input`, naming the path; also without `authorize`
 * @example
 * const dashboard = createDashboard({
 *   store,
 *   basePath: '/admin/queues',
 *   hosts: ['admin.example.com'],
 *   authorize: async (request) => {
 *     const user = await userOf(request)
 *     return user?.isAdmin ? { actor: user.id, role: 'operator' } : null
 *   },
 * })
 */
export function createDashboard(given: DashboardOptions): Dashboard {
  const options = wholeOptions(given)
  const readers = readersOf(options)
  const streams = openStreams(options.limits)
  const scrapes = scrapesOf(readers, options.metrics)
  const routes = routesOf({ options, readers, streams, scrapes })
  return {
    fetch: async (request) => {
      try {
        const { response, isOurs } = await answer(options, routes, request)
        // An answer of `authorize` itself, such as a sign-in page, is not changed.
        return isOurs ? secured(response) : response
      } catch (error) {
        return secured(refusal(options, error))
      }
    },
    close: async () => {
      streams.close()
      scrapes.close()
      await readers.close()
    },
  }
}

interface OwnAnswer {
  readonly response: Response
  readonly isOurs: boolean
}

const ours = async (response: Response | Promise<Response>): Promise<OwnAnswer> => ({
  response: await response,
  isOurs: true,
})

async function answer(options: WholeDashboardOptions, routes: Handled, request: Request): Promise<OwnAnswer> {
  const { pathname, search } = addressOf(request)
  const host = checkHost(request, options.hosts)
  const path = below(options.basePath, pathname)
  if (path === null) throw notFound()
  if (path === undefined) return ours(redirect(pathname, search))
  const isReading = request.method === 'GET' || request.method === 'HEAD'
  if (!isReading && request.method !== 'POST')
    throw new Refused(405, 'method_not_allowed', 'only GET and POST are answered', {
      allow: 'GET, HEAD, POST',
    })
  const isPage = isAsset(path)
  if (!isPage) checkFetchSite(request)
  if (!isReading) checkOrigin(request, host, options.origins)
  const { session } = options
  if (session !== null && path === 'session' && !isReading) return ours(signIn(session, request))
  // You need the page to enter your token, and the page contains no data: so it needs no sign-in.
  if (session !== null && isPage && isReading) return ours(assetOf(path, options.page))
  const allowed =
    path === 'metrics' && hasToken(options, request)
      ? scraper
      : await allowedBy(options.authorize, request, (message) =>
          options.logger.error(`[DASHBOARD] ${message}`, { event: 'dashboard.refused' }),
        )
  if (allowed instanceof Response) return { response: allowed, isOurs: false }
  checkPosition(path, isReading, allowed)
  if (isPage && isReading) return ours(assetOf(path, options.page))
  if (path === 'api/openapi.json' && isReading) return ours(json(description(session)))
  const found = await routes({ request, path, allowed })
  if (found === undefined) throw notFound()
  return ours(request.method === 'HEAD' ? new Response(null, found) : found)
}

/** A scraper has no session: it shows the token that was made for it, which opens nothing else. */
function hasToken({ metrics: { token } }: WholeDashboardOptions, request: Request): boolean {
  return token !== undefined && isBearer(request.headers.get('authorization'), token)
}

const notFound = () => new Refused(404, 'not_found', 'there is nothing at this address')

function addressOf(request: Request): URL {
  if (URL.canParse(request.url)) return new URL(request.url)
  throw new Refused(400, 'bad_request', 'the address cannot be read')
}

/** The path below the mount, without its first slash; undefined: the mount itself without a slash; null: outside the mount. */
function below(basePath: string, pathname: string): string | undefined | null {
  if (pathname === basePath && basePath !== '') return undefined
  return pathname.startsWith(`${basePath}/`) ? pathname.slice(basePath.length + 1) : null
}

/** Relative addresses need the slash. This address is relative too, because a proxy may have put something before it. */
const redirect = (pathname: string, search: string): Response =>
  new Response(null, { status: 308, headers: { location: `./${pathname.split('/').at(-1)}/${search}` } })

/** An error that is not a refusal is our own fault: it goes to the log, not to the client. */
function refusal({ logger }: WholeDashboardOptions, error: unknown): Response {
  const known = refusalOf(error)
  if (known === undefined)
    logger.error(`[DASHBOARD] a request has failed: ${errorText(error)}`, { event: 'dashboard.failed' })
  const { status, code, message, headers } =
    known ?? new Refused(500, 'failed', 'this failed; the log of the server says why')
  return json({ error: { code, message } }, { status, headers })
}

/** Exchanges the token of an address for a cookie, once. @throws Refused */
async function signIn(session: TokenSession, request: Request): Promise<Response> {
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

/**
 * A user with a grant for single jobs may ask where those stand, and nothing else: not the page, and no address that a later
 * release adds.
 * @throws Refused the same refusal for another user's job as for one that does not exist
 */
function checkPosition(path: string, isReading: boolean, { jobs }: Allowed): void {
  if (jobs === null) return
  const [, jobId = ''] = /^api\/queues\/[^/]+\/jobs\/([^/]+)\/position$/.exec(path) ?? []
  if (isReading && jobs.has(decoded(jobId))) return
  throw new Refused(403, 'not_allowed', 'you may ask where your own jobs stand, and nothing else')
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}
