import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { access, type FileHandle, link, open, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { InterlockError, invalidInput } from '../../../engine/core/index.ts'

/** Something that this machine could not do, such as write to a full disk. The message ends with what to do. */
export class LocalFailure extends Error {}

/** Files that are being written, under their temporary names. */
const unfinished = new Set<string>()

/** Removes half-written files: for a process that ends at once. */
export function removeUnfinished(): void {
  for (const part of unfinished) rmSync(part, { force: true })
}

/** The path is wrong, not the disk. It is known before any work is done, and another path will do. */
const wrongPath = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'EACCES', 'EPERM', 'EROFS', 'ENAMETOOLONG'])

/**
 * A file that exists whole or not at all. It is written under a unique name beside its place, so nobody else writes the same file
 * and the rest of a killed process is not in the way. It moves to its place when all of it is on the disk.
 */
export class NewFile {
  readonly name: string
  readonly #path: string
  readonly #part: string
  readonly #handle: FileHandle
  #bytes = 0
  #moved = false

  /** @throws InterlockError `invalid_input` if the file exists, or cannot be made */
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

  /** Moves the file to its place. When it resolves, the file survives a crash of the machine. */
  async finish(): Promise<void> {
    await this.#guarded(async () => {
      await this.#handle.sync()
      await this.#handle.close()
      await this.#move()
      await syncFolder(path.dirname(this.name))
    })
    unfinished.delete(this.#part)
  }

  /** Removes what was written. You may call it at any time. */
  async discard(): Promise<void> {
    await this.#handle.close().catch(() => {})
    await rm(this.#part, { force: true })
    if (this.#moved) await rm(this.name, { force: true })
    unfinished.delete(this.#part)
  }

  /** Making a link fails if a file of that name exists by now. Not every file system has links. */
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

/** What Windows answers when a folder is opened. */
const noFolder = new Set(['EISDIR', 'EPERM', 'EACCES'])

/** The file's own fsync does not write its name in the folder to the disk. Windows cannot open a folder, and need not. */
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
