import { z } from 'zod'
import { functionSchema, havingSchema, optionsSchema, parseInput, wholeNumber } from '../../codec/index.ts'
import { InterlockError } from '../../core/index.ts'
import { migrationStatus, requireMigrated } from '../../migrate/index.ts'
import type { TurnStore } from '../../port/index.ts'
import {
  appendBy,
  decidingBy,
  type FunctionName,
  type Rpc,
  rebuildBy,
  sqlCalls,
  storeFailure,
  turnBy,
} from '../sql/index.ts'
import { appendConnection } from './append-connection.ts'
import { askWithin, type Queryable } from './ask.ts'
import { connectionsTo, type PgDriver, type PostgresSource } from './connections.ts'
import { createListener } from './listener.ts'
import { readPage } from './read.ts'
import { spareConnection } from './spare-connection.ts'
import { statementLimit } from './statement-limit.ts'
import { createStatements } from './statements.ts'
import { withTurn } from './turn.ts'

export interface PostgresOptions {
  /** Called when something works less well than it should, once for each cause. Silent unless given. */
  readonly warn?: (message: string) => void
  /** How often to check that the listening connection is alive; 15 s unless given. */
  readonly checkMs?: number
}

/** The calls that renew a lease or give it up. */
const leases: ReadonlySet<FunctionName> = new Set(['job_queue_beat', 'job_queue_leave'])

const optionFields = optionsSchema({
  warn: functionSchema.optional(),
  checkMs: wholeNumber(10, 86_400_000, ' (milliseconds)').optional(),
})

const sourceError =
  "must be an address such as 'postgres://user@host/database', a pg.Pool, or a configuration of pg"
const sourceSchema = havingSchema('an address, a pg.Pool, or a configuration of pg', []).refine(
  (value) => !Array.isArray(value),
  sourceError,
)
/** The address may hold a password, so the error does not repeat it. */
const addressSchema = z.string().refine((text) => text !== '' && isAddress(text), sourceError)

/** `pg` also accepts the directory of a socket. */
const isAddress = (text: string) =>
  text.startsWith('/') || (/^(postgres(ql)?|socket):/.test(text) && URL.canParse(text))

function checkSource(source: unknown): void {
  if (typeof source === 'string') parseInput(addressSchema, source, 'source')
  else parseInput(sourceSchema, source, 'source')
}

/** A store in PostgreSQL over a loaded driver. */
export function postgresStoreOver(
  driver: PgDriver,
  source: PostgresSource,
  options: PostgresOptions = {},
): TurnStore {
  checkSource(source)
  parseInput(optionFields, options, 'options')
  const connections = connectionsTo(driver, source)
  const { pool, name, answerMs } = connections
  const statements = createStatements(answerMs)
  const ask = askWithin(answerMs)
  const limit = statementLimit(connections)
  const listener = createListener(connections.client, {
    checkMs: options.checkMs ?? 15_000,
    warn: options.warn ?? (() => {}),
  })
  let closed = false

  const failure = (error: unknown) => storeFailure(error, name)
  const checkOpen = () => {
    if (closed) throw new InterlockError('closed', 'the store is closed; make a new one')
  }
  /** Turns every error of the driver into one of Interlock's, with a code and what to do. */
  const guarded = async <Out>(work: () => Promise<Out>): Promise<Out> => {
    checkOpen()
    try {
      await limit.ready()
      return await work()
    } catch (error) {
      throw failure(error)
    }
  }
  const query = async (sql: string) => (await ask<Record<string, unknown>>(pool, sql)).rows
  const over = spareConnection(connections, listener)
  const rpc: Rpc = (fn, args) =>
    guarded(() => {
      if (!leases.has(fn)) return limit.within((connection) => statements.rpc(connection)(fn, args))
      return over.atOnce((connection) => statements.rpc(connection)(fn, args))
    })
  const calls = sqlCalls(rpc)
  const appendOver = appendConnection(connections, listener)
  const appendRpc: Rpc = (fn, args) =>
    guarded(() => appendOver((connection) => statements.rpc(connection)(fn, args)))
  return {
    name,
    ...calls,
    append: (request) => appendBy(appendRpc, request),
    open: async (queue, options) => {
      // A newer database can be used if it says so: schemas only expand, and two releases may run side by side.
      await guarded(async () => {
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
    turn: async (queue, since, decide) => {
      await guarded(limit.ready)
      return withTurn({ pool, statements, ask, failure }, (turn) => turnBy(turn, queue, since, decide))
    },
    rebuild: async (queue, since, rowsAt) => {
      await guarded(limit.ready)
      return withTurn({ pool, statements, ask, failure }, (turn) => rebuildBy(turn, queue, since, rowsAt))
    },
    deciding: decidingBy(rpc, listener.address),
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
