/** Three machines with PostgreSQL, Patroni and etcd, as children of this process: to be killed, switched over and brought back. */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { type Account, dedicatedAccount, freePort, worldReadableTmpdir } from '../../support/postgres.ts'
import { start } from './child.ts'
import { etcdFlags, etcdIsWhole, leadEtcd } from './etcd.ts'
import { type Guard, guardCluster } from './guard.ts'
import type { Programs } from './needs.ts'
import { makeSynchronous, membersBy, orderSwitchover, primariesOf } from './patroni.ts'
import { at, dynamic, type Member, type Node, nodeConfig } from './patroni-config.ts'
import { until } from './until.ts'
import { withClient } from './with-client.ts'

const PORTS_OF_NODE = 4

export class Cluster {
  readonly #programs: Programs
  readonly #folder: string
  readonly #account: Account | undefined
  readonly #guard: Guard
  readonly nodes: readonly Node[]
  readonly #patroni = new Map<string, ChildProcess>()
  readonly #etcd = new Map<string, ChildProcess>()

  private constructor(
    programs: Programs,
    folder: string,
    account: Account | undefined,
    nodes: readonly Node[],
  ) {
    this.#programs = programs
    this.#folder = folder
    this.#account = account
    this.nodes = nodes
    this.#guard = guardCluster(folder)
  }

  /** Not yet begun, so that it can be removed at any time. */
  static async create(programs: Programs): Promise<Cluster> {
    const account = process.getuid?.() === 0 ? await dedicatedAccount() : undefined
    const folder = await mkdtemp(path.join(await worldReadableTmpdir(), 'interlock-drill-'))
    await chmod(folder, 0o755)
    const names = ['n1', 'n2', 'n3']
    const ports = new Set<number>()
    while (ports.size < names.length * PORTS_OF_NODE) ports.add(await freePort())
    const nodes = names.map((name, i): Node => {
      const [port = 0, restPort = 0, etcdPort = 0, etcdPeerPort = 0] = [...ports].slice(i * PORTS_OF_NODE)
      return { name, port, restPort, etcdPort, etcdPeerPort, folder: path.join(folder, name) }
    })
    return new Cluster(programs, folder, account, nodes)
  }

  /** Resolves when one leads and the others follow it. */
  async begin(): Promise<void> {
    for (const node of this.nodes) await this.#prepare(node)
    for (const node of this.nodes) await this.#runEtcd(node)
    await etcdIsWhole(this.nodes)
    const [first, ...others] = this.nodes as readonly [Node, ...Node[]]
    await this.#runPatroni(first)
    await until('the first one leads', async () => (await primariesOf(this.nodes)).length > 0)
    for (const node of others) await this.#runPatroni(node)
    await this.isWhole()
  }

  /** All servers in one address. */
  get url(): string {
    const hosts = this.nodes.map(({ port }) => at(port))
    return `postgres://postgres@${hosts.join(',')}/postgres?target_session_attrs=read-write`
  }

  /** Where etcd's leader is from now on: with the database's leader, or elsewhere. */
  async leadEtcd(where: 'with the leader' | 'elsewhere'): Promise<void> {
    const { name } = await this.leader()
    await leadEtcd(this.nodes, (node) => (node.name === name) === (where === 'with the leader'))
  }

  /** SIGKILL to the leader's server, its Patroni and its etcd, as the end of its machine would be. Returns how to bring it back. */
  async kill(): Promise<() => Promise<void>> {
    const leader = await this.leader()
    const pid = Number(
      (await readFile(path.join(leader.folder, 'data/postmaster.pid'), 'utf8')).split('\n')[0],
    )
    this.#patroni.get(leader.name)?.kill('SIGKILL')
    this.#etcd.get(leader.name)?.kill('SIGKILL')
    process.kill(pid, 'SIGKILL')
    return async () => {
      await this.#runEtcd(leader)
      await this.#runPatroni(leader)
    }
  }

  /** SIGKILL to the leader's Patroni alone: its server goes on, and does not hear that it is replaced. Returns how to bring it back. */
  async killPatroni(): Promise<() => Promise<void>> {
    const leader = await this.leader()
    this.#patroni.get(leader.name)?.kill('SIGKILL')
    return () => this.#runPatroni(leader)
  }

