import { PACKAGE_VERSION } from '../../engine/coordinator/base/package-version.ts'
import type { Logger } from '../../engine/coordinator/index.ts'
import { chainPage } from './api/chain.ts'
import { changeMany, flowAround, foundJobs } from './api/many-jobs.ts'
import { checkQueryNames } from './api/query-names.ts'
import {
  type ApiQuery,
  deadLetters,
  failuresNow,
  headOf,
  headOrWhy,
  jobData,
  jobLog,
  jobNow,
  limitsNow,
  logPage,
  numberIn,
  progressOf,
  schedulesNow,
  sinceOf,
  snapshotAt,
  workersNow,
} from './api/reading.ts'
import { reportFor } from './api/report.ts'
import { foundEvents } from './api/search.ts'
import { jsonBody } from './guard/body.ts'
import { type Allowed, allowedBy, type Lever, levers } from './guard/grant.ts'
import { json } from './guard/headers.ts'
import { Refused } from './guard/refused.ts'
import { pullLever } from './lever/pull.ts'
import type { WholeDashboardOptions } from './options.ts'
import { positionOf } from './position/position.ts'
import { quoteFor } from './position/quote.ts'
import type { QueueReader } from './reader/queue-reader.ts'
import type { Readers } from './readers.ts'
import type { Scrapes } from './scrapes.ts'
import type { Streams } from './stream/streams.ts'

interface RouteParts {
  readonly options: WholeDashboardOptions
  readonly readers: Readers
  readonly streams: Streams
  readonly scrapes: Scrapes
}

/** A request of a known user. */
interface KnownRequest {
  readonly request: Request
  /** Below the mount. */
  readonly path: string
  readonly allowed: Allowed
}

/** Undefined: there is nothing at this address. */
export type Handled = (known: KnownRequest) => Promise<Response | undefined>

/** The answers below `api/`, and the figures at `metrics`. */
export function routesOf(parts: RouteParts): Handled {
  return async ({ request, path, allowed }) => {
    const isReading = request.method !== 'POST'
    if (path === 'metrics' && isReading) return parts.scrapes.answer(request, allowed)
    const [api, what, queue, ...rest] = segmentsOf(path)
    if (api !== 'api') return undefined
    if (what === 'me' && queue === undefined && isReading) return me(parts, allowed)
    if (what !== 'queues') return undefined
    if (queue === undefined) return isReading ? queues(parts, allowed) : undefined
    const reader = await parts.readers.of(queue, allowed)
    const accepts = request.headers.get('accept-encoding')
    const asked = { query: new URL(request.url).searchParams, allowed, accepts }
    if (isReading) checkQueryNames(rest, asked.query)
    if (isReading && rest[0] === 'events' && rest.length === 1) return events(parts, reader, request, asked)
    return isReading ? read(reader, rest, asked) : pull(parts, reader, rest, { request, path, allowed })
  }
}

/** @throws Refused for what is not text, such as `%ff` */
function segmentsOf(path: string): readonly string[] {
  try {
    return path.split('/').map(decodeURIComponent)
  } catch {
    throw new Refused(400, 'bad_request', 'the address cannot be read')
  }
}

async function me({ options, readers }: RouteParts, allowed: Allowed): Promise<Response> {
  const { actor, role, data } = allowed
  const own = { levers: [...allowed.levers], queues: await readers.names(allowed) }
  const { environment, store } = options
  return json({ actor, role, data, ...own, store: store.name, environment, release: PACKAGE_VERSION })
}

async function queues({ readers }: RouteParts, allowed: Allowed): Promise<Response> {
  const names = await readers.names(allowed)
  const all = await Promise.all(names.map((name) => readers.of(name, allowed)))
  return json({ queues: await Promise.all(all.map(headOrWhy)) })
}

