import * as z from 'zod'
import { InterlockError, isInterlockError } from '../../core/index.ts'
import { functionSchema, havingSchema, optionsSchema, parseInput, wholeNumber } from '../../events/index.ts'
import { requireCurrent, statusOf } from '../../migrate/index.ts'
import type { LogStore } from '../index.ts'
import { channelAnswer, parseAnswer, type Rpc, sqlCalls } from '../sql/index.ts'
import type { ApiLike, SupabaseLike } from './client-shape.ts'
import { answerOf, rpcOver } from './rpc.ts'
import type { WakeSource } from './wake-channel.ts'
import { Wakes } from './wake-channels.ts'

/** Stores over one client share its channels. If several have the same `wake`, the `pollMs`, `messagesPerSecond` and `warn` of the first one count. */
export interface SupabaseOptions {
  /**
   * Where wake-ups come from. `broadcast` (the default): the database sends them to a private channel. `postgres_changes`: from
   * changes of job_queue_state, which has to be in the publication supabase_realtime. `poll`: without Realtime.
   */
  readonly wake?: WakeSource
  /** How often to ask while no wake-ups come, in milliseconds; 1,000 unless given. */
  readonly pollMs?: number
  /**
   * A process announces its appends to the others, in a message with their events, unless there were so many messages of the queue
   * in the last second; 6 unless given, which fits the Free plan. With more, processes lose fewer appends to each other: 15
   * suit a Pro plan with 16 busy workers (docs/inside/supabase.md).
   */
  readonly messagesPerSecond?: number
  /** After how many milliseconds a call counts as lost; 15,000 unless given. It may still be carried out. */
  readonly timeoutMs?: number
  /** Called when something works less well than it should, once for each cause. Silent unless given. */
  readonly warn?: (message: string) => void
}

/**
 * Defaults of a coordinator over this store: a beat every 6 s, whose answer says how far the log goes, and a full look every two
 * minutes. A process with nothing to do makes 12 requests a minute. The models of a dead worker are free after 18 + 5 + 6 s at
 * most.
 */
const defaults = { pollMs: 120_000, leaseMs: 18_000 }

const clientSchema = havingSchema('a client of @supabase/supabase-js, such as supabaseClient(url, key)', [
  'schema',
  'channel',
  'removeChannel',
])
const optionFields = optionsSchema({
  wake: z
    .enum(['broadcast', 'postgres_changes', 'poll'], {
      error: "must be 'broadcast', 'postgres_changes' or 'poll'",
    })
    .optional(),
  pollMs: wholeNumber(10, 86_400_000, ' (milliseconds)').optional(),
  messagesPerSecond: wholeNumber(1, 1_000, ' (messages)').optional(),
  timeoutMs: wholeNumber(1, 86_400_000, ' (milliseconds)').optional(),
  warn: functionSchema.optional(),
  schema: z
    .undefined({ error: 'is of postgresStore: over the API, Interlock has the default alone' })
    .optional(),
})

const remedy =
  'run `npx interlock-queue migrate --supabase` and push what it writes (`supabase db push`), or paste what `npx interlock-queue migrate --print` says into the SQL editor'

/**
 * A store in a Supabase project, through its HTTP API. Every call is a transaction of its own, so processes do not combine their commands.
 * It works with the default installation alone: what is in a schema of its own (`postgresStore`, `schema`) the API does not expose.
 *
 * @param client of `@supabase/supabase-js`, with the secret key; {@link supabaseClient} makes one. It stays open after
 * `close()`, but for the channels that were opened here
 * @throws InterlockError from its calls: `store_unavailable`, `store_unwritable`, `contention`, `not_migrated`,
 * `database_older`, `database_newer`, `corrupt_log`, `unknown_event`, `closed`
 * @example
 * import { supabaseClient, supabaseStore } from 'interlock-queue/supabase'
 * const coordinator = await createCoordinator({ store: supabaseStore(supabaseClient(url, secretKey)) })
 */
export function supabaseStore(client: SupabaseLike, options: SupabaseOptions = {}): LogStore {
  parseInput(clientSchema, client, 'client')
  parseInput(optionFields, options, 'options')
  const {
    wake = 'broadcast',
    pollMs = 1_000,
    messagesPerSecond = 6,
    timeoutMs = 15_000,
    warn = () => {},
  } = options
  const name = nameOf(client)
  // The program's own calls may use another schema.
  const api = client.schema('public')
  const send = rpcOver(api, name, timeoutMs)
  const wakes = Wakes.of({
    client,
    source: wake,
    pollMs,
    messagesPerSecond,
    warn,
    topicOf: (queue) => topicOf(send, queue),
  })
  const stops = new Set<() => Promise<void>>()
  let closed = false
  const checkOpen = () => {
    if (closed) throw new InterlockError('closed', 'the store is closed; make a new one')
  }
  const rpc: Rpc = async (fn, args) => {
    checkOpen()
    return send(fn, args)
  }
  const calls = sqlCalls(rpc)
  return {
    name,
    defaults,
    frugal: true,
    ...calls,
    open: async (queue, options) => {
      checkOpen()
      await requireMigratedProject(api, name, timeoutMs)
      await calls.open(queue, options)
    },
    append: async (request) => {
      const answer = await calls.append(request)
      wakes.saw(request.queue, answer.version)
      if (answer.ok) wakes.appended(request.queue, answer.version, request.events)
      else if (answer.reason === 'version') wakes.sawEvents(request.queue, answer.missed)
      return answer
    },
    read: async (queue, after, limit) => {
      const page = await calls.read(queue, after, limit)
      wakes.saw(queue, page.version)
      wakes.sawEvents(queue, page.events)
      return page
    },
    beat: async (beat) => {
      const answer = await calls.beat(beat)
      wakes.saw(beat.queue, answer.version)
      wakes.beaten(beat.queue, answer.version)
      return answer
    },
    listen: async (queue, onWake) => {
      checkOpen()
      const stop = await wakes.listen(queue, onWake)
      stops.add(stop)
      return stop
    },
    close: async () => {
      if (closed) return
      closed = true
      await Promise.all([...stops].map((stop) => stop()))
    },
  }
}

/** The address is not secret, but a client need not reveal it. */
function nameOf(client: SupabaseLike): string {
  const { supabaseUrl } = client as { readonly supabaseUrl?: unknown }
  return typeof supabaseUrl === 'string' && URL.canParse(supabaseUrl)
    ? new URL(supabaseUrl).origin
    : 'supabase'
}

/** Its name cannot be guessed (`job_queue_heads.channel`): who knew it could send events that never happened. */
async function topicOf(rpc: Rpc, queue: string): Promise<string> {
  const { channel } = parseAnswer(channelAnswer, await rpc('job_queue_open', { queue }), 'job_queue_open')
  return `interlock:${queue}:${channel}`
}

async function requireMigratedProject(client: ApiLike, name: string, timeoutMs: number): Promise<void> {
  const newest = () =>
    client
      .from('job_queue_migrations')
      .select('version, checksum')
      .order('version', { ascending: false })
      .limit(2)
      .abortSignal(AbortSignal.timeout(timeoutMs))
  const rows = await answerOf(newest, name).catch((error: unknown) => {
    if (isInterlockError(error, 'not_migrated')) return []
    throw error
  })
  const status = statusOf(rows as readonly Record<string, unknown>[])
  // A newer database can be used if it says so: schemas only expand, and two releases may run side by side.
  if (status.state !== 'newer') requireCurrent(status, name, remedy)
}
