import { describe, expect, it } from 'vitest'
import { migrate } from '../../../src/engine/migrate/index.ts'
import { account } from './support.ts'

const traceparent = `00-${'0af7'.repeat(8)}-b7ad6b7169203331-01`
const table = `create table jobs (job_id text primary key, status text default 'pending', model text,
  traceparent text, tracestate text, parent text)`

async function traceOf(db: Awaited<ReturnType<typeof account>>, column: string, value: string) {
  await db.query(
    `insert into jobs (job_id, model, ${column}, tracestate) values ('a', 'm', $1, 'vendor=1')`,
    [value],
  )
  const coordinator = await db.coordinator()
  expect(await coordinator.takeIn({ max: 10 })).toBe(1)
  const [started] = await coordinator.claim({ max: 1, kinds: null })
  const data = started && (await coordinator.dataOf(started.lease))
  return { coordinator, started, trace: data?.trace }
}

describe('the trace of a job that is a row of `jobs`', () => {
  it('is what its columns say, and goes on with its attempts', async () => {
    const db = await account(table)
    const { coordinator, started, trace } = await traceOf(db, 'traceparent', traceparent)
    expect(trace).toEqual({ traceparent, tracestate: 'vendor=1' })
    const last = traceparent.replace('b7ad', 'aaaa')
    if (started) await coordinator.fail(started.lease, { trace: { ...trace, last } })
    expect((await coordinator.data(['a']))[0]?.trace).toEqual({ ...trace, last })
    expect(await db.query("select 1 from job_queue_log l where l::text like '%0af70af7%'")).toEqual([])
  })

  it('is found under another name', async () => {
    const db = await account(table)
    await migrate(db, { columns: { jobs: { traceparent: 'parent' } } })
    expect((await traceOf(db, 'parent', traceparent)).trace).toEqual({ traceparent, tracestate: 'vendor=1' })
  })

  it('is none where the text is no trace context: the jobs are taken in all the same', async () => {
    const db = await account(table)
    const no = [
      "'; drop table jobs; --",
      traceparent.toUpperCase(),
      `${traceparent}-more`,
      `ff${traceparent.slice(2)}`,
      `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
      `00-${'0af7'.repeat(8)}-${'0'.repeat(16)}-01`,
    ]
    for (const [n, value] of no.entries())
      await db.query('insert into jobs (job_id, model, traceparent) values ($1, $1, $2)', [`j${n}`, value])
    const coordinator = await db.coordinator()
    expect(await coordinator.takeIn({ max: 10 })).toBe(no.length)
    const kept = await coordinator.data(no.map((_, n) => `j${n}`))
    expect(kept.map((data) => data?.trace)).toEqual(no.map(() => null))
  })
})
