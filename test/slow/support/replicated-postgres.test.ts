// Slow: kills and promotes servers.
import { describe, expect, it } from 'vitest'
import { withClient } from '../../support/postgres-cluster.ts'
import { type ReplicatedPostgres, startReplicated } from '../../support/replicated-postgres.ts'

const ask = (url: string, question: string): Promise<unknown> =>
  withClient(url, async (client) => (await client.query({ text: question, rowMode: 'array' })).rows[0]?.[0])

const write = (pair: ReplicatedPostgres, value: number) =>
  ask(pair.primary().url, `insert into seen values (${value})`)
const seen = (url: string) => ask(url, 'select array_agg(n order by n) from seen')

describe('two servers', () => {
  it('change places as often as one is killed, and lose nothing while commits wait for the standby', async () => {
    await using pair = await startReplicated({ synchronous: true })
    await ask(pair.primary().url, 'create table seen (n integer)')
    for (const round of [1, 2]) {
      await write(pair, round)
      const before = pair.primary()
      await pair.kill()
      expect(before.pid()).toBeUndefined()
      await pair.promote()
      expect(pair.other()).toBe(before)
      await pair.rejoin()
    }
    expect(await seen(pair.primary().url)).toEqual([1, 2])
    expect(await ask(pair.primary().url, 'select sync_state from pg_stat_replication')).toBe('sync')
    expect(await ask(pair.other().url, 'select pg_is_in_recovery()')).toBe(true)
  })

  it('are ready when a commit waits for the standby, and not when `sync_state` says so', async () => {
    await using pair = await startReplicated({ synchronous: false })
    const { url } = pair.primary()
    await ask(url, 'create table seen (n integer)')
    const checkpointer = await pair.checkpointer()
    let isReady = false
    const ready = pair.synchronize().then(() => (isReady = true))
    await expect.poll(() => ask(url, 'select sync_state from pg_stat_replication')).toBe('sync')
    // Each of these commits is done, though the standby may not have it.
    for (const n of [1, 2, 3]) await write(pair, n)
    expect(isReady).toBe(false)
    checkpointer.goOn()
    await ready
  })

  it('lose what the standby was cut off from, where commits do not wait for it', async () => {
    await using pair = await startReplicated({ synchronous: false })
    await ask(pair.primary().url, 'create table seen (n integer)')
    await write(pair, 1)
    await expect.poll(() => seen(pair.other().url)).toEqual([1])
    await pair.cutOff()
    await write(pair, 2)
    await pair.kill()
    await pair.promote()
    expect(await seen(pair.primary().url)).toEqual([1])
  })

  it('change places as planned: what is stopped first has told the other everything', async () => {
    await using pair = await startReplicated({ synchronous: false })
    await ask(pair.primary().url, 'create table seen (n integer)')
    await write(pair, 1)
    await pair.switchOver()
    await write(pair, 2)
    expect(await seen(pair.primary().url)).toEqual([1, 2])
  })
})
