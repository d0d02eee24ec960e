/** What becomes of the embedded database where its disk is full. */
import { open, rm, statfs } from 'node:fs/promises'
import path from 'node:path'
import type { PGlite } from '@electric-sql/pglite'
import { InterlockError } from '../../core/index.ts'
import { messageOf } from '../../events/index.ts'
import { storeFailure } from '../sql/index.ts'

const MB = 1_048_576
/** One more file of the write-ahead log. Without room for it the server inside ends with the next commit that needs it. */
const LEAST = 17 * MB
/** A new database: its files, and the first two of that log. */
const LEAST_NEW = 80 * MB

/** @throws InterlockError `store_unwritable` where the disk has no room to work. A file system that does not say passes */
export async function requireRoom(directory: string, isNew: boolean, store: string): Promise<void> {
  const { bavail, bsize, blocks } = await statfs(directory).catch(() => ({ bavail: 1, bsize: 1, blocks: 0 }))
  const [free, least] = [bavail * bsize, isNew ? LEAST_NEW : LEAST]
  if (blocks === 0 || free >= least) return
  throw fullDisk(store, `${Math.floor(free / MB)} MB are free, and it needs ${least / MB} MB`)
}

const fullDisk = (store: string, why: string): InterlockError<'store_unwritable'> =>
  new InterlockError(
    'store_unwritable',
    `${store}: the disk is full, or lets no file grow (${why}); make room, or use a folder on another disk`,
    { sqlstate: '53100' },
  )

/** Errors of a file system, by their codes, by the numbers that WebAssembly has for them, and in the words of PostgreSQL. */
const codes: ReadonlySet<unknown> = new Set(['ENOSPC', 'EFBIG', 'EDQUOT'])
const numbers: ReadonlySet<unknown> = new Set([51, 22, 19])
const words = /no space left on device|file too large|disk quota exceeded/i

function isFull(error: unknown): boolean {
  const { name, errno, code, message } = (error ?? {}) as Readonly<Record<string, unknown>>
  if (name === 'ErrnoError') return numbers.has(errno)
  return codes.has(code) || code === '53100' || (typeof message === 'string' && words.test(message))
}

const wordsOf = (error: unknown): string => {
  const { name, errno } = (error ?? {}) as { readonly name?: unknown; readonly errno?: unknown }
  return name === 'ErrnoError' ? `error ${String(errno)} of the file system` : messageOf(error).slice(0, 200)
}

/** Why the database does not open: WebAssembly often says no more than that it aborted, so the folder is tried. */
export async function unopenable(store: string, directory: string, error: unknown): Promise<InterlockError> {
  if (error instanceof InterlockError) return error
  if (isFull(error)) return fullDisk(store, wordsOf(error))
  const refused = await tried(path.join(directory, `room-${process.pid}`))
  if (refused !== null) return fullDisk(store, refused)
  return new InterlockError(
    'store_unavailable',
    `${store}: the embedded database does not open (${wordsOf(error)}); if another release made it, move ${directory} away and start again`,
    { directory },
  )
}

/** Writes as much as one more file of the log has, and removes it. What is refused; null: nothing. */
async function tried(file: string): Promise<string | null> {
  try {
    const handle = await open(file, 'w')
    try {
      for (let at = 0; at < LEAST; at += MB) await handle.write(Buffer.alloc(MB), 0, MB, at)
    } finally {
      await handle.close()
    }
    return null
  } catch (error) {
    return isFull(error) ? wordsOf(error) : null
  } finally {
    await rm(file, { force: true })
  }
}

/** Watches a database for its end. */
export interface Watch {
  /** Turns an error into Interlock's, and remembers it if the database has ended with it. */
  readonly fail: (error: unknown) => never
  /** Whether it has ended: nothing may be asked of it any more. */
  readonly isOver: () => boolean
  /** Resolves then. */
  readonly over: Promise<void>
}

/**
 * A server inside a process cannot end it: after a PANIC the next call would never return, and block the process for good. So no call
 * gets there.
 */
export function watched(db: Pick<PGlite, 'execProtocolRawSync'>, store: string): Watch {
  const over = Promise.withResolvers<void>()
  const alarms = new Alarms()
  let end: InterlockError | undefined
  const finish = (error: InterlockError) => {
    end ??= error
    alarms.end()
    over.resolve()
    return end
  }
  const run = db.execProtocolRawSync.bind(db)
  db.execProtocolRawSync = (message) => {
    if (end !== undefined) throw end
    try {
      return alarms.during(() => run(message))
    } catch (error) {
      throw finish(failureOf(error, store))
    }
  }
  const fail = (error: unknown): never => {
    const failure = failureOf(error, store)
    throw (error as { readonly severity?: unknown } | null)?.severity === 'PANIC' ? finish(failure) : failure
  }
  return { fail, isOver: () => end !== undefined, over: over.promise }
}

/**
 * The timers that the server inside sets while it works. Each calls it when it fires, and that call would not return either once the
 * server has ended. They are known by the moment in which they are set: it works without giving way to anybody.
 */
class Alarms {
  readonly #set = new Set<NodeJS.Timeout>()
  #isOver = false

  during<T>(work: () => T): T {
    const { setTimeout: real } = globalThis
    const set = (ring: (...given: unknown[]) => void, ms?: number, ...given: unknown[]) => {
      const timer = real(() => {
        this.#set.delete(timer)
        if (!this.#isOver) this.during(() => ring(...given))
      }, ms)
      this.#set.add(timer)
      return timer
    }
    globalThis.setTimeout = set as typeof setTimeout
    try {
      return work()
    } finally {
      globalThis.setTimeout = real
    }
  }

  end(): void {
    this.#isOver = true
    for (const timer of this.#set) clearTimeout(timer)
  }
}

function failureOf(error: unknown, store: string): InterlockError {
  if (error instanceof InterlockError) return error
  return isFull(error) ? fullDisk(store, wordsOf(error)) : storeFailure(error, store)
}
