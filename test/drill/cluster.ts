/** Three servers under Patroni and etcd, as children of this process: to be killed, switched over and brought back. */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { type Account, dedicatedAccount, freePort, worldReadableTmpdir } from '../support/postgres.ts'
import { start } from './child.ts'
import { type Guard, guardCluster } from './guard.ts'
import type { Programs } from './needs.ts'
import { dynamic, type Member, type Node, nodeConfig } from './patroni-config.ts'
import { until } from './until.ts'
import { withClient } from './with-client.ts'

export class Cluster {
  readonly #programs: Programs
  readonly #folder: string
  readonly #account: Account | undefined
  readonly #guard: Guard
  readonly #nodes: readonly Node[]
  readonly #patroni = new Map<string, ChildProcess>()
  readonly #etcdPort: number
  /** Who led before the last kill or switchover. */
  #former: string | undefined

  private constructor(
    programs: Programs,
    folder: string,
    account: Account | undefined,
    nodes: readonly Node[],
    etcdPort: number,
  ) {
    this.#programs = programs
    this.#folder = folder
    this.#account = account
    this.#nodes = nodes
    this.#etcdPort = etcdPort
    this.#guard = guardCluster(folder)
  }

  /** Resolves when one leads and the others follow it. */
  static async start(programs: Programs): Promise<Cluster> {
    const account = process.getuid?.() === 0 ? await dedicatedAccount() : undefined
    const folder = await mkdtemp(path.join(await worldReadableTmpdir(), 'interlock-drill-'))
    await chmod(folder, 0o755)
    const ports: number[] = []
    while (ports.length < 8) {
      const port = await freePort()
      if (!ports.includes(port)) ports.push(port)
    }
    const nodes = ['n1', 'n2', 'n3'].map((name, i) => ({
      name,
      port: ports[2 * i] as number,
      restPort: ports[2 * i + 1] as number,
      folder: path.join(folder, name),
    }))
    const cluster = new Cluster(programs, folder, account, nodes, ports[6] as number)
    try {
      await cluster.#begin(ports[7] as number)
      return cluster
    } catch (error) {
      await cluster.remove()
      throw error
    }
  }

  /** All servers in one address. */
  get url(): string {
    const hosts = this.#nodes.map(({ port }) => `127.0.0.1:${port}`)
    return `postgres://postgres@${hosts.join(',')}/postgres?target_session_attrs=read-write`
  }

  /** SIGKILL to the leader's server and to its Patroni, as the end of its machine would be. Returns how to bring it back. */
  async kill(): Promise<() => Promise<void>> {
    const leader = await this.#leader()
    this.#former = leader.name
    this.#patroni.get(leader.name)?.kill('SIGKILL')
    const pid = Number(
      (await readFile(path.join(leader.folder, 'data/postmaster.pid'), 'utf8')).split('\n')[0],
    )
    process.kill(pid, 'SIGKILL')
    return () => this.#run(leader)
  }

