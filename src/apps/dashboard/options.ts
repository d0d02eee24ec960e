import * as z from 'zod'
import { guarded } from '../../engine/coordinator/base/logger.ts'
import { type Logger, silentLogger } from '../../engine/coordinator/index.ts'
import { InterlockError, manual } from '../../engine/core/index.ts'
import {
  havingSchema,
  optionsSchema,
  parseInput,
  queueSchema,
  wholeNumber,
} from '../../engine/events/index.ts'
import type { LogStore } from '../../engine/store/index.ts'
import { type FigureOptions, figureFields } from '../../tools/figures/index.ts'
import type { Authorize } from './guard/grant.ts'
import { loopbackNames } from './guard/host.ts'
import type { TokenSession } from './guard/token-session.ts'

export interface DashboardMetrics extends FigureOptions {
  /** At least 16 characters. */
  readonly token?: string | undefined
}

export interface DashboardOptions {
  /**
   * A store over a migrated database, for the dashboard alone, so that viewers cannot slow down your workers. It stays open: close the
   * dashboard first, then the store.
   */
  readonly store: LogStore
  /** The queue to show. Give this or `queues`. @defaultValue `default` */
  readonly queue?: string | undefined
  /** Several queues; `'all'`: all that exist now or later. */
  readonly queues?: readonly string[] | 'all' | undefined
  /** Who makes a request, and what may they do (docs/reference/dashboard.md#who-may-do-what): your own authentication, or a {@link TokenSession}. */
  readonly authorize: Authorize | TokenSession
  /** What the page shows beside the queue, such as `production`: 1 to 40 characters. @defaultValue the name of the store */
  readonly environment?: string | undefined
  /**
   * What comes before the dashboard in the path of a request, such as `/admin/queues`. Leave out what a proxy removes.
   * @defaultValue nothing
   */
  readonly basePath?: string | undefined
  /**
   * The hosts that browsers use for it: `admin.example.com`, or with a port, which then has to match.
   * @defaultValue the names of this machine (`localhost`, `127.0.0.1`, `[::1]`)
   */
  readonly hosts?: readonly string[] | undefined
  /** The origins of its page, such as `https://admin.example.com`, if a proxy changes the Host. @defaultValue the Host */
  readonly origins?: readonly string[] | undefined
  /** The folder with page.js and page.css, for a bundle (docs/guides/your-app.md#bundlers). @defaultValue the package's own */
  readonly page?: string | undefined
  /**
   * `GET metrics`, for Prometheus: a `token` of 16 characters or more that a scraper sends as its bearer, which opens nothing else; and
   * `models`, `maxModels` and the buckets of `createMetrics`. Without a token, `authorize` decides.
   */
  readonly metrics?: DashboardMetrics | undefined
  /** Gets errors and changes. @defaultValue silent */
  readonly logger?: Logger | undefined
  /** How many calls to the store may run at once. @defaultValue 2 */
  readonly maxCalls?: number | undefined
  /** How long such a call may take, in milliseconds. @defaultValue 5,000 */
  readonly timeLimitMs?: number | undefined
  /** How many streams may be open at once. @defaultValue 64 */
  readonly maxStreams?: number | undefined
  /** How many of them one actor may open. @defaultValue 16 */
  readonly maxStreamsPerActor?: number | undefined
  /** How often to read the log when no wake-up comes, in milliseconds. @defaultValue 1,000; over Supabase 10,000 */
  readonly pollMs?: number | undefined
}

