import { describe, expect, it, onTestFinished } from 'vitest'
import { postgresStore } from '../../src/adapter/postgres/index.ts'
import { connection, migratedDatabase } from './support.ts'

const command = (id: string) => ({
  command: { id, hash: 1, workerId: 'w', body: { type: 'tick' as const } },
})

/** One process decides; another one has handed a command in, so long ago. */
async function handedIn(ago: string) {
  const url = await migratedDatabase()
  const store = postgresStore(url)
  onTestFinished(() => store.close())
  const { deciding } = store
  if (deciding === undefined) throw new Error('no process can decide for others')
  await store.open('q')
  await deciding.handIn('q', { sender: 'a', forMs: 60_000, commands: [command('own')] })
  await deciding.handIn('q', { sender: 'b', forMs: 60_000, commands: [command('left')] })
  const sql = await connection(url)
  await sql.query(`update job_queue_handed_in set handed_at = handed_at - interval '${ago}'`)
  const pickUp = async (resigns = false) => {
    const options = { decider: 'a', forMs: 60_000, done: [], senders: [], resigns }
    const { handed } = await deciding.pickUp('q', options)
    return handed.map(({ command: { id } }) => id)
  }
  return { deciding, sql, pickUp }
}

describe('a command that was handed in (job_queue_hand_in, job_queue_handed)', () => {
  it('is left alone after 10 s, unless its sender hands it in again', async () => {
    const { deciding, pickUp } = await handedIn('11 s')
    expect(await pickUp()).toEqual([])
    await deciding.handIn('q', { sender: 'b', forMs: 60_000, commands: [command('left')] })
    expect(await pickUp()).toEqual(['left'])
  })

  it('is deleted after a minute by the next process that decides', async () => {
    const { deciding, sql, pickUp } = await handedIn('61 s')
    await pickUp(true)
    await deciding.handIn('q', { sender: 'c', forMs: 60_000, commands: [command('next')] })
    expect((await sql.query('select from job_queue_handed_in')).rowCount).toBe(0)
  })

  it("is its sender's again when that hands it in once more and the connection of the process that decides is gone", async () => {
    const { deciding, sql } = await handedIn('0 s')
    const again = { sender: 'b', forMs: 60_000, commands: [command('left')] }
    expect((await deciding.handIn('q', again)).decides).toBe(false)
    const ended = await sql.query(
      'select pg_terminate_backend(d.backend, 10000) as ended from job_queue_deciders d',
    )
    expect(ended.rows).toEqual([{ ended: true }])
    // A command that is handed in for the first time does not ask: it costs nothing more.
    const other = await deciding.handIn('q', { ...again, sender: 'c', commands: [command('new')] })
    expect(other.decides).toBe(false)
    const answer = await deciding.handIn('q', again)
    const handed = answer.decides ? answer.handed.map(({ command: { id } }) => id) : []
    expect(handed).toEqual(['left', 'new'])
  })

  it("is its sender's too when the process that was told of it is gone", async () => {
    const { deciding, sql } = await handedIn('0 s')
    await sql.query('select pg_terminate_backend(d.backend, 10000) from job_queue_deciders d')
    const told = { sender: 'c', forMs: 60_000, commands: [command('told')], isAgain: true }
    expect((await deciding.handIn('q', told)).decides).toBe(true)
  })

  it('comes with the answer of job_queue_append_for, which older releases call, only where that has appended', async () => {
    const { sql } = await handedIn('0 s')
    const call = `select job_queue_append_for('q', 7, '[{"seq": 8}]', '{"state": {}}', '{}', '{}') as answer`
    const { answer } = (await sql.query(call)).rows[0]
    expect(answer).toMatchObject({ ok: false, reason: 'version', version: 0 })
    expect(answer).not.toHaveProperty('handed')
  })
})
