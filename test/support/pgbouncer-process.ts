import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import path from 'node:path'
import { setTimeout as rest } from 'node:timers/promises'
import { dedicatedAccount, freePort, guardAgainstOrphans, worldReadableTmpdir } from './postgres.ts'

export type PoolMode = 'session' | 'transaction'

export interface Pooler {
  /** The address of the server through it. */
  readonly url: string
  close(): Promise<void>
}

/** A real PgBouncer before the server of this address. @param folder where the program is */
export async function startPgbouncer(url: string, mode: PoolMode, folder: string): Promise<Pooler> {
  const home = await mkdtemp(path.join(await worldReadableTmpdir(), 'interlock-pgbouncer-'))
  const guard = guardAgainstOrphans(home)
  const through = new URL(url)
  through.port = String(await freePort())
  await chmod(home, 0o755)
  await writeFile(path.join(home, 'users'), '"postgres" ""\n')
  await writeFile(path.join(home, 'ini'), settings(new URL(url), Number(through.port), home, mode))
  // It refuses root, as PostgreSQL does.
  const account = process.getuid?.() === 0 ? await dedicatedAccount() : {}
  const pooler = spawn(path.join(folder, 'pgbouncer'), [path.join(home, 'ini')], {
    ...account,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  guard.watch(pooler.pid)
  const said: string[] = []
  pooler.stderr.setEncoding('utf8').on('data', (text) => said.push(text))
  const closed = once(pooler, 'close')
  const close = async () => {
    pooler.kill('SIGINT')
    await closed
    await guard.finish()
  }
  await answering(Number(through.port), () => pooler.exitCode !== null && said.join('')).catch(
    async (error) => {
      await close()
      throw error
    },
  )
  return { url: through.href, close }
}

const settings = ({ hostname, port }: URL, own: number, home: string, mode: PoolMode) => `[databases]
* = host=${hostname} port=${port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${own}
unix_socket_dir =
auth_type = trust
auth_file = ${path.join(home, 'users')}
pool_mode = ${mode}
max_client_conn = 1000
`

/** @param ended what it has said, if it has ended */
async function answering(port: number, ended: () => string | false): Promise<void> {
  for (;;) {
    const why = ended()
    if (why !== false) throw new Error(`PgBouncer has ended: ${why}`)
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (isOpen) return
    await rest(50)
  }
}
