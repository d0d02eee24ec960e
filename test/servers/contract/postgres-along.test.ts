/** What goes along with an append (job_queue_append_along): rows of `jobs`, and their status. Whatever the user does with them, the append is made. */
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Coordinator, createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import type { AppendAnswer, LogStore } from '../../../src/engine/store/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { connection, migratedDatabase } from './support.ts'

type Answer = AppendAnswer & { readonly ok: true }
const claim = { max: 1, kinds: null }

/** A store whose appends bring rows, and with which a step of the outer projection goes along. It makes no other step. */
function along(store: LogStore, answers: Answer[]): LogStore {
  return {
    ...store,
    append: async (request) => {
      const rows = request.events.flatMap((event) => (event.type === 'started' ? [event.jobId] : []))
      const answer = await store.append({ ...request, rows, project: 100 })
      if (answer.ok) answers.push(answer)
      return answer
    },
    // Or it would read the rows beside the append.
    data: async () => [],
    project: async () => ({ projectedSeq: 0, version: 0, written: 0, setAside: 0, busy: false, targets: 0 }),
  }
}

/** A row that waits in line, and what the append said that starts its job. */
async function waiting() {
  const url = await migratedDatabase()
  const sql = await connection(url)
  const answers: Answer[] = []
  const store = postgresStore(url)
  const coordinator: Coordinator = await createCoordinator({
    ...{ store: along(store, answers), logger: silentLogger, pollMs: 3_600_000 },
  })
  onTestFinished(async () => {
    await coordinator.close()
    await store.close()
  })
  await sql.query("insert into jobs (job_id, model) values ('j', 'm')")
  await coordinator.takeIn({ max: 10 })
  const started = async () => {
    const [one] = await coordinator.claim(claim)
    if (one === undefined) throw new Error('the job starts')
    const answer = answers.at(-1)
    return { lease: one.lease, rows: answer?.data?.map(({ row }) => row), step: answer?.projected }
  }
  const status = async () => (await sql.query("select status from jobs where job_id = 'j'")).rows[0]?.status
  return { url, sql, coordinator, started, status }
}

describe('an append that starts the job of a row (job_queue_append_along)', () => {
  it('brings the row, and the status of the row is that of the job when it is answered', async () => {
    const { coordinator, started, status } = await waiting()
    expect(await status()).toBe('pending')
    const { lease, rows, step } = await started()
    expect(rows).toEqual([expect.objectContaining({ job_id: 'j', model: 'm', status: 'pending' })])
    expect(step).toMatchObject({ written: 1, setAside: 0, busy: false, tookMs: expect.any(Number) })
    expect(step?.projectedSeq).toBe(step?.version)
    expect(await status()).toBe('running')
    await coordinator.complete(lease)
    expect(await status()).toBe('completed')
  })

  it('waits for nobody who has locked the table', async () => {
    const { url, started } = await waiting()
    const locker = await connection(url)
    await locker.query('begin; lock table jobs in access exclusive mode')
    const { rows, step } = await started()
    expect(rows).toEqual([])
    expect(step).toMatchObject({ busy: true })
    await locker.query('rollback')
  })

  it('waits for nobody who has changed the row', async () => {
    const { url, started } = await waiting()
    const writer = await connection(url)
    await writer.query("begin; update jobs set model = 'other' where job_id = 'j'")
    const { rows, step } = await started()
    expect(rows).toEqual([expect.objectContaining({ model: 'm' })])
    expect(step).toMatchObject({ written: 0, setAside: 1 })
    await writer.query('rollback')
  })

  it('is made where a trigger of the user refuses the row', async () => {
    const { sql, started } = await waiting()
    await sql.query(`create function refuse() returns trigger language plpgsql as $$ begin raise 'no'; end $$;
      create trigger refuse before update on jobs for each row execute function refuse()`)
    expect((await started()).step).toMatchObject({ setAside: 1, refused: [{ sqlstate: 'P0001' }] })
  })

  it('is made, without the step, where a deferred constraint of the user refuses the row', async () => {
    const { sql, started, status } = await waiting()
    await sql.query(`create function refuse() returns trigger language plpgsql as $$ begin raise 'no'; end $$;
      create constraint trigger refuse after update on jobs deferrable initially deferred
        for each row execute function refuse()`)
    const { rows, step } = await started()
    expect([rows?.length, step]).toEqual([1, undefined])
    expect(await status()).toBe('pending')
  })

  it('brings no row of more than 256 KB', async () => {
    const { sql, started } = await waiting()
    await sql.query("alter table jobs add column note text; update jobs set note = repeat('x', 300000)")
    expect((await started()).rows).toEqual([])
  })
})
