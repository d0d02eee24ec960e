import { createHmac, randomBytes } from 'node:crypto'
import { chmod, link, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'

type Env = Readonly<Record<string, string | undefined>>

/** Where programs of this user keep what outlives them; undefined: nobody says where. */
function stateFolder(env: Env): string | undefined {
  const { XDG_STATE_HOME, LOCALAPPDATA, HOME } = env
  const folder = XDG_STATE_HOME || LOCALAPPDATA || (HOME ? path.join(HOME, '.local', 'state') : undefined)
  return folder === undefined ? undefined : path.join(folder, 'interlock')
}

/**
 * What signs the cookies of the dashboard over one store: the same each time, so that a restart signs nobody out. It is derived from a
 * secret in a file that only this user may read; another store has another one, so its viewers do not see this one.
 * @returns undefined if no such file can be kept: sessions then end with the process
 */
export async function sessionSecret(env: Env, store: string): Promise<string | undefined> {
  const folder = stateFolder(env)
  if (folder === undefined) return undefined
  try {
    const secret = await keptIn(path.join(folder, 'dashboard-secret'))
    return createHmac('sha256', secret).update(store).digest('base64url')
  } catch {
    return undefined
  }
}

async function keptIn(file: string): Promise<string> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 })
  const known = await readOwn(file)
  if (known !== undefined) return known
  await rm(file, { force: true })
  // Of two that start at once, one file gets the name, and both read it: it appears whole.
  const draft = `${file}.${randomBytes(6).toString('hex')}`
  await writeFile(draft, randomBytes(32).toString('base64url'), { mode: 0o600, flag: 'wx' })
  await chmod(draft, 0o600)
  await link(draft, file).catch(() => {})
  await rm(draft, { force: true })
  const made = await readOwn(file)
  if (made === undefined) throw new Error(`${file} cannot be kept`)
  return made
}

/** Undefined: there is none, or others could read or have made it, so it is no secret. */
async function readOwn(file: string): Promise<string | undefined> {
  const found = await stat(file).catch(() => undefined)
  if (found === undefined) return undefined
  const isOwn = process.getuid === undefined || (found.uid === process.getuid() && (found.mode & 0o077) === 0)
  const text = isOwn ? await readFile(file, 'utf8') : ''
  return /^[\w-]{43}$/.test(text) ? text : undefined
}
