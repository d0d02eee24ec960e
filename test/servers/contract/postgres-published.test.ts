import { describe, expect, it, onTestFinished } from 'vitest'
import type { PublicationMark } from '../../../src/engine/store/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { connection, migratedDatabase } from './support.ts'

const command = (id: string) => ({
  command: { id, hash: 1, workerId: 'w', body: { type: 'tick' as const } },
})

/** One process combines; another one has published a command. */
async function published() {
  const url = await migratedDatabase()
  const store = postgresStore(url)
  onTestFinished(() => store.close())
  const { combining } = store
  if (combining === undefined) throw new Error('the store combines')
  await store.open('q')
  const publish = (sender: string, id: string, seen: PublicationMark | null = null) =>
    combining.publish('q', { sender, waitMs: 60_000, seen, commands: [command(id)] })
  await publish('a', 'own')
  const first = await publish('b', 'left')
  if (first.combines) throw new Error('the first one combines')
  const sql = await connection(url)
  const waiting = async () => {
    const { published } = await combining.resign('q', { combiner: 'a', done: [], senders: [] })
    return published.map(({ command: { id } }) => id)
  }
  const giveUp = () =>
    sql.query("update interlock.job_queue_published set waits_until = clock_timestamp() - interval '1 ms'")
  return { publish, seen: first.seen, sql, waiting, giveUp, url, store }
}

describe('a published command (job_queue_publish, job_queue_published_in)', () => {
  it('is left alone once nobody waits for it any more, unless its sender publishes it again', async () => {
    const { publish, waiting, giveUp } = await published()
    await giveUp()
    const later = await publish('b', 'other', { election: 0, oldest: null })
    expect(later.combines).toBe(false)
    expect(await waiting()).toEqual(['other'])
    await publish('b', 'left', { election: 0, oldest: null })
    expect(await waiting()).toEqual(['left', 'other'])
  })

  it('is deleted by the next election once nobody waits for it', async () => {
    const { publish, sql, waiting, giveUp } = await published()
    await giveUp()
    await waiting()
    await publish('c', 'next')
    expect((await sql.query('select from interlock.job_queue_published')).rowCount).toBe(0)
  })

  it("is its sender's when that looks again and the connection of the combiner is gone", async () => {
    const { publish, seen, sql } = await published()
    // Somebody else's command is carried out: only the connection tells that the combiner is gone.
    const moved = { ...seen, oldest: -1 }
    expect((await publish('b', 'left', moved)).combines).toBe(false)
    const ended = await sql.query(
      'select pg_terminate_backend(c.backend, 10000) as ended from interlock.job_queue_combiners c',
    )
    expect(ended.rows).toEqual([{ ended: true }])
    // Who publishes for the first time does not ask: it costs nothing more.
    expect((await publish('c', 'new')).combines).toBe(false)
    const answer = await publish('b', 'left', moved)
    const others = answer.combines ? answer.published.map(({ command: { id } }) => id) : []
    expect(others).toEqual(['new'])
  })

  it('comes with the answer of job_queue_append_for only where that has appended', async () => {
    const { sql } = await published()
    const call = `select job_queue_append_for('q', 7, '[{"seq": 8}]', '{"state": {}}', '{"combiner": "a"}') as answer`
    const { answer } = (await sql.query(call)).rows[0]
    expect(answer).toMatchObject({ ok: false, reason: 'version', version: 0, combines: true })
    expect(answer).not.toHaveProperty('published')
  })

  it('waits for no lock of an append that deletes it, and makes none wait', async () => {
    const { publish, sql, url } = await published()
    await publish('b', 'more')
    // An append that has deleted one of them, and has not committed: it still has the other to delete.
    await sql.query("begin; delete from interlock.job_queue_published where command_id = 'more'")
    const again = { election: 0, oldest: null }
    await publish('b', 'more', again)
    await publish('b', 'left', again)
    await sql.query("delete from interlock.job_queue_published where command_id = 'left'; commit")
    const other = await connection(url)
    expect((await other.query('select from interlock.job_queue_published')).rowCount).toBe(0)
  })

  it('is of no harm where it is out of bounds, or on the channel of a process', async () => {
    const { sql, store, publish } = await published()
    for (const wait of ['null', '0', '86400001'])
      await expect(
        sql.query(`select job_queue_publish('q', 'x', ${wait}, null, '[{"command": {"id": "y"}}]')`),
      ).rejects.toMatchObject({ code: 'JQ001' })
    const heard: string[] = []
    await store.listen('q', (wake) => void heard.push(wake.type))
    const { rows } = await sql.query(
      "select command ->> 'answerTo' as channel from interlock.job_queue_published limit 1",
    )
    await publish('b', 'listening')
    const addressed = await sql.query(
      "select command ->> 'answerTo' as channel from interlock.job_queue_published where command ? 'answerTo' limit 1",
    )
    expect(rows).toEqual([{ channel: null }])
    for (const note of ['{', '1 [', '1 [[{"commandId":"c"}],[]]', 'x [[],[]]'])
      await sql.query('select pg_notify($1, $2)', [addressed.rows[0].channel, note])
    const note = '3 [[{"commandId":"c","result":{"ok":true,"changed":true,"started":[]}}],[]]'
    await sql.query('select pg_notify($1, $2)', [addressed.rows[0].channel, note])
    await expect.poll(() => heard.filter((type) => type === 'answers')).toHaveLength(1)
  })
})
