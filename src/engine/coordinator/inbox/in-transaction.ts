import type { AnyKinds, JobsIn, KnownKinds } from '../../events/index.ts'
import { enqueueIn, type TransactionSql } from '../../transaction/index.ts'
import type { Enqueued, EnqueueOptions } from '../api/calls.ts'

interface Inside extends Pick<EnqueueOptions, 'requestId' | 'notify'> {
  readonly queue: string
  readonly contract: KnownKinds | undefined
  readonly schema: string | undefined
}

/** Submits jobs in a transaction of the caller's, and answers as for those that come into line. */
export async function enqueueInside(
  sql: TransactionSql,
  given: JobsIn<AnyKinds>,
  options: Inside,
): Promise<Enqueued> {
  const { jobId, ids, jobs } = await enqueueIn(sql, given, options)
  const known = jobs.flatMap((job) => (job.state === 'known' ? [job.jobId] : []))
  const queued = jobs.length - known.length
  return { jobId, ids, queued, known, waiting: [], jobs: jobs.map((job) => ({ jobId: job.jobId })) }
}
