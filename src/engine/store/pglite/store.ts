import * as z from 'zod'
import { InterlockError } from '../../core/index.ts'
import { havingSchema, parseInput } from '../../events/index.ts'
import type { LogStore, OnWake } from '../index.ts'
import {
  combiningBy,
  type Rpc,
  rebuildBy,
  sqlCalls,
  storeFailure,
  type Turn,
  tellWake,
} from '../sql/index.ts'
import { attach } from './attach.ts'
import type { Backend } from './backend.ts'
import { backendOn, type OpenDatabase, openDatabase } from './database.ts'
import { marked, unmarked } from './gone-workers.ts'
import { thisProcess } from './process.ts'

const directoryError = "must be a folder, such as './.interlock', or memory://"
const directorySchema = z.string(directoryError).min(1, directoryError)

/** A database of PGlite that your program has open, `new PGlite(…)`. Its own types compile only with those of Emscripten. */
export interface PgliteDatabase {
  query(text: string, values?: unknown[]): Promise<{ readonly rows: readonly unknown[] }>
  exec(text: string): Promise<unknown>
  transaction(work: object): Promise<unknown>
  listen(channel: string, callback: (payload: string) => void): Promise<unknown>
  execProtocolRawSync(message: Uint8Array): unknown
}

const databaseSchema = havingSchema('a folder, or the PGlite that your program has open, in this process', [
  ...['query', 'exec', 'transaction', 'listen', 'execProtocolRawSync'],
])

/** How to get at the database, and what messages call the store. */
function openerOf(database: string | PgliteDatabase): {
  name: string
  open: (name: string) => Promise<Backend>
} {
  if (typeof database !== 'string') {
    const opened = parseInput(databaseSchema, database, 'database') as OpenDatabase
    const stays = async () => {}
    return { name: 'pglite', open: (name) => backendOn(opened, name, stays) }
  }
  parseInput(directorySchema, database, 'directory')
  const open = database === 'memory://' ? openDatabase : attach
  return { name: `pglite:${database}`, open: (name) => open(database, name) }
}

/**
 * A store in this process or another one on this machine: PostgreSQL in WebAssembly, with nothing to install. Use it for tests, for
 * a try-out, and for work on one machine. What was acknowledged survives the death of the process, but not a power cut.
 *
 * The first process that uses the directory opens the database and answers the others. When it ends, the next process that needs
 * the database opens it.
 *
 * @param database a folder, created if it does not exist; `memory://` for a database of its own that ends with `close()`; or a PGlite that your
 * program has open: then your tables and your transactions are in the same database (`enqueueIn`, `completeIn` by `fromPg(transaction)`), and
 * `close()` leaves it open. An append waits while your transaction is open: PGlite has one connection
 * @throws InterlockError from its calls: `store_unwritable`, `store_in_use`, `store_unavailable`, `contention`, `closed`
 * @example
 * import { pgliteStore } from 'interlock-queue/pglite'
 * const coordinator = await createCoordinator({ store: pgliteStore('./.interlock') })
 */
export function pgliteStore(database: string | PgliteDatabase): LogStore {
  const { name, open } = openerOf(database)
  const listeners = new Map<OnWake, string>()
  let current: Promise<Backend> | null = null
  let closed = false

  const wake = (payload?: string) => {
    for (const [onWake, queue] of listeners) tellWake(payload, queue, onWake)
  }

  /** When the owner is gone, listeners need the next one. They are called once, since they may have missed something. */
  const onLost = (lost: Promise<Backend>) => {
    if (current !== lost || closed) return
    current = null
    if (listeners.size > 0)
      backend().then(
        () => wake(),
        () => {},
      )
  }

  const backend = (): Promise<Backend> => {
    if (closed) return Promise.reject(new InterlockError('closed', 'the store is closed; make a new one'))
    if (current) return current
    const attaching = open(name)
    current = attaching
    attaching.then(
      (attached) => {
        attached.listen(wake)
        void attached.lost.then(() => onLost(attaching))
      },
      () => {
        if (current === attaching) current = null
      },
    )
    return attaching
  }

  const rpc: Rpc = async (fn, args) => {
    const { rpc } = await backend()
    return rpc(fn, args).catch((error) => Promise.reject(storeFailure(error, name)))
  }
  const calls = sqlCalls(rpc)
  const inTurn = async <Out>(work: (turn: Turn) => Promise<Out>): Promise<Out> => {
    const turn = guarded((await backend()).turn(), name)
    try {
      return await work(turn)
    } catch (error) {
      await turn.giveUp().catch(() => {})
      throw error
    }
  }
  return {
    name,
    ...calls,
    beat: async (beat) => calls.beat({ ...beat, release: marked(beat.release, await thisProcess()) }),
    workers: async (queue) =>
      (await calls.workers(queue)).map((row) => ({ ...row, release: unmarked(row.release) })),
    combining: combiningBy(rpc),
    rebuild: (queue, since, rowsAt) => inTurn((turn) => rebuildBy(turn, queue, since, rowsAt)),
    listen: async (queue, onWake) => {
      await backend()
      // A new function, so that one callback can be registered twice.
      const own: OnWake = (wake) => onWake(wake)
      listeners.set(own, queue)
      return async () => void listeners.delete(own)
    },
    close: async () => {
      if (closed) return
      closed = true
      listeners.clear()
      const attached = await current?.catch(() => null)
      await attached?.close()
    },
  }
}

/** Turns errors of the database into Interlock's, with a code. An error that the caller throws while it decides stays as it is. */
function guarded(turn: Turn, store: string): Turn {
  const fail = (error: unknown) => Promise.reject(storeFailure(error, store))
  return {
    begin: (queue, since) => turn.begin(queue, since).catch(fail),
    finish: (name, args) => turn.finish(name, args).catch(fail),
    giveUp: () => turn.giveUp().catch(fail),
  }
}
