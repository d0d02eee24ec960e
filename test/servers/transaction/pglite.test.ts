/** A queue in a PGlite that the program has open: its transactions and the queue's are in one database. */
import { PGlite } from '@electric-sql/pglite'
import { expect, it } from 'vitest'
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { pgliteStore } from '../../../src/engine/store/pglite/index.ts'
import { enqueueIn, fromPg } from '../../../src/engine/transaction/index.ts'
import { createJobWorker } from '../../../src/engine/worker/index.ts'
import { verify } from '../../../src/tools/history/index.ts'
import { atEnd, eventually } from '../../support/this-test.ts'

const effectsOf = async (db: PGlite) =>
  (await db.query<{ job_id: string }>('select job_id from effects order by 1')).rows.map((row) => row.job_id)

it('a job is there with the commit of its order, and its end with the commit of its effect; and it stays open', async () => {
  const db = await PGlite.create('memory://')
  atEnd(() => db.close())
  await db.exec('create table orders (id text primary key); create table effects (job_id text)')
  const store = pgliteStore(db)
  const coordinator = await createCoordinator({ store, logger: silentLogger })
  const worker = createJobWorker({
    coordinator,
    handlers: {
      normal: ({ jobId }, { completeIn }) =>
        db.transaction(async (tx) => {
          await tx.query('insert into effects values ($1)', [jobId])
          await completeIn(fromPg(tx), { by: jobId })
        }),
    },
  })
  worker.start()
  for (const id of ['one', 'undone', 'two'])
    await db.transaction(async (tx) => {
      await tx.query('insert into orders values ($1)', [id])
      await enqueueIn(fromPg(tx), [{ jobId: id, models: ['m'] }])
      if (id === 'undone') await tx.rollback()
    })
  const ended = async () =>
    (await store.read('default', 0, 100)).events.flatMap((event) =>
      event.type === 'completed' ? event.jobId : [],
    )
  await eventually(ended).toEqual(['one', 'two'])
  expect(await effectsOf(db)).toEqual(['one', 'two'])
  expect(await verify({ store })).toMatchObject({ ok: true })
  await worker.drain()
  await coordinator.close()
  await store.close()
  expect(await effectsOf(db)).toEqual(['one', 'two'])
  await expect(store.read('default', 0, 1)).rejects.toMatchObject({ code: 'closed' })
})

it('is a PGlite of this process, or a folder', () => {
  const wrong = { query: async () => ({ rows: [] }) }
  expect(() => pgliteStore(wrong as never)).toThrowError(
    /database: must be a folder, or the PGlite that your program has open/,
  )
})