const text = z.string({ error: 'must be a text' })
const host = text.regex(/^(\[[0-9a-fA-F:.]+\]|[a-zA-Z0-9._-]+)(:\d{1,5})?$/, {
  error: 'must be a host as a browser names it, such as "admin.example.com" or "localhost:8080"',
})
const origin = text.regex(/^https?:\/\/[^/?#\s]+$/, {
  error: 'must be an origin, such as "https://admin.example.com"',
})
const basePath = text.regex(/^(\/[^/?#\s]+)*\/?$/, { error: 'must be a path, such as "/admin/queues"' })

const authorizeSchema = z.custom<Authorize | TokenSession>(
  (value) =>
    typeof value === 'function' ||
    (typeof value === 'object' && value !== null && 'exchange' in value && 'authorize' in value),
  {
    error: `is needed: a function that says who makes a request and what they may do (${manual.dashboard}), or tokenSession(…)`,
  },
)

const fields = optionsSchema({
  store: havingSchema("a store, such as postgresStore('postgres://…')", ['open', 'read', 'listen']),
  queue: queueSchema.optional(),
  queues: z
    .union([z.literal('all'), z.array(queueSchema).min(1)], {
      error: 'must be "all", or a list of names, at least one',
    })
    .optional(),
  authorize: authorizeSchema,
  environment: text.min(1, 'must be 1 to 40 characters').max(40, 'must be 1 to 40 characters').optional(),
  basePath: basePath.optional(),
  hosts: z.array(host, { error: 'must be a list of hosts' }).min(1, 'must have at least one host').optional(),
  origins: z.array(origin, { error: 'must be a list of origins' }).optional(),
  page: text.min(1, 'must be the name of a folder').optional(),
  metrics: optionsSchema({
    ...figureFields,
    token: text.regex(/^\S{16,}$/, { error: 'must be 16 characters or more, without spaces' }).optional(),
  }).optional(),
  logger: havingSchema("a logger of pino's shape", ['info', 'warn', 'error']).optional(),
  maxCalls: wholeNumber(1, 100).optional(),
  timeLimitMs: wholeNumber(10, 600_000, ' (milliseconds)').optional(),
  maxStreams: wholeNumber(1, 10_000).optional(),
  maxStreamsPerActor: wholeNumber(1, 10_000).optional(),
  pollMs: wholeNumber(10, 3_600_000, ' (milliseconds)').optional(),
})

/** A worker hears of a lost wake-up with its next heartbeat; a dashboard has none. */
const LONGEST_POLL_MS = 10_000

/** The options with all defaults filled in. */
export interface WholeDashboardOptions {
  readonly store: LogStore
  readonly queues: readonly string[] | 'all'
  readonly authorize: Authorize
  /** Null: users sign in elsewhere. */
  readonly session: TokenSession | null
  /** Null: it has no name. */
  readonly environment: string | null
  /** Without a slash at the end. */
  readonly basePath: string
  readonly hosts: readonly string[]
  readonly origins: readonly string[]
  readonly page: string | undefined
  readonly metrics: DashboardMetrics
  readonly logger: Logger
  readonly budget: { readonly maxCalls: number; readonly timeLimitMs: number }
  readonly limits: { readonly streams: number; readonly streamsPerActor: number }
  readonly pollMs: number
}

/** @throws InterlockError `invalid_input`, naming the path */
export function wholeOptions(options: DashboardOptions): WholeDashboardOptions {
  parseInput(fields, options, 'options')
  const { store, queue, queues, authorize } = options
  if (queue !== undefined && queues !== undefined)
    throw new InterlockError('invalid_input', 'options: give either queue or queues', { path: 'options' })
  const session = typeof authorize === 'function' ? null : authorize
  return {
    store,
    queues: queues === 'all' ? queues : (queues ?? [queue ?? 'default']),
    authorize: typeof authorize === 'function' ? authorize : (request) => authorize.authorize(request),
    session,
    environment: options.environment ?? null,
    basePath: (options.basePath ?? '').replace(/\/$/, ''),
    hosts: (options.hosts ?? loopbackNames).map((name) => name.toLowerCase()),
    origins: options.origins ?? [],
    page: options.page,
    metrics: options.metrics ?? {},
    logger: guarded(options.logger ?? silentLogger),
    budget: { maxCalls: options.maxCalls ?? 2, timeLimitMs: options.timeLimitMs ?? 5_000 },
    limits: { streams: options.maxStreams ?? 64, streamsPerActor: options.maxStreamsPerActor ?? 16 },
    pollMs: options.pollMs ?? Math.min(store.defaults?.pollMs ?? 1_000, LONGEST_POLL_MS),
  }
}
