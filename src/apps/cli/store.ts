import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { type Coordinator, createCoordinator, type Logger } from '../../engine/coordinator/index.ts'
import { InterlockError, isInterlockError } from '../../engine/core/index.ts'
import type { KnownKinds } from '../../engine/events/index.ts'
import { storeAt, type Target } from '../../engine/process/index.ts'
import type { LogStore } from '../../engine/store/index.ts'
import { openArchive } from '../../tools/history/files/index.ts'
import type { Access } from '../../tools/history/index.ts'
import { compileOnce } from './compile-once.ts'
import { collect } from './flag-value.ts'
import type { Frame } from './frame.ts'
import type { LeaseTimes } from './lease-flags.ts'

/**
 * The folder of the embedded database, if it does not exist yet. Looking makes nothing; the first command that stores something
 * makes it.
 */
export function emptyFolder(target: Target): string | null {
  return target.kind === 'pglite' && !existsSync(target.dir) ? target.dir : null
}

/** Opens the store of a command that is over in a moment. */
export function storeForAMoment(target: Target): Promise<LogStore> {
  if (target.kind === 'pglite') compileOnce()
  return storeAt(target)
}

/**
 * Opens the store for a command that reads, or changes existing things, and closes it in any case.
 * @param absent what to do if the queue does not exist: `refuse` unless given; `make` it, for a change; `pass` if the command
 * needs nothing of it
 * @throws InterlockError `unknown_queue`; `not_migrated` if there is no embedded database yet
 */
export async function withStore<T>(
  frame: Frame,
  use: (store: LogStore) => Promise<T>,
  absent: Absent = 'refuse',
): Promise<T> {
  const target = frame.target()
  const folder = emptyFolder(target)
  if (folder !== null) throw new InterlockError('not_migrated', `${folder}: ${nothingYet}`)
  const store = await storeForAMoment(target)
  try {
    await openQueue(store, frame.queue, absent)
    return await use(store)
  } finally {
    await store.close()
  }
}

/** Opens the store for one piece of work, in the form that the rooms take. */
export const withAccess = <T>(
  frame: Frame,
  use: (access: Access) => Promise<T>,
  absent?: Absent,
): Promise<T> => withStore(frame, (store) => use(frame.access(store)), absent)

export interface ArchiveFlags {
  readonly fromArchive?: readonly string[]
}

export const addArchiveFlag = (command: Command): Command =>
  command.option(
    '--from-archive <file>',
    'read the events of this file of `archive --to` before those of the database; may be repeated',
    collect,
  )

/**
 * Opens the store for a command that reads the log, with archive files in front of it.
 * @throws InterlockError `invalid_input` for a file that is no archive, or of another log
 */
export const withLog = <T>(
  frame: Frame,
  names: readonly string[] | undefined,
  use: (access: Access) => Promise<T>,
  absent?: Absent,
): Promise<T> =>
  withAccess(
    frame,
    async (access) => use(names === undefined ? access : await openArchive(access, names, '--from-archive')),
    absent,
  )

export type Absent = 'refuse' | 'make' | 'pass'

async function openQueue(store: LogStore, queue: string, absent: Absent): Promise<void> {
  try {
    await store.open(queue, { make: absent === 'make' })
  } catch (error) {
    if (absent !== 'pass' || !isInterlockError(error, 'unknown_queue')) throw error
  }
}

export const nothingYet =
  'there is no queue here yet; begin with: npx interlock-queue enqueue <file>, or see how it works: npx interlock-queue demo'

/** A person waits at the terminal, so a wrong address is reported soon. */
const JOIN_MS = 3_000

/** For commands that may say what changes nothing. */
export const strictFlag = ['--strict', 'refuse what would change nothing, such as a misspelt name'] as const

export interface JoinOptions extends LeaseTimes {
  /** True: the process goes on running jobs. */
  readonly isLong?: boolean
  readonly contract?: KnownKinds | undefined
  /** True: refuses what would change nothing. */
  readonly strict?: boolean | undefined
}

/** Joins the queue as a process, for commands that change something. */
export async function withCoordinator<T>(
  frame: Frame,
  use: (coordinator: Coordinator, store: LogStore) => Promise<T>,
  { isLong = false, ...times }: JoinOptions = {},
): Promise<T> {
  const target = frame.target()
  const store = await (isLong ? storeAt(target) : storeForAMoment(target))
  try {
    const coordinator = await createCoordinator({
      ...times,
      store,
      queue: frame.queue,
      logger: loggerOf(frame),
      joinMs: JOIN_MS,
      ...frame.by,
    })
    try {
      return await use(coordinator, store)
    } finally {
      await coordinator.close()
    }
  } finally {
    await store.close()
  }
}

/** The coordinator's lines are for the log of a service. On a terminal only errors are shown. */
function loggerOf(frame: Frame): Logger {
  const note = (message: string) => frame.note(message)
  return { info: frame.verbose ? note : () => {}, warn: note, error: note }
}
