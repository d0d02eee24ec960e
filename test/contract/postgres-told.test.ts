import { describe, expect, it, onTestFinished } from 'vitest'
import { postgresStore } from '../../src/adapter/postgres/index.ts'
import type { HandInAnswer, HeardCommands } from '../../src/port/index.ts'
import { connection, migratedDatabase } from './support.ts'

const command = (id: string, note = '') => ({
  command: { id, hash: 1, workerId: 'w', body: { type: 'tick' as const, note } },
})

/** One process decides and listens, and another one has handed in a command. */
async function decided() {
  const url = await migratedDatabase()
  const stores = [postgresStore(url), postgresStore(url)] as const
  onTestFinished(async () => void (await Promise.all(stores.map((store) => store.close()))))
  const [first, second] = stores
  const heard: HeardCommands[] = []
  for (const store of stores) {
    await store.open('q')
    await store.listen('q', (wake) => void (wake.type === 'commands' && heard.push(wake.commands)))
  }
  const handIn = async (store: typeof first, sender: string): Promise<HandInAnswer> => {
    const answer = await store.deciding?.handIn('q', { sender, forMs: 60_000, commands: [command(sender)] })
    if (answer === undefined) throw new Error('no process can decide for others')
    return answer
  }
  await handIn(first, 'a')
  const deciderOf = async () => {
    const answer = await handIn(second, 'b')
    return answer.decides ? undefined : answer.decider
  }
  return { url, second, heard, deciderOf }
}

describe('the process that decides, in PostgreSQL', () => {
  it('is told of commands that fit into a notification', async () => {
    const { second, heard, deciderOf } = await decided()
    const decider = await deciderOf()
    if (decider === undefined) throw new Error('the process that decides can be told')
    const tell = (note: string) =>
      second.deciding?.tell?.('q', decider, { sender: 'b', commands: [command('one', note)], afterMs: 0 })
    expect(await tell('x'.repeat(8_000))).toBe(false)
    // Counted in bytes.
    expect(await tell('é'.repeat(3_900))).toBe(false)
    expect(await tell('x'.repeat(3_000))).toBe(true)
    await expect.poll(() => heard).toHaveLength(1)
  })

  it('is told of no commands where more than eight processes work: each notification wakes them all', async () => {
    const { url, deciderOf } = await decided()
    const sql = await connection(url)
    const beat = (n: number) => sql.query(`select job_queue_beat('q', 'w${n}', null, 1, '1', 30000, 30000)`)
    for (let n = 0; n < 8; n++) await beat(n)
    expect(await deciderOf()).toBeDefined()
    await beat(8)
    expect(await deciderOf()).toBeUndefined()
  })

  it('does not mind what others send to its channel', async () => {
    const { url, second, heard, deciderOf } = await decided()
    const decider = await deciderOf()
    if (decider === undefined) throw new Error('the process that decides can be told')
    const sql = await connection(url)
    for (const note of ['{', '{"queue":"q"}', '{"queue":"q","decider":"a","afterMs":0,"handed":[{}]}'])
      await sql.query('select pg_notify($1, $2)', [decider.to, note])
    await second.deciding?.tell?.('q', decider, { sender: 'b', commands: [command('good')], afterMs: 0 })
    await expect.poll(() => heard.flatMap(({ handed }) => handed)).toHaveLength(1)
  })
})
