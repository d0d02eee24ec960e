import { useSignal } from '@preact/signals'
import { findEntries, MICROS_PER_MS } from '../../../../../engine/core/index.ts'
import { count } from '../../../../../tools/format/index.ts'
import type { FoundJobsDocument } from '../../../api/many-documents.ts'
import type { Lever } from '../../../guard/grant.ts'
import { getJson, ofQueue } from '../../data/api.ts'
import { ask } from '../../data/levers.ts'
import { usePage } from '../../frame/context.ts'
import { go, route } from '../../frame/route.ts'
import { localText, momentText } from '../../frame/time.ts'
import { Copy } from '../../part/copy.tsx'
import { NumberField } from '../../part/lever-form.tsx'
import { type Load, Loaded, None, useLoad } from '../../part/load.tsx'
import { JobWithModels } from '../../part/names.tsx'
import { Panel } from '../../part/panel.tsx'
import { WindowedList } from '../../part/window.tsx'
import {
  addressOfQuery,
  filterOfQuery,
  type JobQuery,
  jobQueryOf,
  jobsCommandOf,
  queryNames,
} from './job-query.ts'
import { Schedules } from './schedules.tsx'

/** The most that the server lists. */
const MOST = 1_000

/** Jobs by what they are, and a change of all that were found; the schedules that make jobs. */
export function Jobs() {
  const { live } = usePage()
  const text = route.value.q ?? ''
  const query = jobQueryOf(text)
  const again = useSignal(0)
  const found = useFound(query, `${live.generation.value} ${text}`, again.value)
  const refresh = () => {
    again.value++
  }
  const aside = found.state === 'here' && found.value !== null ? count(found.value.total) : undefined
  return (
    <div class="grid">
      <Panel id="jobs" title="Jobs" wide aside={<span data-found={aside}>{aside}</span>}>
        <div class="row bar">
          <Search key={text} text={text} onSame={refresh} />
          <Copy name="command" text={jobsCommandOf(live.queue, query)} />
        </div>
        {query.unknown.length > 0 ? (
          <Unknown words={query.unknown} />
        ) : (
          <Changes query={query} onDone={refresh} />
        )}
        <Loaded of={found}>{(document) => (document === null ? null : <List {...document} />)}</Loaded>
      </Panel>
      <Panel id="schedules" title="Schedules" wide>
        <Schedules />
      </Panel>
    </div>
  )
}

/** Null: the search cannot be understood. A search reads what the queue has, so it is made only when somebody asks. */
function useFound(query: JobQuery, question: string, news: number): Load<FoundJobsDocument | null> {
  const { live } = usePage()
  return useLoad({
    question,
    news,
    look: async (signal) => {
      if (query.unknown.length > 0) return null
      const address = addressOfQuery(query)
      address.set('limit', String(MOST))
      return getJson<FoundJobsDocument>(`${ofQueue(live.queue, 'jobs')}?${address}`, signal)
    },
  })
}

function Search({ text, onSame }: { readonly text: string; readonly onSame: () => void }) {
  const typed = useSignal(text)
  return (
    <form
      class="row grow"
      onSubmit={(event) => {
        event.preventDefault()
        if (typed.value.trim() === text) onSame()
        else go({ q: typed.value.trim() })
      }}
    >
      <label class="grow">
        <span class="hidden">Search jobs</span>
        <input
          type="search"
          placeholder="state:dead model:flux-dev tag:import-7 payload.user.id=17 older:10m"
          value={typed.value}
          onInput={(event) => (typed.value = event.currentTarget.value)}
        />
      </label>
      <button type="submit">Find</button>
    </form>
  )
}

const Unknown = ({ words }: { readonly words: readonly string[] }) => (
  <p class="warn" role="alert" data-unknown>
    Not understood: {words.join(' ')}. Write {queryNames.map((name) => `${name}:`).join(', ')} or
    payload.field=value; a job by its id is found by the search at the top.
  </p>
)

/** What can be done with all jobs that the search names: each is shown first. */
function Changes({ query, onDone }: { readonly query: JobQuery; readonly onDone: () => void }) {
  const { me, live, shown } = usePage()
  const priority = useSignal('')
  if (!shown.isLive.value) return null
  const request = (lever: Lever, verb: string, change: Readonly<Record<string, unknown>>) =>
    void ask(live.queue, {
      lever,
      verb,
      change,
      filter: filterOfQuery(query),
      onDone,
    })
  const may = (lever: Lever) => me.levers.includes(lever)
  return (
    <div class="row bar" data-changes>
      {may('cancel') ? (
        <button type="button" onClick={() => request('cancel', 'Cancel', { do: 'cancel' })}>
          Cancel all…
        </button>
      ) : null}
      {may('retry') ? (
        <button type="button" onClick={() => request('retry', 'Retry', { do: 'retry' })}>
          Retry dead ones…
        </button>
      ) : null}
      {may('drop') ? (
        <button type="button" class="bad" onClick={() => request('drop', 'Delete', { do: 'delete' })}>
          Delete ended ones…
        </button>
      ) : null}
      {may('prioritize') ? (
        <form
          class="row"
          data-lever="prioritize"
          onSubmit={(event) => {
            event.preventDefault()
            request('prioritize', 'Move', { do: 'move', priority: Number(priority.value) })
          }}
        >
          <NumberField
            before="Priority"
            min={-1_000}
            max={1_000}
            required
            value={priority.value}
            onInput={(text) => (priority.value = text)}
          />
          <button type="submit">Move all…</button>
        </form>
      ) : null}
    </div>
  )
}

function List({ jobs, total, endedSince }: FoundJobsDocument) {
  return (
    <>
      {jobs.length === 0 ? <None>No job fits.</None> : null}
      <WindowedList
        label="The jobs"
        count={jobs.length}
        rowHeight={44}
        row={(index) => {
          const job = jobs[index]
          return job === undefined ? null : <Row key={`${job.jobId} ${job.state}`} {...job} />
        }}
      />
      {total > jobs.length ? (
        <p class="dim">
          The first {count(jobs.length)} of {count(total)}. Name more to see the others.
        </p>
      ) : null}
      {endedSince === null ? null : (
        <p class="dim">Jobs that have ended are found if they came after {timeText(endedSince)}.</p>
      )}
    </>
  )
}

const timeText = (iso: string): string => momentText(Date.parse(iso) * MICROS_PER_MS)

/** Its kind and its models have places of their own. Whose it is, comes last. */
const others = findEntries
  .toReversed()
  .flatMap(({ field }) => (field === 'kind' || field === 'models' ? [] : [field]))

function Row(job: FoundJobsDocument['jobs'][number]) {
  const { jobId, models, state, reason, kind, since } = job
  const says = localText(reason ?? '')
  const under = others.flatMap((name) => job[name] ?? []).join(' · ')
  return (
    <li data-job={jobId} data-state={state}>
      <JobWithModels id={jobId} models={models} />
      <span class="two">
        <span>{state}</span>
        <span class="under">{kind}</span>
      </span>
      <span class="reason" title={says}>
        {says}
      </span>
      <span class="two right dim">
        <span>{timeText(since)}</span>
        <span class="under">{under}</span>
      </span>
    </li>
  )
}
