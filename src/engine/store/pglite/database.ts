import { setImmediate } from 'node:timers/promises'
import type { PGlite, Transaction } from '@electric-sql/pglite'
import { InterlockError } from '../../core/index.ts'
import { migrate } from '../../migrate/index.ts'
import { missing } from '../index.ts'
import { type FunctionName, statements, type Turn } from '../sql/index.ts'
import type { Backend } from './backend.ts'
import { type Watch, watched } from './full-disk.ts'

export type OpenDatabase = Pick<PGlite, 'query' | 'exec' | 'transaction' | 'listen' | 'execProtocolRawSync'>

type Args = Readonly<Record<string, unknown>>

/** How long a turn may hold the database, which has one connection for all. PostgreSQL ends a turn after the same time. */
const TURN_MS = 1_000

/**
 * A start that takes long tells of it every 10 s, by a timer that goes on for ever if the start fails: it would keep the process
 * alive.
 */
const quiet = ['-c', 'log_startup_progress_interval=0']

/**
 * Opens the embedded database and brings its tables to this release.
 *
 * @param dataDir a directory, or `memory://`
 * @param store what messages call it
 */
export async function openDatabase(
  dataDir: string,
  store: string,
): Promise<Backend & { readonly db: PGlite }> {
  // Loaded here: a process that asks the owner of the directory, or that uses another store, needs no embedded database.
  const { PGlite } = await import('@electric-sql/pglite').catch(missing('@electric-sql/pglite'))
  const db = await PGlite.create({ dataDir, startParams: [...PGlite.defaultStartParams, ...quiet] })
  return { ...(await backendOn(db, store, () => db.close())), db }
}

/**
 * Brings the tables of a database that is open to this release, and works in it.
 *
 * @param store what messages call it
 * @param close what becomes of the database when the store is closed
 */
export async function backendOn(
  db: OpenDatabase,
  store: string,
  close: () => Promise<void>,
): Promise<Backend> {
  const watch = watched(db, store)
  await migrate({
    query: async (sql, parameters) =>
      (await db.query<Record<string, unknown>>(sql, parameters ? [...parameters] : undefined)).rows,
    exec: async (sql) => {
      await db.exec(sql)
    },
  })
  const wakes = new Set<(payload: string) => void>()
  const unlisten = await db.listen('interlock', (payload) => {
    for (const onWake of wakes) onWake(payload)
  })
  const closed = Promise.withResolvers<void>()
  return {
    rpc: (name, args) => call(db, name, args).catch(watch.fail),
    turn: () => turnOn(db, watch),
    listen: (onWake) => {
      // A new function, so that one callback can be registered twice.
      const own = (payload: string) => onWake(payload)
      wakes.add(own)
      return () => void wakes.delete(own)
    },
    lost: Promise.race([closed.promise, watch.over]),
    close: async () => {
      if (!watch.isOver()) await unlisten().then(close)
      closed.resolve()
    },
  }
}

async function call(on: Pick<Transaction, 'query'>, name: FunctionName, args: Args): Promise<unknown> {
  const { text, values } = statements[name]
  const { rows } = await on.query<{ answer: unknown }>(text, values(args))
  // PGlite works in this thread and settles in microtasks: a busy caller would keep sockets and timers waiting for ever.
  await setImmediate()
  return rows[0]?.answer
}

/**
 * A turn as a transaction of PGlite, which lets no other query in between and rolls back what fails. If a turn takes too long, it
 * is given up: the process that decides may be paused.
 */
function turnOn(db: Pick<PGlite, 'transaction'>, { fail }: Watch): Turn {
  const begun = Promise.withResolvers<unknown>()
  const next = Promise.withResolvers<{ readonly name: FunctionName; readonly args: Args } | null>()
  let ended: Promise<unknown> = Promise.resolve()
  return {
    begin: (queue, since) => {
      const whole = db.transaction(async (transaction) => {
        begun.resolve(await call(transaction, 'job_queue_turn', { queue, since }).catch(fail))
        const impatience = setTimeout(() => next.resolve(null), TURN_MS)
        const finish = await next.promise
        clearTimeout(impatience)
        // Known before PGlite rolls back, which a database that has ended never does.
        if (finish) return call(transaction, finish.name, finish.args).catch(fail)
        await transaction.rollback()
        return undefined
      })
      ended = whole.catch(fail)
      ended.catch(begun.reject)
      return begun.promise
    },
    finish: async (name, args) => {
      next.resolve({ name, args })
      const answer = await ended
      if (answer !== undefined) return answer
      throw new InterlockError('contention', 'the turn took longer than a second and was given up; try again')
    },
    giveUp: async () => {
      next.resolve(null)
      await ended.catch(() => {})
    },
  }
}
