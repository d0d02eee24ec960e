import { at, type Node } from './patroni-config.ts'
import { until } from './until.ts'

/** How one member of etcd is started, with the others as its peers. As etcd comes, but for the disk: it is not what is tried. */
export function etcdFlags(node: Node, all: readonly Node[], data: string): readonly string[] {
  const [client, peer] = [node.etcdPort, node.etcdPeerPort].map((port) => `http://${at(port)}`)
  const flags = {
    name: node.name,
    'data-dir': data,
    'listen-client-urls': client,
    'advertise-client-urls': client,
    'listen-peer-urls': peer,
    'initial-advertise-peer-urls': peer,
    'initial-cluster': all.map(({ name, etcdPeerPort }) => `${name}=http://${at(etcdPeerPort)}`).join(','),
  }
  return [...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, `${value}`]), '--unsafe-no-fsync']
}

interface Status {
  readonly header: { readonly member_id: string }
  readonly leader?: string
}

async function call<Answer>({ etcdPort }: Node, what: string, body: object): Promise<Answer> {
  const answer = await fetch(`http://${at(etcdPort)}/v3/maintenance/${what}`, {
    ...{ method: 'POST', body: JSON.stringify(body), signal: AbortSignal.timeout(2_000) },
  })
  if (!answer.ok) throw new Error(`etcd, ${what}: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as Answer
}

const statusOf = (node: Node): Promise<Status | null> => call<Status>(node, 'status', {}).catch(() => null)

async function leaderOf(nodes: readonly Node[]): Promise<Node | undefined> {
  const all = await Promise.all(nodes.map(statusOf))
  return nodes.find((_, i) => all[i]?.leader !== undefined && all[i].leader === all[i].header.member_id)
}

/** Resolves when all of them know a leader. */
export const etcdIsWhole = (nodes: readonly Node[]): Promise<void> =>
  until('etcd is whole', async () => {
    const health = nodes.map(async ({ etcdPort }) => (await fetch(`http://${at(etcdPort)}/health`)).ok)
    return (await Promise.all(health)).every((isWell) => isWell)
  })

/** Makes a node etcd's leader, or one of the others. */
export async function leadEtcd(nodes: readonly Node[], isWanted: (node: Node) => boolean): Promise<void> {
  await until('etcd is led as wanted', async () => {
    const leader = await leaderOf(nodes)
    if (leader === undefined) return false
    if (isWanted(leader)) return true
    const next = await statusOf(nodes.find(isWanted) as Node)
    await call(leader, 'transfer-leadership', { targetID: next?.header.member_id })
    return false
  })
}
