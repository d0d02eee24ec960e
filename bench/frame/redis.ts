import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { freePort, guardAgainstOrphans } from '../../test/support/postgres.ts'

export interface RedisServer {
  readonly url: string
  remove(): Promise<void>
}

/** A Redis of this run that writes each command to a file, as a queue needs it; undefined where no Redis is installed. */
export async function startRedis(appendfsync: 'everysec' | 'always'): Promise<RedisServer | undefined> {
  const home = await mkdtemp(path.join(tmpdir(), 'interlock-redis-'))
  const guard = guardAgainstOrphans(home)
  const port = await freePort()
  const settings = { port, bind: '127.0.0.1', dir: home, save: '', appendonly: 'yes', appendfsync }
  const flags = Object.entries({ ...settings, 'maxmemory-policy': 'noeviction' }).flatMap(([name, value]) => [
    `--${name}`,
    String(value),
  ])
  const child = spawn('redis-server', flags, { stdio: ['ignore', 'pipe', 'inherit'], detached: true })
  const ready = await readiness(child)
  if (ready instanceof Error) {
    await guard.finish()
    if ('code' in ready && ready.code === 'ENOENT') return undefined
    throw ready
  }
  guard.watch(child.pid)
  return {
    url: `redis://127.0.0.1:${port}`,
    remove: async () => {
      const gone = new Promise((resolve) => child.once('close', resolve))
      child.kill()
      await gone
      guard.watch(undefined)
      await guard.finish()
    },
  }
}

function readiness(child: ChildProcess): Promise<Error | undefined> {
  return new Promise((resolve) => {
    let output = ''
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-2_000)
      if (output.includes('Ready to accept connections')) resolve(undefined)
    })
    child.once('error', resolve)
    child.once('close', () => resolve(new Error(`Redis did not start:\n${output}`)))
  })
}
