import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import path from 'node:path'
import { setTimeout as rest } from 'node:timers/promises'
import { madeOnce } from './once.ts'
import { dedicatedAccount, freePort, guardAgainstOrphans, worldReadableTmpdir } from './postgres.ts'
import { atEnd } from './this-test.ts'

export type PoolMode = 'session' | 'transaction'

/** A real PgBouncer before the server of this address, ended with the test. @returns the address through it */
export async function behindPgbouncer(url: string, mode: PoolMode): Promise<string> {
  const home = await mkdtemp(path.join(await worldReadableTmpdir(), 'interlock-pgbouncer-'))
  const guard = guardAgainstOrphans(home)
  const through = new URL(url)
  through.port = String(await freePort())
  await chmod(home, 0o755)
  await writeFile(path.join(home, 'users'), '"postgres" ""\n')
  await writeFile(path.join(home, 'ini'), settings(new URL(url), Number(through.port), home, mode))
  const program = path.join(await madeOnce('pgbouncer'), 'pgbouncer')
  // It refuses root, as PostgreSQL does.
  const account = process.getuid?.() === 0 ? await dedicatedAccount() : {}
  const pooler = spawn(program, [path.join(home, 'ini')], { ...account, stdio: ['ignore', 'ignore', 'pipe'] })
  guard.watch(pooler.pid)
  const said: string[] = []
  pooler.stderr.setEncoding('utf8').on('data', (text) => said.push(text))
  const closed = once(pooler, 'close')
  atEnd(async () => {
    pooler.kill('SIGINT')
    await closed
    await guard.finish()
  })
  await answering(Number(through.port), () => pooler.exitCode !== null && said.join(''))
  return through.href
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
