/** What Patroni tells and does over HTTP. */
import { at, type Member, type Node } from './patroni-config.ts'

const urlOf = ({ restPort }: Node, what: string) => `http://${at(restPort)}/${what}`

/** Those that hold the key and take writes. */
export async function primariesOf(nodes: readonly Node[]): Promise<readonly Node[]> {
  // One that was stopped takes the call and never answers.
  const ask = async (node: Node) =>
    (await fetch(urlOf(node, 'primary'), { signal: AbortSignal.timeout(1_000) })).ok
  const answers = await Promise.all(nodes.map((node) => ask(node).catch(() => false)))
  return nodes.filter((_, i) => answers[i] === true)
}

export async function membersBy(leader: Node): Promise<readonly Member[]> {
  const answer = await fetch(urlOf(leader, 'cluster'))
  return ((await answer.json()) as { members: readonly Member[] }).members
}

/** As it is planned, to the synchronous standby. */
export async function orderSwitchover(leader: Node): Promise<void> {
  const candidate = (await membersBy(leader)).find(({ role }) => role === 'sync_standby')?.name
  const order = { leader: leader.name, ...(candidate === undefined ? {} : { candidate }) }
  const answer = await fetch(urlOf(leader, 'switchover'), { method: 'POST', body: JSON.stringify(order) })
  if (!answer.ok) throw new Error(`switchover: ${answer.status} ${await answer.text()}`)
}

/** Whether commits are to wait for a standby. */
export async function makeSynchronous(leader: Node, isSynchronous: boolean): Promise<void> {
  const body = JSON.stringify({ synchronous_mode: isSynchronous })
  const answer = await fetch(urlOf(leader, 'config'), { method: 'PATCH', body })
  if (!answer.ok) throw new Error(`synchronous_mode: ${answer.status} ${await answer.text()}`)
}
