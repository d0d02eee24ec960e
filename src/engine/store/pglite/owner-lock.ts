import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import * as z from 'zod'
import { InterlockError } from '../../core/index.ts'
import { isRunning, thisProcess } from './process.ts'

const recordSchema = z.object({
  pid: z.int(),
  started: z.string(),
  host: z.string(),
  /** Distinguishes this lock from every other, even one of the same process. */
  token: z.string(),
  /** Where the owner answers. */
  socket: z.string(),
})
export type OwnerRecord = z.infer<typeof recordSchema>

/** Either the directory is ours now, or another live process has it. */
export type Ownership =
  | { readonly mine: true; readonly record: OwnerRecord; release(): Promise<void> }
  | { readonly mine: false; readonly record: OwnerRecord }

/**
 * Takes the directory for this process, since two databases over the same files silently destroy each other. Takes over the lock
 * of a process that is gone.
 * @param socket where this process will answer if it becomes the owner
 * @throws InterlockError `store_unwritable`; `store_in_use` if another machine has it, since this one cannot see whether it is
 * alive
 */
export async function takeOwnership(directory: string, socket: string): Promise<Ownership> {
  const file = path.join(directory, 'owner.json')
  const mine = { ...(await thisProcess()), host: hostname(), token: randomUUID(), socket }
  await mkdir(directory, { recursive: true, mode: 0o700 }).catch(unwritable(directory))
  for (;;) {
    if (await created(file, mine, directory)) {
      return { mine: true, record: mine, release: () => release(file, mine.token) }
    }
    const record = await read(file)
    if (record === 'gone') continue
    if (record !== 'unreadable') {
      if (record.host !== mine.host) throw elsewhere(directory, record)
      if (await isRunning(record)) return { mine: false, record }
    } else if (await isYoung(file)) {
      await sleep(20)
      continue
    }
    await removeStale(file, record)
  }
}

async function created(file: string, record: object, directory: string): Promise<boolean> {
  return writeFile(file, JSON.stringify(record), { flag: 'wx', mode: 0o600 }).then(
    () => true,
    (error) => (error.code === 'EEXIST' ? false : unwritable(directory)(error)),
  )
}

async function read(file: string): Promise<OwnerRecord | 'gone' | 'unreadable'> {
  try {
    return recordSchema.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'gone' : 'unreadable'
  }
}

/** The file is created empty and then written, so the owner of an empty file may be alive for a moment. */
async function isYoung(file: string): Promise<boolean> {
  const made = await stat(file).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  )
  return Date.now() - made < 2_000
}

/**
 * Removes the lock of a process that is gone, one remover at a time. Otherwise, of two that saw the same dead lock, the slower
 * one could remove the new lock of the faster one.
 */
async function removeStale(file: string, seen: OwnerRecord | 'unreadable'): Promise<void> {
  const guard = `${file}.takeover`
  if (!(await created(guard, {}, path.dirname(file)))) {
    // The guard is held for a millisecond. If it is older, its maker died.
    if (!(await isYoung(guard))) await rm(guard, { force: true })
    return void (await sleep(20))
  }
  const now = await read(file)
  const same = typeof now === 'object' && typeof seen === 'object' ? now.token === seen.token : now === seen
  if (same) await rm(file, { force: true })
  await rm(guard, { force: true })
}

async function release(file: string, token: string): Promise<void> {
  const record = await read(file)
  if (typeof record === 'object' && record.token === token) await rm(file, { force: true })
}

const unwritable = (directory: string) => (error: NodeJS.ErrnoException) => {
  throw new InterlockError(
    'store_unwritable',
    `pglite:${directory}: cannot write here (${error.code ?? error.message}); name a directory that this user may write to, or make room on the disk`,
    { directory },
  )
}

const elsewhere = (directory: string, { host }: OwnerRecord): InterlockError =>
  new InterlockError(
    'store_in_use',
    `pglite:${directory}: the machine ${host} has it open; end the process there, or delete ${path.join(directory, 'owner.json')} if that machine is gone`,
    { directory, host },
  )
