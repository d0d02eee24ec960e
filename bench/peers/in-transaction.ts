import knex, { type Knex } from 'knex'
import { measureEnqueue } from './enqueue-rate.ts'
import type { Session, Setting } from './peer.ts'
import type { EnqueueOrder } from './process.ts'

/** A transaction of the program, by the query builder that all of them work with. */
export type Transaction = Knex.Transaction

/** Transactions per second, each with a row of the program's own and one job, so many of them at once. */
export async function measureInTransaction(
  session: Session,
  { url }: Setting,
  order: EnqueueOrder,
): Promise<number> {
  const { enqueueIn } = session
  if (enqueueIn === undefined) throw new Error('it enqueues in no transaction of the program')
  const db = knex({ client: 'pg', connection: url, pool: { min: order.atOnce, max: order.atOnce } })
  try {
    await db.schema.createTable('orders', (table) => table.bigInteger('n').primary())
    const buy = (n: number) =>
      db.transaction(async (transaction) => {
        await transaction('orders').insert({ n })
        await enqueueIn(transaction, { n, key: null })
      })
    const enqueue: Session['enqueue'] = (tasks) => Promise.all(tasks.map(({ n }) => buy(n)))
    return await measureEnqueue({ enqueue }, order)
  } finally {
    await db.destroy()
  }
}
