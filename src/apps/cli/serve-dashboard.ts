import { createHmac, randomBytes } from 'node:crypto'
import { chmod, link, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { InterlockError } from '../../engine/core/index.ts'
import { type Env, storeAt } from '../../engine/process/index.ts'
import type { LogStore } from '../../engine/store/index.ts'
import { missingPage } from '../dashboard/assets.ts'
import { createDashboard, tokenSession, toNodeHandler } from '../dashboard/index.ts'
import type { Frame } from './frame.ts'
import { listenOn } from './port.ts'
import { emptyFolder, nothingYet } from './store.ts'

/** Connections to a server, besides the one that listens. Viewers cannot use more. */
const CONNECTIONS = 2
/** How long one of its statements may take, in milliseconds. */
const STATEMENT_MS = 5_000

export interface ServeDashboardOptions {
  /** 0: any free port. */
  readonly port: number
  readonly write: boolean
  readonly data: boolean
  /** What the page calls where it is; `INTERLOCK_ENVIRONMENT` unless given. */
  readonly environment?: string | undefined
  /** What a scraper of `/metrics` has to show; without it only who has signed in sees them. */
  readonly metricsToken?: string | undefined
}

/** A dashboard in a program of its own, on this machine only. */
export interface ServedDashboard {
  /** With a token in its fragment, which works once. */
  readonly address: string
  /** What a browser would not find there; null: nothing. */
  readonly lacks: string | null
  close(): Promise<void>
}

/** @throws InterlockError `invalid_input` for a port in use; `not_migrated` if there is no database yet; what opening throws */
export async function serveDashboard(frame: Frame, options: ServeDashboardOptions): Promise<ServedDashboard> {
  const target = frame.target()
  const folder = emptyFolder(target)
  if (folder !== null) throw new InterlockError('not_migrated', `${folder}: ${nothingYet}`)
  const store = await storeAt(target, { connections: CONNECTIONS, statementMs: STATEMENT_MS })
  try {
    // A wrong address is reported at once. Later, if the database is away, the dashboard waits for it.
    await store.open(frame.queue, { make: false })
    const served = await serve(frame, store, options)
    return {
      ...served,
      close: async () => {
        await served.close()
        await store.close()
      },
    }
  } catch (error) {
    await store.close()
    throw error
  }
}

/** Serves the dashboard over a store that is open already. The store stays open. */
export async function serve(
  frame: Frame,
  store: LogStore,
  { port: wanted, write, data, metricsToken: token, environment: named }: ServeDashboardOptions,
): Promise<ServedDashboard> {
  let port = 0
  const addressWith = (token: string) =>
    `http://127.0.0.1:${port}/?queue=${encodeURIComponent(frame.queue)}#${token}`
  const session = tokenSession({
    secret: await sessionSecret(frame.surface.env, store.name),
    grant: {
      actor: frame.as ?? 'dashboard',
      operator: frame.by.operator.operator,
      role: write ? 'operator' : 'viewer',
      data,
    },
    onUsed: (next) => frame.note(`the address is used; for another browser: ${addressWith(next)}`),
  })
  const note = (message: string) => frame.note(message)
  const logger = { info: note, warn: note, error: note }
  const server = createServer((incoming, outgoing) => handle(incoming, outgoing))
  await listenOn(server, wanted)
  port = (server.address() as AddressInfo).port
  const hosts = ['127.0.0.1', 'localhost', '[::1]'].map((name) => `${name}:${port}`)
  const metrics = { token }
  const environment = named ?? (frame.surface.env['INTERLOCK_ENVIRONMENT'] || undefined)
  const parts = { store, hosts, metrics, logger, environment }
  const dashboard = createDashboard({ ...parts, queues: 'all', authorize: session })
  const handle = toNodeHandler(dashboard)
  return {
    address: addressWith(session.token),
    lacks: missingPage(),
    close: async () => {
      await dashboard.close()
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

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
async function sessionSecret(env: Env, store: string): Promise<string | undefined> {
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
