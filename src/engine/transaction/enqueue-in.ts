import { InterlockError } from '../core/index.ts'
import {
  checkKinds,
  contractSchema,
  flagSchema,
  functionSchema,
  installationSchema,
  type JobsIn,
  jobIdSchema,
  jobsGiven,
  type KindsOf,
  type KnownKinds,
  optionsSchema,
  parseInput,
  parseJobs,
  queueSchema,
} from '../events/index.ts'
import { inSchema } from '../store/index.ts'
import { failureOf } from './failure.ts'
import type { TransactionSql } from './transaction-sql.ts'

export interface EnqueueInOptions {
  /** @defaultValue `default` */
  readonly queue?: string | undefined
  /**
   * False: no NOTIFY. The jobs then start within a poll, and your commits do not wait for each other: at some 1,000 commits a second, a
   * server spends its time on the lock that NOTIFY takes.
   * @defaultValue true
   */
  readonly notify?: boolean | undefined
  /**
   * 1 to 190 characters. Give one to repeat the call when you do not know whether your transaction was committed: for a day, the same id
   * with the same jobs does nothing again, also when they have ended.
   * @defaultValue a new one
   */
  readonly requestId?: string | undefined
  /** What the kinds of the queue are given and come to: `defineQueue`. @defaultValue none: any kind, any JSON */
  readonly contract?: KnownKinds | undefined
  /** The schema that the installation has for itself, as `postgresStore` takes it. @defaultValue what is in `public` and in `interlock` */
  readonly schema?: string | undefined
}

/** A job that is committed with your transaction. `known`: it was in line before, with the same body. */
export interface SubmittedIn {
  readonly jobId: string
  readonly state: 'submitted' | 'known'
}

/** What your transaction has submitted, once it is committed. */
export interface Submission {
  /** For `job_queue_answer`, which says when all are in line. */
  readonly requestId: string
  /** The id of the job, or of the first one; an empty text for an empty list. */
  readonly jobId: string
  /** The ids of those that have a `ref`. */
  readonly ids: Readonly<Record<string, string>>
  /** Each id once, in the order given. */
  readonly jobs: readonly SubmittedIn[]
}

const text =
  'select public.job_queue_enqueue_in($1::text::jsonb, $2::text, $3::text, $4::text::boolean)::text as answer'

/**
 * Puts jobs in line in your own transaction, all or none, by one statement. They are rolled back with it or with your savepoint. Once you
 * have committed, they are in line or `submitted`: nobody refuses them any more, whether a process is alive or not.
 *
 * @param sql runs a statement in your transaction: `fromPg(client)` and its like
 * @param jobs as for `coordinator.enqueue`, one or a list; 8 MB in all
 * @throws InterlockError `invalid_input`; `job_exists` when an id is submitted or live with another body, or was enqueued `once` with one;
 *   `not_migrated`; and what your driver throws, as it is
 * @example
 * await db.transaction(async (tx) => {
 *   await tx.insert(orders).values({ id: 'order-1' })
 *   await enqueueIn(fromDrizzle(tx), [{ jobId: 'order-1', models: ['flux-dev'] }])
 * })
 */
export async function enqueueIn<Contract = undefined>(
  sql: TransactionSql,
  jobs: JobsIn<KindsOf<Contract>>,
  options: EnqueueInOptions & { readonly contract?: Contract } = {},
): Promise<Submission> {
  parseInput(functionSchema, sql, 'sql')
  const {
    queue = 'default',
    requestId,
    notify = true,
    contract,
    schema,
  } = parseInput(optionFields(), options, 'options')
  const { jobs: whole, ids } = jobsGiven(jobs, { contract, requestId })
  await checkKinds(contract, whole)
  parseJobs(whole)
  const [row] = await rowsBy(sql, schema, [
    ...[JSON.stringify([...whole]), queue, requestId ?? null, String(notify)],
  ])
  const [{ jobId } = { jobId: '' }] = whole
  return { jobId, ids, ...submissionOf(row?.['answer']) }
}

const optionFields = () =>
  optionsSchema({
    queue: queueSchema.optional(),
    requestId: jobIdSchema.max(190, 'must have at most 190 characters').optional(),
    notify: flagSchema.optional(),
    contract: contractSchema,
    schema: installationSchema.optional(),
  })

async function rowsBy(sql: TransactionSql, schema: string | undefined, values: readonly (string | null)[]) {
  try {
    return await sql(inSchema(text, schema), values)
  } catch (error) {
    throw failureOf(error, schema)
  }
}

function submissionOf(answer: unknown): Pick<Submission, 'requestId' | 'jobs'> {
  if (typeof answer !== 'string')
    throw new InterlockError('invalid_input', 'sql: must return the rows of the statement', { path: 'sql' })
  const { request_id: requestId, jobs } = JSON.parse(answer)
  const submitted = (jobs as readonly { job_id: string; state: SubmittedIn['state'] }[]).map(
    ({ job_id: jobId, state }) => ({ jobId, state }),
  )
  return { requestId, jobs: submitted }
}
