import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { InterlockError } from '../../../engine/core/index.ts'
import { storeAt } from '../../../engine/process/index.ts'
import type { LogStore } from '../../../engine/store/index.ts'
import { createDashboard, tokenSession, toNodeHandler } from '../../dashboard/index.ts'
import { listenOn } from '../../dev/parts.ts'
import type { Frame } from '../frame.ts'
import { emptyFolder, nothingYet } from '../store.ts'
import { sessionSecret } from './session-secret.ts'

/** Connections to a server, besides the one that listens. Viewers cannot use more. */
const CONNECTIONS = 2
/** How long one of its statements may take, in milliseconds. */
const STATEMENT_MS = 5_000

export interface ServeOptions {
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
  close(): Promise<void>
}

/** @throws InterlockError `invalid_input` for a port in use; `not_migrated` if there is no database yet; what opening throws */
export async function serveDashboard(frame: Frame, options: ServeOptions): Promise<ServedDashboard> {
  const target = frame.target()
  const folder = emptyFolder(target)
  if (folder !== null) throw new InterlockError('not_migrated', `${folder}: ${nothingYet}`)
  const store = await storeAt(target, { connections: CONNECTIONS, statementMs: STATEMENT_MS })
  try {
    // A wrong address is reported at once. Later, if the database is away, the dashboard waits for it.
    await store.open(frame.queue, { make: false })
    const served = await serve(frame, store, options)
    return {
      address: served.address,
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

/** The same with a store that is open already. It stays open. */
export async function serve(
  frame: Frame,
  store: LogStore,
  { port: wanted, write, data, metricsToken: token, environment: named }: ServeOptions,
): Promise<ServedDashboard> {
  let port = 0
  const addressWith = (token: string) =>
    `http://127.0.0.1:${port}/?queue=${encodeURIComponent(frame.queue)}#${token}`
  const session = tokenSession({
    secret: await sessionSecret(frame.surface.env, store.name),
    grant: { actor: frame.as ?? 'dashboard', role: write ? 'operator' : 'viewer', data },
    onUsed: (next) => frame.note(`in use; for another browser: ${addressWith(next)}`),
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
    close: async () => {
      await dashboard.close()
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}
