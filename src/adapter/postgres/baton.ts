import type pg from 'pg'
import type { Ask } from './ask.ts'

/**
 * In a transaction of its own that writes nothing: the lock goes with the connection when this process dies, after a second
 * when it is paused, and a pooler in transaction mode keeps it where it belongs.
 */
const begin = `begin; set local lock_timeout = '2s'; set local idle_in_transaction_session_timeout = '1s'`
const take = 'select pg_advisory_xact_lock(hashtextextended($1, 0))'

/**
 * The baton of a store that several coordinators share. Who waits for it keeps a connection, and so does who has it, beside the
 * one that the work is done with: two stay free for that. Where no more may wait, the answer is null, as when it did not come free.
 */
export function batonOf(pool: pg.Pool, ask: Ask) {
  const most = (pool.options.max ?? 10) - 2
  let kept = 0
  return async (queue: string): Promise<(() => Promise<void>) | null> => {
    if (kept >= most) return null
    kept++
    const give = await takeBaton(pool, ask, queue).catch((error: unknown) => {
      kept--
      throw error
    })
    if (give === null) kept--
    return give && (() => give().finally(() => kept--))
  }
}

/**
 * Waits up to 2 s for the queue's baton; waiters get it in the order in which they came. Null when it did not come free.
 * What is returned gives it back, and never fails: a connection that is lost has given it back already.
 */
async function takeBaton(pool: pg.Pool, ask: Ask, queue: string): Promise<(() => Promise<void>) | null> {
  const client = await pool.connect()
  // The pool listens to idle connections only: one that is cut off while we hold it would end the process.
  const ignore = () => {}
  client.on('error', ignore)
  const end = async (how: 'commit' | 'rollback') => {
    const ended = await ask(client, how).then(
      () => true,
      () => false,
    )
    client.off('error', ignore)
    client.release(!ended)
  }
  // Sent together when the connection pipelines.
  const [began, taken] = await Promise.allSettled([
    ask(client, begin),
    ask(client, { text: take, values: [`interlock.baton:${queue}`] }),
  ])
  if (began.status === 'fulfilled' && taken.status === 'fulfilled') return () => end('commit')
  await end('rollback')
  const error: unknown = began.status === 'rejected' ? began.reason : (taken as PromiseRejectedResult).reason
  if ((error as { code?: unknown }).code === '55P03') return null
  throw error
}