  /** As it is planned, to another node. */
  async switchOver(): Promise<void> {
    const { name } = await this.#leader()
    this.#former = name
    const candidate = (await this.#members()).find(({ role }) => role === 'sync_standby')?.name
    const node = this.#node(name)
    const body = JSON.stringify({ leader: name, ...(candidate === undefined ? {} : { candidate }) })
    const answer = await fetch(`http://127.0.0.1:${node.restPort}/switchover`, { method: 'POST', body })
    if (!answer.ok) throw new Error(`switchover: ${answer.status} ${await answer.text()}`)
  }

  /** Commits wait for no standby any more. */
  async loosen(): Promise<void> {
    const { restPort } = await this.#leader()
    const body = JSON.stringify({ synchronous_mode: false })
    await fetch(`http://127.0.0.1:${restPort}/config`, { method: 'PATCH', body })
    await until('commits wait for nobody', async () =>
      (await this.#members()).every(({ role }) => role !== 'sync_standby'),
    )
  }

  /** The standbys hear of nothing more: what is committed until their Patroni goes on, they lack. Returns what lets it go on. */
  async cutOffStandbys(): Promise<() => void> {
    const { name } = await this.#leader()
    const standbys = this.#nodes.filter((node) => node.name !== name)
    // It would mend this at once.
    const tell = (signal: NodeJS.Signals) => {
      for (const standby of standbys) this.#patroni.get(standby.name)?.kill(signal)
    }
    tell('SIGSTOP')
    for (const { port } of standbys) {
      await withClient(`postgres://postgres@127.0.0.1:${port}/postgres`, async (client) => {
        await client.query("alter system set primary_conninfo = ''")
        await client.query('select pg_reload_conf()')
        const receivers = 'select from pg_stat_wal_receiver'
        await until('it is cut off', async () => (await client.query(receivers)).rowCount === 0)
      })
    }
    return () => tell('SIGCONT')
  }

  /** The server that takes writes, alone. */
  async leaderUrl(): Promise<string> {
    return `postgres://postgres@127.0.0.1:${(await this.#leader()).port}/postgres`
  }

  /** Resolves when another server leads than the one that led before, by what Patroni says, and a commit has gone through there. */
  async commitsAgain(): Promise<void> {
    await this.isLedAnew()
    await until('a commit goes through', async () => {
      await withClient(await this.leaderUrl(), (client) =>
        client.query('insert into drill_probe default values'),
      )
      return true
    })
  }

  /** Resolves when another server leads than the one that led before, by what Patroni says of itself. */
  async isLedAnew(): Promise<void> {
    await until('another one leads', async () =>
      (await this.#primaries()).some(({ name }) => name !== this.#former),
    )
  }

  /** Resolves when one leads and both others follow it, one of them so that commits wait for it. */
  async isWhole(): Promise<void> {
    await until('all follow', async () => {
      const members = await this.#members()
      const following = members.filter(({ role, state }) => role !== 'leader' && state === 'streaming')
      const isSynchronous = members.some(({ role }) => role === 'sync_standby')
      return (
        members.some(({ role, state }) => role === 'leader' && state === 'running') &&
        following.length === 2 &&
        isSynchronous
      )
    })
  }

  /** Ends everything and deletes it. */
  remove(): Promise<void> {
    return this.#guard.finish()
  }

  async #begin(peerPort: number): Promise<void> {
    const [client, peer] = [this.#etcdPort, peerPort].map((port) => `http://127.0.0.1:${port}`) as [
      string,
      string,
    ]
    const data = await this.#own('etcd')
    this.#spawn('etcd', this.#programs.etcd, [
      ...['--data-dir', data, '--listen-client-urls', client, '--advertise-client-urls', client],
      ...[
        '--listen-peer-urls',
        peer,
        '--initial-advertise-peer-urls',
        peer,
        '--initial-cluster',
        `default=${peer}`,
      ],
      // It is not what is tried, and shares a machine with everything else.
      ...['--heartbeat-interval', '500', '--election-timeout', '5000', '--unsafe-no-fsync'],
    ])
    await until('etcd answers', async () => (await fetch(`${client}/health`)).ok)
    const [first, ...others] = this.#nodes as readonly [Node, ...Node[]]
    await this.#prepare(first)
    await this.#run(first)
    await this.isLedAnew()
    for (const node of others) {
      await this.#prepare(node)
      await this.#run(node)
    }
    await this.isWhole()
  }

  async #prepare(node: Node): Promise<void> {
    const folder = await this.#own(node.name)
    const config = nodeConfig(node, this.#etcdPort, this.#programs.postgres, dynamic)
    await writeFile(path.join(folder, 'patroni.json'), JSON.stringify(config, null, 2))
  }

  async #run(node: Node): Promise<void> {
    const child = this.#spawn(node.name, this.#programs.patroni, [path.join(node.folder, 'patroni.json')])
    this.#patroni.set(node.name, child)
    await once(child, 'spawn')
  }

  #spawn(name: string, program: string, words: readonly string[]): ChildProcess {
    const home = { folder: this.#folder, account: this.#account, bin: this.#programs.postgres }
    const child = start(home, program, words, name)
    if (child.pid !== undefined) this.#guard.watch(child.pid)
    return child
  }

  async #own(name: string): Promise<string> {
    const folder = path.join(this.#folder, name)
    await mkdir(folder, { mode: 0o700 })
    if (this.#account !== undefined) await chown(folder, this.#account.uid, this.#account.gid)
    return folder
  }

  #node(name: string): Node {
    const node = this.#nodes.find((each) => each.name === name)
    if (node === undefined) throw new Error(`there is no node ${name}`)
    return node
  }

  async #leader(): Promise<Node> {
    const leader = (await this.#primaries())[0]
    if (leader === undefined) throw new Error('no node leads')
    return leader
  }

  /** Those that hold the key and take writes. */
  async #primaries(): Promise<Node[]> {
    // One that was stopped takes the call and never answers.
    const ask = async ({ restPort }: Node) =>
      (await fetch(`http://127.0.0.1:${restPort}/primary`, { signal: AbortSignal.timeout(1_000) })).ok
    const answers = await Promise.all(this.#nodes.map((node) => ask(node).catch(() => false)))
    return this.#nodes.filter((_, i) => answers[i] === true)
  }

  async #members(): Promise<readonly Member[]> {
    const { restPort } = await this.#leader()
    const answer = await fetch(`http://127.0.0.1:${restPort}/cluster`)
    return ((await answer.json()) as { members: readonly Member[] }).members
  }
}
