import type { Ledger } from '../../engine/core/index.ts'
import { checkAccess, parseQueue } from '../../engine/events/index.ts'
import type { LogStore } from '../../engine/store/index.ts'
import type { ArchivedFiles } from './bad-event.ts'

/** How far a piece of work is. Its first step has `done: 0`, its last one `isOver`. */
export interface Step {
  /** What is counted, such as `replayed`. */
  readonly what: string
  readonly done: number
  readonly total: number
  readonly isOver: boolean
}

/**
 * What every function of `interlock-queue/history`, `/audit`, `/insight`, `/doctor` and `/operate` works on. They neither open
 * nor close a store, write only through this one, and know nothing of a terminal or of their process.
 * @example const access = { store: postgresStore('postgres://localhost/app'), queue: 'images' }
 */
export interface Access {
  /**
   * A store over a migrated database, which you close: `postgresStore(url)`, with `{ schema: 'app' }` for
   * docs/guides/migration-guide.md#a-schema-of-its-own; `supabaseStore(…)`; `pgliteStore(…)` with a folder, `memory://` or an open `PGlite`;
   * or `memoryStore()`.
   */
  readonly store: LogStore
  /** The queue. @defaultValue `default` */
  readonly queue?: string | undefined
  /** Stops the work: it throws the reason of the signal, and leaves nothing half-done. @defaultValue never */
  readonly signal?: AbortSignal | undefined
  /** Gets the progress of long work, once per page of some 1,000 events: `{ what, done, total, isOver }`. */
  readonly onProgress?: ((step: Step) => void) | undefined
  /** Gets remarks on the result, such as that the log begins at a cut. */
  readonly onNote?: ((text: string) => void) | undefined
  /**
   * Archived events that are in files and no longer in the database. `openArchive` of `interlock-queue/history/files` sets it.
   */
  readonly files?: ArchivedFiles | undefined
}

/** An access with all defaults filled in. */
export type Opened = {
  readonly [Key in Exclude<keyof Access, 'files'>]-?: NonNullable<Access[Key]>
} & Pick<Access, 'files'> & {
    /** The queue now, of who follows it anyway; absent: it is folded from the log. */
    readonly ledger?: (() => Promise<Ledger>) | undefined
  }

const known = new WeakSet<Access>()
const never = new AbortController().signal
const ignore = () => {}

/** @throws InterlockError `invalid_input`, naming the path */
export function opened(access: Access): Opened {
  if (isOpened(access)) return access
  checkAccess(access)
  const { store, queue = 'default', signal = never, onProgress = ignore, onNote = ignore, files } = access
  const all = { store, queue: parseQueue(queue), signal, onProgress, onNote, files }
  known.add(all)
  return all
}

/** An access of a program that follows the queue. @param ledger the queue now, not older than the call */
export function openedBy(access: Access, ledger: () => Promise<Ledger>): Opened {
  const all = { ...opened(access), ledger }
  known.add(all)
  return all
}

const isOpened = (access: Access): access is Opened =>
  typeof access === 'object' && access !== null && known.has(access)

/** Reports the progress of a piece of work. */
export interface Telling {
  update(done: number): void
  /** You may call it twice. */
  stop(): void
}

export function telling({ onProgress }: Opened, what: string, total: number): Telling {
  let [done, isOver] = [0, false]
  const tell = () => onProgress({ what, done, total, isOver })
  tell()
  return {
    update: (now) => {
      done = now
      if (!isOver) tell()
    },
    stop: () => {
      if (isOver) return
      isOver = true
      tell()
    },
  }
}
