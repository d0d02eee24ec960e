import { checkAccess, parseQueue } from '../codec/index.ts'
import type { LogStore } from '../port/index.ts'
import type { ArchivedFiles } from './bad-event.ts'

/** How far a piece of work is. The first step of a piece has `done: 0`, the last one `isOver`. */
export interface Step {
  /** What is counted, such as `replayed`. */
  readonly what: string
  readonly done: number
  readonly total: number
  readonly isOver: boolean
}

/**
 * What every function of `interlock-queue/history`, `/audit`, `/insight`, `/doctor` and `/operate` works on. They open no store and
 * close none, write nowhere but through it, and know neither a terminal nor the process that they run in.
 * @example const access = { store: postgresStore('postgres://localhost/app'), queue: 'images' }
 */
export interface Access {
  /** Of a database that is migrated. It stays open. */
  readonly store: LogStore
  /** `default` unless given. */
  readonly queue?: string | undefined
  /** Ends what is under way: it throws the reason of the signal. Nothing is left half-done. */
  readonly signal?: AbortSignal | undefined
  /** Is told how far a long piece of work is: once per page of some 1,000 events. */
  readonly onProgress?: ((step: Step) => void) | undefined
  /** Is told in a sentence what the reader of a result should know beside it: that a log begins at a cut, say. */
  readonly onNote?: ((text: string) => void) | undefined
  /** Events that are in files and not in the database any more: `openArchive` of `interlock-queue/history/files` puts them here. */
  readonly files?: ArchivedFiles | undefined
}

/** The same with everything filled in. */
export type Opened = {
  readonly [Key in Exclude<keyof Access, 'files'>]-?: NonNullable<Access[Key]>
} & Pick<Access, 'files'>

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

const isOpened = (access: Access): access is Opened =>
  typeof access === 'object' && access !== null && known.has(access)

/** Tells of a piece of work. */
export interface Telling {
  update(done: number): void
  /** Safe to call twice. */
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
