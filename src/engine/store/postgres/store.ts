import { InterlockError, isOutage, isReadOnly } from '../../core/index.ts'
import {
  flagSchema,
  functionSchema,
  havingSchema,
  installationSchema,
  optionsSchema,
  parseAddresses,
  parseInput,
  wholeNumber,
} from '../../events/index.ts'
import { migrationStatus, requireMigrated } from '../../migrate/index.ts'
import { inSchema, type LogStore } from '../index.ts'
import {
  appendBy,
  combiningBy,
  type FunctionName,
  type Rpc,
  rebuildBy,
  sqlCalls,
  storeFailure,
  type Turn,
} from '../sql/index.ts'
import { Confirmation } from './confirmation.ts'
import { askWithin, connectionsTo, type PostgresSource, type Queryable } from './connections.ts'
import type { PgDriver } from './hosts.ts'
import { PostgresListener } from './listener.ts'
import { readPage } from './read-page.ts'
import { appendConnection, spareConnection } from './spare-connection.ts'
import { statementLimit } from './statement-limit.ts'
import { createStatements } from './statements.ts'
import { withTurn } from './turn.ts'

export interface PostgresOptions {
  /** Called when something works less well than it should, once for each cause. Silent unless given. */
  readonly warn?: (message: string) => void
  /**
   * How often to check that the listening connection is alive, in milliseconds: unless given, 15 s, and 2 s if the address names several
   * servers.
   */
  readonly checkMs?: number
  /**
   * For development and tests: `open` makes Interlock's tables if they are missing, or brings them to this release. Follows no table of yours
   * that it does not follow already. Under `NODE_ENV=production` it does nothing: there `open` says the command. @defaultValue `false`
   */
  readonly migrate?: boolean
  /**
   * The schema in which all of Interlock is (`interlock migrate --schema`): an installation of its own, whose queues no other one sees. 1 to 40
   * small letters, digits and `_`. @defaultValue what is in `public` and in `interlock`
   */
  readonly schema?: string | undefined
}

/** How the listening connection is kept: it is the one that notices a server that is gone without a word. */
const slow = { checkMs: 15_000, answerMs: 5_000, retryMs: 5_000 }
/** Where another server may take over. */
const quick = { checkMs: 2_000, answerMs: 2_000, retryMs: 1_000 }

/** The server may be gone: no answer, or it says that it goes. A refused login, or too many connections, is another matter. */
const mayBeGone = (error: InterlockError): boolean =>
  isOutage(error) && /^(08|57|$)/.test(String(error.details['sqlstate'] ?? ''))

/** The calls that renew a lease or give it up. */
const leases: ReadonlySet<FunctionName> = new Set(['job_queue_beat', 'job_queue_leave'])

const optionFields = optionsSchema({
  warn: functionSchema.optional(),
  checkMs: wholeNumber(10, 86_400_000, ' (milliseconds)').optional(),
  migrate: flagSchema.optional(),
  schema: installationSchema.optional(),
})

const sourceError =
  "must be an address such as 'postgres://user@host/database', a pg.Pool, or a configuration of pg"
const sourceSchema = havingSchema('an address, a pg.Pool, or a configuration of pg', []).refine(
  (value) => !Array.isArray(value),
  sourceError,
)
/** The address may hold a password, so the error does not repeat it. */
function checkSource(source: unknown): void {
  if (typeof source === 'string') parseAddresses(source, 'source')
  else parseInput(sourceSchema, source, 'source')
}

