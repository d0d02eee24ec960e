import {
  explainLive,
  InterlockError,
  isNext,
  jobOf,
  type OnceRecord,
  type Outset,
  onceRecordOf,
  startsIn,
} from '../core/index.ts'
import {
  checkKinds,
  type EnqueueInput,
  enqueueBody,
  jobsGiven,
  type KnownKinds,
  type ParsedJob,
  parseJobs,
} from '../events/index.ts'
import type { AppendRole, SubmissionRole } from '../store/index.ts'
import type { Quote } from './api/calls.ts'
import { type Preview, previewed } from './commit/preview.ts'
import type { Forecaster } from './forecaster.ts'

/** A queue at one version. */
export interface Asked extends Outset {
  readonly preview: Preview
}

export interface QuoteSources {
  readonly queue: string
  readonly store: Pick<AppendRole, 'endings'> & Pick<SubmissionRole, 'ofJob'>
  readonly look: () => Promise<Asked>
  readonly forecaster: Forecaster
  readonly contract?: KnownKinds | undefined
}

/** What would come of a job if it was put in line now: decided as by `enqueue`, and appended nowhere. @throws what `enqueue` throws */
export async function quoteOf(sources: QuoteSources, job: EnqueueInput): Promise<Quote> {
  const { jobs } = jobsGiven([job], sources)
  await checkKinds(sources.contract, jobs)
  const [parsed] = parseJobs(jobs)
  if (parsed === undefined) throw new RangeError('one job is parsed into one')
  const { jobId } = parsed.spec
  const once = await takenBy(sources, parsed)
  const asked = await sources.look()
  const { ledger, results, events } = await previewed(sources, asked.preview, enqueueBody([parsed]), once)
  const [result] = results
  if (result?.ok === false) throw new InterlockError(result.code, result.message)
  const standsFor = result?.doubles?.[0]?.standsFor
  const itsId = standsFor ?? jobId
  const then = { ...asked, ledger }
  const explanation = explainLive(then, itsId) ?? null
  const waits = explanation?.state === 'waiting'
  const range = waits ? await sources.forecaster.startIn(then, itsId) : null
  return {
    jobId,
    version: ledger.version - events.length,
    isNew: standsFor === undefined && result?.known?.includes(jobId) !== true,
    ...(standsFor === undefined ? undefined : { standsFor }),
    isStartable: waits && jobOf(ledger, itsId)?.offeredAt !== null,
    explanation,
    ...startsIn(range, explanation !== null && isNext(asked, explanation)),
  }
}

/** The job that was enqueued `once` under this id, as far as its events are in the log: only the append knows others. */
async function takenBy(
  { store, queue }: QuoteSources,
  { spec }: ParsedJob,
): Promise<ReadonlyMap<string, OnceRecord>> {
  if (spec.once === undefined) return new Map()
  const { events } = await store.ofJob(queue, spec.jobId)
  const records = events.flatMap((event) => onceRecordOf(event) ?? [])
  return new Map(records.map((record) => [record.jobId, record]))
}