  /** As it is planned, to another node. */
  async switchOver(): Promise<void> {
    await orderSwitchover(await this.leader())
  }

  /** Commits wait for no standby any more. */
  async loosen(): Promise<void> {
    await makeSynchronous(await this.leader(), false)
    await until('commits wait for nobody', async () => (await this.#synchronous()) === undefined)
  }

  /** They are to wait for one again, by what Patroni says. */
  async tighten(): Promise<void> {
    await makeSynchronous(await this.leader(), true)
    await until('commits are to wait', async () => (await this.#synchronous()) !== undefined)
  }

  /** The standby that commits wait for, which takes over when the leader dies. */
  async synchronousStandby(): Promise<Node> {
    const standby = await this.#synchronous()
    if (standby === undefined) throw new Error('no standby is synchronous')
    return standby
  }

  /** The standbys hear of nothing more: what is committed until their Patroni goes on, they lack. Returns what lets it go on. */
  async cutOffStandbys(): Promise<() => void> {
    const { name } = await this.leader()
    const standbys = this.nodes.filter((node) => node.name !== name)
    // It would mend this at once.
    const tell = (signal: NodeJS.Signals) => {
      for (const standby of standbys) this.#patroni.get(standby.name)?.kill(signal)
    }
    tell('SIGSTOP')
    for (const { port } of standbys) {
      await withClient(`postgres://postgres@${at(port)}/postgres`, async (client) => {
        await client.query("alter system set primary_conninfo = ''")
        await client.query('select pg_reload_conf()')
        const receivers = 'select from pg_stat_wal_receiver'
        await until('it is cut off', async () => (await client.query(receivers)).rowCount === 0)
      })
    }
    return () => tell('SIGCONT')
  }

  /** The node whose server takes writes. */
  async leader(): Promise<Node> {
    const leader = (await primariesOf(this.nodes))[0]
    if (leader === undefined) throw new Error('no node leads')
    return leader
  }

  /** Its server, alone. */
  async leaderUrl(): Promise<string> {
    return `postgres://postgres@${at((await this.leader()).port)}/postgres`
  }

  /** Resolves when another server leads, by what Patroni says of itself. */
  async isLedByOtherThan(former: Node): Promise<void> {
    await until('another one leads', async () =>
      (await primariesOf(this.nodes)).some(({ name }) => name !== former.name),
    )
  }

  /** Resolves when one leads and both others follow it, one of them so that commits wait for it. */
  async isWhole(): Promise<void> {
    await etcdIsWhole(this.nodes)
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

  async #prepare(node: Node): Promise<void> {
    const folder = await this.#own(node.name)
    await this.#own(`${node.name}-etcd`)
    const config = nodeConfig(node, this.nodes, this.#programs.postgres, dynamic)
    await writeFile(path.join(folder, 'patroni.json'), JSON.stringify(config, null, 2))
  }

  async #runEtcd(node: Node): Promise<void> {
    const name = `${node.name}-etcd`
    const flags = etcdFlags(node, this.nodes, path.join(this.#folder, name))
    this.#etcd.set(node.name, await this.#spawn(name, this.#programs.etcd, flags))
  }

  async #runPatroni({ name, folder }: Node): Promise<void> {
    const file = path.join(folder, 'patroni.json')
    this.#patroni.set(name, await this.#spawn(name, this.#programs.patroni, [file]))
  }

  async #spawn(name: string, program: string, words: readonly string[]): Promise<ChildProcess> {
    const home = { folder: this.#folder, account: this.#account, bin: this.#programs.postgres }
    const child = start(home, program, words, name)
    await once(child, 'spawn')
    const pid = child.pid as number
    this.#guard.watch(pid)
    child.once('exit', () => this.#guard.forget(pid))
    return child
  }

  async #own(name: string): Promise<string> {
    const folder = path.join(this.#folder, name)
    await mkdir(folder, { mode: 0o700 })
    if (this.#account !== undefined) await chown(folder, this.#account.uid, this.#account.gid)
    return folder
  }

  async #synchronous(): Promise<Node | undefined> {
    const name = (await this.#members()).find(({ role }) => role === 'sync_standby')?.name
    return this.nodes.find((node) => node.name === name)
  }

  async #members(): Promise<readonly Member[]> {
    return membersBy(await this.leader())
  }
}
