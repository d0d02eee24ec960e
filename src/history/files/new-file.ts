import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { access, type FileHandle, link, open, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { InterlockError, invalidInput } from '../../core/index.ts'

/** What this machine could not do, such as write to a full disk. The message ends with what to do. */
export class LocalFailure extends Error {}

/** Files that are being written: beside their place, under names of their own. */
const unfinished = new Set<string>()

/** For a process that ends at once: takes away what is half-written. */
export function removeUnfinished(): void {
  for (const part of unfinished) rmSync(part, { force: true })
}

/** What is wrong with the path rather than with the disk: known before anything is done, and mended by another path. */
const wrongPath = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'EACCES', 'EPERM', 'EROFS', 'ENAMETOOLONG'])

/**
 * A file that is there whole or not at all: written beside its place under a name of its own, so that nobody else writes the
 * same one and nothing that a killed process left is in the way, and moved to its place when all of it is on the disk.
 */
export class NewFile {
  readonly name: string
  readonly #path: string
  readonly #part: string
  readonly #handle: FileHandle
  #bytes = 0
  #moved = false

  /** @throws InterlockError `invalid_input` when there is a file of that name, or none can be made */
  static async create(label: string, name: string): Promise<NewFile> {
    if (await isThere(name)) throw taken(label, name)
    const part = `${name}.${randomBytes(4).toString('hex')}.part`
    try {
      return new NewFile(label, name, part, await open(part, 'wx'))
    } catch (error) {
      throw failure(label, name, error)
    }
  }

  private constructor(label: string, name: string, part: string, handle: FileHandle) {
    this.name = name
    this.#path = label
    this.#part = part
    this.#handle = handle
    unfinished.add(part)
  }

  /** How much was written. */
  get bytes(): number {
    return this.#bytes
  }

  /** @throws LocalFailure for a full disk and the like */
  async write(bytes: Uint8Array): Promise<void> {
    await this.#guarded(async () => {
      for (let at = 0; at < bytes.length; ) at += (await this.#handle.write(bytes, at)).bytesWritten
    })
    this.#bytes += bytes.length
  }

  /** Puts it in its place, and returns when it stays there whatever happens to the machine. */
  async finish(): Promise<void> {
    await this.#guarded(async () => {
      await this.#handle.sync()
      await this.#handle.close()
      await this.#move()
      await syncFolder(path.dirname(this.name))
    })
    unfinished.delete(this.#part)
  }

  /** Leaves nothing of it behind; safe at any time. */
  async discard(): Promise<void> {
    await this.#handle.close().catch(() => {})
    await rm(this.#part, { force: true })
    if (this.#moved) await rm(this.name, { force: true })
    unfinished.delete(this.#part)
  }

  /** A link is refused where a file of that name has come meanwhile; not every file system has links. */
  async #move(): Promise<void> {
    try {
      await link(this.#part, this.name)
    } catch (error) {
      if (codeOf(error) === 'EEXIST' || (await isThere(this.name))) throw taken(this.#path, this.name)
      await rename(this.#part, this.name)
    }
    this.#moved = true
    await rm(this.#part, { force: true })
  }

  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      throw failure(this.#path, this.name, error)
    }
  }
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? ''

const isThere = (name: string): Promise<boolean> =>
  access(name).then(
    () => true,
    () => false,
  )

/** What Windows says where a folder is opened, which it cannot do. */
const noFolder = new Set(['EISDIR', 'EPERM', 'EACCES'])

/** The name in its folder is not on the disk by the file's own fsync. Windows cannot open a folder, and needs no such thing. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch((error: unknown) => {
    if (noFolder.has(codeOf(error))) return null
    throw error
  })
  if (handle === null) return
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const taken = (label: string, name: string) =>
  invalidInput(`${label} ${name}: is there already; give another path`)

function failure(label: string, name: string, error: unknown): Error {
  if (error instanceof InterlockError) return error
  const what = error instanceof Error ? error.message : String(error)
  if (wrongPath.has(codeOf(error))) return invalidInput(`${label} ${name}: ${what}; give another path`)
  return new LocalFailure(`${label} ${name}: ${what}; make room, or give a path on another disk`)
}
