import { useSignal } from '@preact/signals'
import { findEntries, MICROS_PER_MS, type Micros } from '../../../../../engine/core/index.ts'
import { count } from '../../../../../tools/format/index.ts'
import type { FoundJobsDocument } from '../../../api/many-documents.ts'
import { getJson, ofQueue } from '../../data/api.ts'
import { usePage } from '../../frame/context.ts'
import { localText, momentText } from '../../frame/time.ts'
import { CancelButton, LetterButtons } from '../../part/lever-button.tsx'
import { JobWithModels } from '../../part/names.tsx'
import { Changes } from './changes.tsx'
import { Listed, usePages } from './pages.tsx'
import { addressOf, type Query } from './query.ts'

/** How many are read at a time. */
const PAGE = '1000'

/** Live jobs in line order, or those that the query names. The server reads the queue for it, so it asks only once. */
export function Jobs({ query }: { readonly query: Query }) {
  const { live } = usePage()
  const last = useSignal<FoundJobsDocument | null>(null)
  const pages = usePages({
    question: `${live.generation.value} ${addressOf(query)}`,
    page: async (from, signal) => {
      const address = addressOf(query)
      address.set('limit', PAGE)
      if (from !== null) address.set('from', from)
      const found = await getJson<FoundJobsDocument>(`${ofQueue(live.queue, 'jobs')}?${address}`, signal)
      last.value = found
      return { rows: found.jobs, next: found.next }
    },
  })
  const { total = 0, endedSince = null } = last.value ?? {}
  const isPart = total > pages.rows.length
  return (
    <>
      <Changes query={query} onDone={pages.again} />
      <Listed
        pages={pages}
        what="job"
        total={total}
        among={isPart ? `, of which these are the first ${count(pages.rows.length)}` : ''}
        none="No job fits."
        row={(job) => (
          <JobRow
            key={`${job.jobId} ${job.state}`}
            {...job}
            says={job.reason ?? ''}
            at={timeOf(job.since)}
            under={others.flatMap((name) => job[name] ?? []).join(' · ')}
            onDone={pages.again}
          />
        )}
      />
      {endedSince === null ? null : (
        <p class="dim">Jobs that have ended are found if they came after {momentText(timeOf(endedSince))}.</p>
      )}
    </>
  )
}

const timeOf = (iso: string): Micros => Date.parse(iso) * MICROS_PER_MS

/** Its kind and its models have places of their own. Whose it is, comes last. */
const others = findEntries
  .toReversed()
  .flatMap(({ field }) => (field === 'kind' || field === 'models' ? [] : [field]))

/** A job in its list, and what can be done about it. */
export function JobRow({
  jobId,
  models,
  state,
  kind,
  says,
  at,
  under,
  onDone,
}: Pick<FoundJobsDocument['jobs'][number], 'jobId' | 'models' | 'state' | 'kind'> & {
  /** What keeps it, or how it has ended. */
  readonly says: string
  /** Since when it stands there. */
  readonly at: Micros
  readonly under: string
  readonly onDone: () => void
}) {
  const text = localText(says)
  return (
    <li data-job={jobId} data-state={state}>
      <JobWithModels id={jobId} models={models} />
      <span class="two">
        <span>{state}</span>
        <span class="under">{kind}</span>
      </span>
      <span class="reason" title={text}>
        {text}
      </span>
      <span class="two right dim">
        <span>{momentText(at)}</span>
        <span class="under">{under}</span>
      </span>
      <span class="buttons">
        {state === 'dead' ? <LetterButtons jobId={jobId} onDone={onDone} /> : null}
        {state === 'waiting' || state === 'active' ? <CancelButton jobId={jobId} onDone={onDone} /> : null}
      </span>
    </li>
  )
}
