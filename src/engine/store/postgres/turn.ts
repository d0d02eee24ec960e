import type pg from 'pg'
import { InterlockError, isReadOnly } from '../../core/index.ts'
import type { Turn } from '../sql/index.ts'
import type { Ask } from './connections.ts'
import type { Called, Statements } from './statements.ts'

export interface TurnContext {
  readonly pool: pg.Pool
  readonly statements: Statements
  readonly ask: Ask
  /** Resolves when a commit that was answered counts. */
  readonly believe: (asked: string) => Promise<void>
  /**
   * Turns an error of the driver into one for the caller. An error that `decide` throws is the caller's own and stays unchanged.
   */
  readonly failure: (error: unknown) => InterlockError
}

/**
 * Runs `work` in a transaction that holds the queue's lock. The connection goes back to the pool only if it is known to be
 * outside a transaction. Otherwise it is destroyed, which frees the lock at once.
 */
export async function withTurn<Out>(context: TurnContext, work: (turn: Turn) => Promise<Out>): Promise<Out> {
  const { pool, ask, failure } = context
  const client = await pool.connect().catch((error) => Promise.reject(failure(error)))
  // The pool listens only to idle connections. If this one broke while we decide, it would end the process.
  const ignore = () => {}
  client.on('error', ignore)
  let failed = true
  try {
    const result = await work(turnOn(client, context))
    failed = false
    return result
  } catch (error) {
    // A server that takes no writes has to be left.
    failed = isReadOnly(error) || !(await rolledBack(client, ask))
    throw error
  } finally {
    client.off('error', ignore)
    client.release(failed)
  }
}

function turnOn(client: pg.PoolClient, { statements, ask, believe, failure }: TurnContext): Turn {
  return {
    begin: async (queue, since) => {
      const view = () => statements.call(client, 'job_queue_turn', { queue, since })
      return (await both(() => ask(client, 'begin'), view, failure))[1].answer
    },
    finish: async (name, args) => {
      const append = (): Promise<Called> => statements.call(client, name, args)
      const [{ answer, asked }, { command }] = await both(append, () => ask(client, 'commit'), failure)
      if (command !== 'COMMIT')
        throw new InterlockError('contention', 'the transaction was rolled back; try again')
      if (asked !== null) await believe(asked)
      return answer
    },
    giveUp: async () => {
      await ask(client, 'rollback').catch((error) => Promise.reject(failure(error)))
    },
  }
}

/** Both in order, sent together if the connection pipelines. If one fails, it still waits for the other. */
async function both<A, B>(
  first: () => Promise<A>,
  second: () => Promise<B>,
  failure: TurnContext['failure'],
): Promise<readonly [A, B]> {
  const [a, b] = await Promise.allSettled([first(), second()])
  if (a.status === 'rejected') throw failure(a.reason)
  if (b.status === 'rejected') throw failure(b.reason)
  return [a.value, b.value]
}

async function rolledBack(client: pg.PoolClient, ask: Ask): Promise<boolean> {
  return ask(client, 'rollback').then(
    () => true,
    () => false,
  )
}
