import { type Explanation, outcomeOf, type RecordedEvent } from '../../../../../engine/core/index.ts'
import { plural } from '../../../../../tools/format/index.ts'
import { ApiError, getJson, ofQueue } from '../../data/api.ts'
import { errorText, type Letter } from '../../data/letters.ts'
import { asked } from '../../data/levers.ts'
import { usePage } from '../../frame/context.ts'
import { localText, momentText } from '../../frame/time.ts'
import { CancelButton } from '../../part/lever-button.tsx'
import { Failed, type Load, Loaded, useLoad } from '../../part/load.tsx'

/** What is kept of a job that has failed for good; null: nothing, or it is live. */
export function useLetter(jobId: string, isLive: boolean): Load<Letter | null> {
  const { live, shown } = usePage()
  const isAsked = !isLive && shown.isLive.value
  // A letter that was dropped or retried from here is gone when that was done.
  const isDone = asked.value?.step === 'done'
  return useLoad({
    question: `${jobId} ${isAsked}`,
    news: isDone,
    look: async () => {
      if (!isAsked) return null
      const query = new URLSearchParams({ jobs: jobId, limit: '1' })
      const { jobs } = await getJson<{ readonly jobs: readonly Letter[] }>(
        `${ofQueue(live.queue, 'dead')}?${query}`,
      )
      return jobs[0] ?? null
    },
  })
}

/** How a job that is not live has ended, as far as that is known here. */
export function Ended({
  jobId,
  events,
  history,
  letter,
}: {
  readonly jobId: string
  /** What is known of it. */
  readonly events: readonly RecordedEvent[]
  readonly history: Load<unknown>
  readonly letter: Load<Letter | null>
}) {
  const { shown } = usePage()
  const end = endOf(events, shown.ledger.value.version)
  if (letter.state === 'here' && letter.value !== null) return <Died letter={letter.value} />
  if (end === null)
    return (
      <Loaded of={history}>
        {() => <Loaded of={letter}>{() => <NotLive jobId={jobId} hasCome={events.length > 0} />}</Loaded>}
      </Loaded>
    )
  return (
    <>
      <p class="sentence" data-why="ended">
        It has ended: {outcomeOf(end)} {momentText(end.at)}.
      </p>
      {letter.state === 'failed' ? <Failed {...letter} /> : null}
    </>
  )
}

const Died = ({ letter }: { readonly letter: Letter }) => (
  <p class="sentence" data-why="dead">
    It failed for good {momentText(letter.at)}, after {plural(letter.attempts, 'attempt')}:{' '}
    {errorText(letter)}.
  </p>
)

interface NotLiveProps {
  readonly jobId: string
  /** The log says something of it, at another moment. */
  readonly hasCome: boolean
}

/** What the server knows of a job that this page does not: that it was submitted, refused, or ended long ago. */
function NotLive({ jobId, hasCome }: NotLiveProps) {
  const { live, shown } = usePage()
  const { isLive } = shown
  const explanation = useLoad({
    question: `${jobId} ${isLive.value}`,
    look: () => (isLive.value ? explanationOf(live.queue, jobId) : Promise.resolve(null)),
  })
  return (
    <Loaded of={explanation}>
      {(value) => (value === null ? <Unknown hasCome={hasCome} /> : <Explained jobId={jobId} {...value} />)}
    </Loaded>
  )
}

const Explained = ({ jobId, state, code, reason, whatHasToHappen }: NotLiveJob) => (
  <p class="sentence" data-why={code ?? state}>
    {state}: {localText(reason)}. What has to happen: {localText(whatHasToHappen)}.{' '}
    {state === 'submitted' && code !== 'arrived' ? <CancelButton jobId={jobId} /> : null}
  </p>
)

type NotLiveJob = JobAnswer['explanation'] & { readonly jobId: string }

function Unknown({ hasCome }: Pick<NotLiveProps, 'hasCome'>) {
  const { isLive } = usePage().shown
  return (
    <p class="sentence" data-why="not live">
      {!isLive.value && hasCome
        ? 'It was not live at this moment; the list below says when it was.'
        : isLive.value
          ? 'The queue has never heard of it; compare the id.'
          : 'No event up to this moment names it.'}
    </p>
  )
}

/** Null: the queue has never heard of it. */
async function explanationOf(queue: string, jobId: string) {
  try {
    return (await getJson<JobAnswer>(ofQueue(queue, 'jobs', jobId))).explanation
  } catch (error) {
    if (error instanceof ApiError && error.code === 'job_not_live') return null
    throw error
  }
}

interface JobAnswer {
  readonly explanation: Pick<Explanation, 'state' | 'code' | 'reason' | 'whatHasToHappen'>
}

/** The event that ended it, if it had ended by then. */
function endOf(events: readonly RecordedEvent[], upTo: number): RecordedEvent | null {
  const last = events.findLast(
    (event) => event.seq <= upTo && (event.type === 'queued' || outcomeOf(event) !== null),
  )
  return last === undefined || last.type === 'queued' ? null : last
}
