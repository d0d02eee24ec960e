/**
 * Jobs in the transaction that your program has open (`interlock-queue/transaction`): what goes with its commit goes with its rollback.
 * All that is asked of you is to run one statement; for the usual drivers there is a function for that.
 * @example
 * import { enqueueIn, fromPg } from 'interlock-queue/transaction'
 *
 * await client.query('begin')
 * const sql = fromPg(client) // fromPostgresJs, fromDrizzle, fromKysely, fromKnex, fromPrisma
 * await enqueueIn(sql, [{ jobId: 'order-1', models: ['flux-dev'], payload: { prompt: 'a fox' } }])
 * await client.query('commit')
 * @module
 */
export type { EnqueueInput } from '../events/index.ts'
export { type EnqueueInOptions, enqueueIn, type Submission, type SubmittedIn } from './enqueue-in.ts'
export {
  type DrizzleTransaction,
  fromDrizzle,
  fromKnex,
  fromKysely,
  fromPg,
  fromPostgresJs,
  fromPrisma,
  type KnexTransaction,
  type KyselyTransaction,
  type PgTransaction,
  type PostgresJsTransaction,
  type PrismaTransaction,
  type TransactionRow,
  type TransactionSql,
} from './transaction-sql.ts'