async function read(
  reader: QueueReader,
  rest: readonly string[],
  asked: ApiQuery,
): Promise<Response | undefined> {
  const [what, jobId, of] = rest
  if (what === 'jobs' && jobId !== undefined) {
    if (rest.length === 2) return jobNow(reader, jobId, asked)
    if (rest.length > 3) return undefined
    if (of === 'log') return jobLog(reader, jobId)
    if (of === 'position') return positionOf(reader, jobId)
    if (of === 'flow') return flowAround(reader, jobId)
    return of === 'data' ? jobData(reader, jobId, asked) : undefined
  }
  if (rest.length === 0) return json(await headOf(reader))
  if (rest.length > 1) return undefined
  switch (what) {
    case 'log':
      return logPage(reader, asked)
    case 'search':
      return foundEvents(reader, asked)
    case 'snapshot':
      return snapshotAt(reader, asked)
    case 'chain':
      return chainPage(reader, asked)
    case 'health':
      return json({ queue: reader.queue, ...(await reader.lookAtHealth()) })
    case 'workers':
      return workersNow(reader)
    case 'failures':
      return failuresNow(reader, asked)
    case 'limits':
      return limitsNow(reader)
    case 'schedules':
      return schedulesNow(reader)
    case 'progress':
      return progressOf(reader, asked)
    case 'jobs':
      return foundJobs(reader, asked)
    case 'dead':
      return deadLetters(reader, asked)
    default:
      return undefined
  }
}

/** A browser that reconnects says itself how far it had read. */
async function events(
  { options, streams }: RouteParts,
  reader: QueueReader,
  request: Request,
  { query, allowed }: ApiQuery,
): Promise<Response> {
  const again = request.headers.get('last-event-id')
  const place = again === null || again === '' ? query : new URLSearchParams({ from: again })
  const from = numberIn(place, 'from', 0, 0, Number.MAX_SAFE_INTEGER)
  const isAllowed = async () => {
    const now = await allowedBy(options.authorize, request, () => {})
    return !(now instanceof Response) && now.sees(reader.queue)
  }
  const since = await sinceOf(reader, from)
  return streams.open({ reader, actor: allowed.actor, since, isAllowed })
}

async function pull(
  { options }: RouteParts,
  reader: QueueReader,
  rest: readonly string[],
  known: KnownRequest,
): Promise<Response | undefined> {
  const { request, allowed } = known
  if (rest.length === 1 && rest[0] === 'changes') return change(options, reader, known)
  if (rest.length === 1 && rest[0] === 'quote') return quoteFor(reader, await jsonBody(request))
  if (rest.length === 1 && rest[0] === 'report') return reportFor(await jsonBody(request))
  const lever = levers.find((name) => name === rest[1])
  if (rest[0] !== 'levers' || rest.length !== 2 || lever === undefined) return undefined
  checkMayPull(allowed, lever)
  const body = await jsonBody(request)
  const { actor, operator } = allowed
  const { store, logger } = options
  const done = await pullLever({ reader, store, logger, lever, actor, operator, body })
  if (!done.preview && done.changed) logPulled(logger, reader, actor, lever)
  return json(done)
}

/** Many jobs by one command. */
async function change(
  { store, logger }: WholeDashboardOptions,
  reader: QueueReader,
  { request, allowed }: KnownRequest,
): Promise<Response> {
  const { actor, operator, data: seesData } = allowed
  const checkMay = (lever: Lever) => checkMayPull(allowed, lever)
  const body = await jsonBody(request)
  const { document, changed } = await changeMany({ reader, store, actor, operator, seesData, checkMay }, body)
  if (changed !== null) logPulled(logger, reader, actor, changed)
  return json(document)
}

function logPulled(logger: Logger, { queue }: QueueReader, actor: string, lever: string): void {
  logger.info(`[DASHBOARD] ${actor} used the action ${lever} in queue ${queue}`, {
    event: 'dashboard.lever',
    queue,
    actor,
    code: lever,
  })
}

function checkMayPull({ role, levers: own }: Allowed, lever: Lever): void {
  if (own.has(lever)) return
  throw new Refused(
    403,
    'not_allowed',
    role === 'viewer' ? 'you may look, but not change anything' : `you may not do this: ${lever}`,
  )
}