/** A store in PostgreSQL over a loaded driver. */
export function postgresStoreOver(
  driver: PgDriver,
  source: PostgresSource,
  options: PostgresOptions = {},
): LogStore {
  checkSource(source)
  parseInput(optionFields, options, 'options')
  const { warn = () => {}, checkMs, migrate = false, schema } = options
  let isMigrated = !migrate || process.env['NODE_ENV'] === 'production'
  const connections = connectionsTo(driver, source, { onMoved: warn })
  const { pool, name, answerMs, hasChoice } = connections
  const ask = askWithin(answerMs, schema)
  const confirmation = new Confirmation(connections, ask)
  const believe = (asked: string) => confirmation.believe(asked)
  const statements = createStatements(answerMs, schema, believe)
  const limit = statementLimit(connections)
  const hangs = new HangWatch(connections.seekRival)
  const pace = hasChoice ? quick : slow
  const listener = new PostgresListener(
    () => {
      const client = connections.client()
      confirmation.watch(client)
      return client
    },
    { ...pace, schema, checkMs: checkMs ?? pace.checkMs, warn, onLost: connections.doubt },
  )
  let closed = false

  const failure = (error: unknown) => {
    const failed = storeFailure(error, name)
    failed.message = inSchema(failed.message, schema)
    if (isReadOnly(failed)) listener.leave()
    if (isReadOnly(failed) || mayBeGone(failed)) connections.doubt()
    return failed
  }
  const checkOpen = () => {
    if (closed) throw new InterlockError('closed', 'the store is closed; make a new one')
  }
  /** What has no choice of servers need not notice that it hangs. */
  const committing = <Out>(work: () => Promise<Out>): Promise<Out> =>
    hasChoice ? hangs.during(() => confirmation.during(work)) : confirmation.during(work)
  /** Turns every error of the driver into one of Interlock's, with a code and what to do. */
  const guarded = async <Out>(work: () => Promise<Out>): Promise<Out> => {
    checkOpen()
    try {
      await limit.ready()
      return await committing(work)
    } catch (error) {
      throw failure(error)
    }
  }
  const query = async (sql: string) => (await ask<Record<string, unknown>>(pool, sql)).rows
  const over = spareConnection(connections, listener, (client) => confirmation.watch(client))
  const rpc: Rpc = (fn, args) =>
    guarded(() => {
      if (!leases.has(fn)) return limit.within((connection) => statements.rpc(connection)(fn, args))
      return statements.rpcOver(over.atOnce)(fn, args)
    })
  const calls = sqlCalls(rpc, () => listener.address())
  const inTurn = <Out>(work: (turn: Turn) => Promise<Out>) =>
    committing(() => withTurn({ pool, statements, ask, believe, failure }, work))
  const appendOver = appendConnection(connections, listener)
  const appendRpc: Rpc = (fn, args) =>
    guarded(() => appendOver((connection) => statements.rpc(connection)(fn, args)))
  return {
    name,
    ...(schema === undefined ? undefined : { schema }),
    ...calls,
    append: (request) => appendBy(appendRpc, request),
    open: async (queue, options) => {
      // A newer database can be used if it says so: schemas only expand, and two releases may run side by side.
      await guarded(async () => {
        if (!isMigrated) await (await import('./migrate-first.ts')).migrateFirst(connections.client(), schema)
        isMigrated = true
        if ((await migrationStatus(query)).state !== 'newer') await requireMigrated(query, name)
      })
      await calls.open(queue, options)
    },
    read: (queue, after, most) =>
      guarded(() => {
        const page = { queue, after, limit: most }
        const read = (connection: Queryable) => readPage(statements, connection, page)
        return limit.isPerTransaction() ? limit.within(read) : over.orSpare(read)
      }),
    rebuild: async (queue, since, rowsAt) => {
      await guarded(limit.ready)
      return inTurn((turn) => rebuildBy(turn, queue, since, rowsAt))
    },
    combining: combiningBy(rpc, () => listener.address()),
    confirm: (queue, known) => guarded(() => confirmation.confirm(queue, known)),
    checkup: async (queue) => {
      const checkup = await calls.checkup(queue)
      const replication = checkup?.replication
      if (checkup === null || !replication?.names || checkup.server.inRecovery) return checkup
      const commitsWait = await guarded(() => confirmation.doCommitsWait())
      return { ...checkup, replication: { ...replication, commitsWait } }
    },
    listen: async (queue, onWake) => {
      await guarded(limit.ready).catch(() => {})
      checkOpen()
      return listener.add(queue, onWake)
    },
    close: async () => {
      if (closed) return
      closed = true
      await listener.close()
      await connections.close()
    },
  }
}

/** A call that has had no answer for so long hangs, in milliseconds: an append takes some, a wait for the queue's lock 2 s at most. */
const HANG_MS = 1_000
/** How often calls are looked at while there are some. */
const LOOK_MS = 500

/**
 * Notices calls that hang although their server lives. It may have been replaced and not know: a primary whose standby was promoted elsewhere
 * takes every command, and its commits wait for that standby for ever.
 */
class HangWatch {
  readonly #onHang: () => void
  /** When the calls under way began, the first one first. */
  readonly #calls = new Set<{ readonly began: number }>()
  #timer: NodeJS.Timeout | undefined

  /** @param onHang called at each look while a call hangs */
  constructor(onHang: () => void) {
    this.#onHang = onHang
  }

  async during<Out>(work: () => Promise<Out>): Promise<Out> {
    const call = { began: performance.now() }
    this.#calls.add(call)
    this.#lookLater()
    try {
      return await work()
    } finally {
      this.#calls.delete(call)
    }
  }

  #lookLater(): void {
    this.#timer ??= setTimeout(() => this.#look(), LOOK_MS).unref()
  }

  #look(): void {
    this.#timer = undefined
    const [first] = this.#calls
    if (first === undefined) return
    if (performance.now() - first.began >= HANG_MS) this.#onHang()
    this.#lookLater()
  }
}
