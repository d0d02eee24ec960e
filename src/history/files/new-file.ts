import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { access, type FileHandle, link, open, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { LocalFailure } from '../../cli/failure.ts'
import { InterlockError } from '../../core/index.ts'

/** What is wrong with the path rather than with the disk: known before anything is done, and mended by another path. */
const wrongPath = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'EACCES', 'EPERM', 'EROFS', 'ENAMETOOLONG'])

/**
 * A file that is there whole or not at all: written beside its place under a name of its own, so that nobody else writes the
 * same one and nothing that a killed process left is in the way, and moved to its place when all of it is on the disk.
 */
export class NewFile {
  readonly name: string
  readonly #flag: string
  readonly #part: string
  readonly #handle: FileHandle
  #bytes = 0
  #moved = false

  /** @throws InterlockError `invalid_input` when there is a file of that name, or none can be made */
  static async create(flag: string, name: string): Promise<NewFile> {
    if (await isThere(name)) throw taken(flag, name)
    const part = `${name}.${randomBytes(4).toString('hex')}.part`
    try {
      return new NewFile(flag, name, part, await open(part, 'wx'))
    } catch (error) {
      throw failure(flag, name, error)
    }
  }

  private constructor(flag: string, name: string, part: string, handle: FileHandle) {
    this.name = name
    this.#flag = flag
    this.#part = part
    this.#handle = handle
    process.on('exit', this.#removePart)
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
    process.off('exit', this.#removePart)
  }

  /** Leaves nothing of it behind; safe at any time. */
  async discard(): Promise<void> {
    await this.#handle.close().catch(() => {})
    await rm(this.#part, { force: true })
    if (this.#moved) await rm(this.name, { force: true })
    process.off('exit', this.#removePart)
  }

  /** A link is refused where a file of that name has come meanwhile; not every file system has links. */
  async #move(): Promise<void> {
    try {
      await link(this.#part, this.name)
    } catch (error) {
      if (codeOf(error) === 'EEXIST' || (await isThere(this.name))) throw taken(this.#flag, this.name)
      await rename(this.#part, this.name)
    }
    this.#moved = true
    await rm(this.#part, { force: true })
  }

  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      throw failure(this.#flag, this.name, error)
    }
  }

  /** For a second Ctrl-C, which ends the process at once. */
  readonly #removePart = () => rmSync(this.#part, { force: true })
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? ''

const isThere = (name: string): Promise<boolean> =>
  access(name).then(
    () => true,
    () => false,
  )

/** The name in its folder is not on the disk by the file's own fsync. Windows cannot open a folder, and needs no such thing. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const taken = (flag: string, name: string) =>
  new InterlockError('invalid_input', `${flag} ${name}: is there already; give another path`)

function failure(flag: string, name: string, error: unknown): Error {
  if (error instanceof InterlockError) return error
  const what = error instanceof Error ? error.message : String(error)
  if (wrongPath.has(codeOf(error)))
    return new InterlockError('invalid_input', `${flag} ${name}: ${what}; give another path`)
  return new LocalFailure(`${flag} ${name}: ${what}; make room, or give a path on another disk`)
}
