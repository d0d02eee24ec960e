import knex from 'knex'
import { clock } from './clock.ts'
import { measureEnqueue } from './enqueue-rate.ts'
import type { Session, Setting } from './peer.ts'
import type { EnqueueOrder } from './process.ts'

/** Transactions per second, each with a row of the program's own and one job, so many of them at once. */
export function measureInTransaction(
  session: Session,
  { url }: Setting,
  order: EnqueueOrder,
): Promise<number> {
  return withTransactions(session, url, order.atOnce, (buy) => {
    const enqueue: Session['enqueue'] = (tasks) => Promise.all(tasks.map(({ n }) => buy(n)))
    return measureEnqueue({ enqueue }, order)
  })
}

/**
 * A program that has its own row and a job in each of its transactions.
 *
 * @param work gets what makes one, and answers when that began to commit
 */
export async function withTransactions<Out>(
  session: Session,
  url: string,
  atOnce: number,
  work: (buy: (n: number) => Promise<number>) => Promise<Out>,
): Promise<Out> {
  const { enqueueIn } = session
  if (enqueueIn === undefined) throw new Error('it enqueues in no transaction of the program')
  const db = knex({ client: 'pg', connection: url, pool: { min: atOnce, max: atOnce } })
  try {
    await db.schema.createTable('orders', (table) => table.bigInteger('n').primary())
    return await work((n) =>
      db.transaction(async (transaction) => {
        await transaction('orders').insert({ n })
        await enqueueIn(transaction, { n, key: null })
        return clock()
      }),
    )
  } finally {
    await db.destroy()
  }
}
