// Slow: six drivers and query builders, each with its own package.
/** `enqueueIn` in a transaction of each driver, on a real PostgreSQL: what is committed is submitted, and nothing else. */
import { describe, expect, it, onTestFinished } from 'vitest'
import { isInterlockError } from '../../../src/engine/core/index.ts'
import { enqueueIn } from '../../../src/engine/transaction/index.ts'
import { account } from '../../servers/intake/support.ts'
import { drivers } from './drivers.ts'

const job = (jobId: string) => ({ jobId, models: ['m?', "it's $1"], payload: { 'a?b': '$2 ?' } })

const failure = new Error('of the program')

describe.each(drivers)(
  'enqueueIn by fromPg, fromPostgresJs, fromDrizzle, fromKysely, fromKnex, fromPrisma: %s',
  (_, connect) => {
    it('commits, rolls back, and rolls back to a savepoint', async () => {
      const db = await account('create table orders (id text primary key)')
      const driver = await connect(db.url)
      onTestFinished(async () => void (await driver.close()))
      const both = async () =>
        (
          await db.query(
            'select o.id, s.job from orders o full join interlock.job_queue_submissions s on s.job_id = o.id order by 1',
          )
        ).map(({ id, job: submitted }) => [id, (submitted as { job_id: string } | null)?.job_id])

      await driver.transaction(async ({ sql, run }) => {
        await run("insert into orders values ('a')")
        const { jobs } = await enqueueIn(sql, [job('a')])
        expect(jobs).toEqual([{ jobId: 'a', state: 'submitted' }])
        expect(await both()).toEqual([])
      })
      expect(await both()).toEqual([['a', 'a']])
      expect((await db.query('select job from interlock.job_queue_submissions'))[0]?.['job']).toEqual({
        ...{ job_id: 'a', models: ['m?', "it's $1"], payload: { 'a?b': '$2 ?' } },
      })

      const undone = driver.transaction(async ({ sql, run }) => {
        await run("insert into orders values ('b')")
        await enqueueIn(sql, [job('b')])
        throw failure
      })
      await expect(undone).rejects.toBe(failure)

      await driver.transaction(async ({ sql, run, nested }) => {
        await run("insert into orders values ('c')")
        await enqueueIn(sql, [job('c')], { notify: false })
        const inner = nested(async (within) => {
          await within.run("insert into orders values ('d')")
          await enqueueIn(within.sql, [job('d')])
          throw failure
        })
        await expect(inner).rejects.toBe(failure)
        await nested(async (within) => {
          await within.run("insert into orders values ('e')")
          await enqueueIn(within.sql, [job('e')])
          // And one level deeper.
          await within.nested(async (deeper) => {
            await deeper.run("insert into orders values ('f')")
            await enqueueIn(deeper.sql, [job('f')])
          })
        })
      })
      expect(await both()).toEqual(['a', 'c', 'e', 'f'].map((id) => [id, id]))
    })

    it('is refused outside a transaction, and submits nothing', async () => {
      const db = await account()
      const driver = await connect(db.url)
      onTestFinished(async () => void (await driver.close()))
      await expect(enqueueIn(driver.outside(), [job('a')])).rejects.toMatchObject({
        code: 'invalid_input',
        message: expect.stringContaining('would commit outside your transaction; pass '),
      })
      expect(await db.query('select from interlock.job_queue_submissions')).toEqual([])
    })

    it('is told what Interlock refuses, and goes on from its savepoint', async () => {
      const db = await account()
      const driver = await connect(db.url)
      onTestFinished(async () => void (await driver.close()))
      await driver.transaction(({ sql }) => enqueueIn(sql, [job('a')]))
      await driver.transaction(async ({ sql, nested }) => {
        const other = nested(({ sql: inner }) => enqueueIn(inner, [{ ...job('a'), priority: 1 }]))
        await expect(other).rejects.toMatchObject({
          code: 'job_exists',
          message: expect.stringMatching(/^job a is submitted with another spec; wait/),
        })
        await enqueueIn(sql, [job('b')])
      })
      const missing = driver.transaction(({ sql }) => sql('select 1 from nowhere', []))
      await expect(missing).rejects.toSatisfy((error) => !isInterlockError(error))
      expect(
        (await db.query('select job_id from interlock.job_queue_submissions order by id')).map(
          (row) => row['job_id'],
        ),
      ).toEqual(['a', 'b'])
    })
  },
)
