import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { InterlockError } from '../../core/index.ts'
import type { Backend } from './backend.ts'
import { openDatabase } from './database.ts'
import { requireRoom, unopenable } from './full-disk.ts'
import { endGoneWorkers, liveWorkers } from './gone-workers.ts'
import { connectToOwner } from './owner-client.ts'
import { type OwnerRecord, takeOwnership } from './owner-lock.ts'
import { serveOwner } from './owner-socket.ts'

/** How long to ask an owner again that is alive but does not answer: it may be opening or closing. */
const PATIENCE_MS = 10_000

/**
 * The database in `directory`: opened here if no process has it open, else reached through the process that has.
 * @throws InterlockError `store_unwritable`, `store_in_use`, `store_unavailable`
 */
export async function attach(directory: string, store: string): Promise<Backend> {
  const deadline = performance.now() + PATIENCE_MS
  for (;;) {
    const place = await socketPlace(directory)
    const ownership = await takeOwnership(directory, place.path).catch(async (error) => {
      await place.remove()
      throw error
    })
    if (ownership.mine) return own(directory, store, place, ownership.release)
    await place.remove()
    const backend = await connectToOwner(ownership.record.socket, store)
    if (backend) return backend
    if (performance.now() > deadline) throw inUse(store, ownership.record)
    await sleep(50)
  }
}

async function own(
  directory: string,
  store: string,
  place: SocketPlace,
  release: () => Promise<void>,
): Promise<Backend> {
  const files = path.join(directory, 'database')
  const isNew = !existsSync(files)
  const opening = requireRoom(directory, isNew, store).then(() => openDatabase(files, store))
  // It may fail before anybody awaits it. The error is reported below.
  opening.catch(() => {})
  const letGo = async () => {
    await release()
    await place.remove()
  }
  try {
    // Serve before the database is open, so that others wait for it instead of finding nobody.
    const stopServing = await serveOwner(place.path, opening, store)
    const database = await opening
    const { rows } = await database.db.query<{ queue: string; worker_id: string; release: string }>(
      liveWorkers,
    )
    await endGoneWorkers(rows, database.rpc)
    let closing: Promise<void> | undefined
    const end = async () => {
      await stopServing()
      await database.close()
      await letGo()
    }
    const close = () => {
      closing ??= end()
      return closing
    }
    // One that has ended by itself holds up nobody.
    void database.lost.then(close)
    return { ...database, close }
  } catch (error) {
    const reason = await unopenable(store, directory, error)
    await opening.then(({ close }) => close()).catch(() => {})
    // Half of a database would never open.
    if (isNew) await removed(files)
    await letGo()
    throw reason
  }
}

interface SocketPlace {
  readonly path: string
  remove(): Promise<void>
}

/** The path of a Unix socket may have some 100 bytes. If the directory's path is longer, the socket gets a directory of its own. */
async function socketPlace(directory: string): Promise<SocketPlace> {
  if (process.platform === 'win32') {
    const pipe = `\\\\.\\pipe\\interlock-${process.pid}-${Math.random().toString(36).slice(2)}`
    return { path: pipe, remove: async () => {} }
  }
  const inside = path.join(path.resolve(directory), `owner-${process.pid}-${++places}.sock`)
  if (Buffer.byteLength(inside) <= 100) return { path: inside, remove: () => removed(inside) }
  const folder = await mkdtemp(path.join(tmpdir(), 'interlock-'))
  return { path: path.join(folder, 's'), remove: () => removed(folder) }
}

let places = 0

/** A file that cannot be removed stays: a socket without a process does no harm. */
const removed = (file: string) => rm(file, { recursive: true, force: true }).catch(() => {})

const inUse = (store: string, { pid }: OwnerRecord): InterlockError =>
  new InterlockError(
    'store_in_use',
    `${store}: the process ${pid} has it open and does not answer; end it (or let it go on, if it is paused) and try again`,
    { pid },
  )
