import { outcomeOf, type RecordedEvent } from '../../../../core/index.ts'
import { plural } from '../../../../format/index.ts'
import { getJson, ofQueue } from '../../data/api.ts'
import { asked } from '../../data/levers.ts'
import { usePage } from '../../frame/context.ts'
import { momentText } from '../../frame/time.ts'
import { Failed, type Load, Loaded, useLoad } from '../../part/load.tsx'
import { errorText, type Letter } from '../dead/letters.ts'

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
  events,
  history,
  letter,
}: {
  /** What is loaded of it. */
  readonly events: readonly RecordedEvent[]
  readonly history: Load<null>
  readonly letter: Load<Letter | null>
}) {
  const { shown } = usePage()
  const end = endOf(events, shown.ledger.value.version)
  if (letter.state === 'here' && letter.value !== null) return <Died letter={letter.value} />
  if (end === null)
    return (
      <Loaded of={history}>
        {() => <Loaded of={letter}>{() => <NotLive hasCome={events.length > 0} />}</Loaded>}
      </Loaded>
    )
  return (
    <>
      <p class="sentence" data-why="ended">
        It is over: {outcomeOf(end)} {momentText(end.at)}.
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

/** @param hasCome the log says something of it, at another moment */
function NotLive({ hasCome }: { readonly hasCome: boolean }) {
  const { isLive } = usePage().shown
  return (
    <p class="sentence" data-why="not live">
      {!isLive.value && hasCome
        ? 'It was not live at this moment; the list below says when it was.'
        : 'It is not live, and the loaded events say nothing of how it ended.'}
    </p>
  )
}

/** The event that ended it, if it had ended by then. */
function endOf(events: readonly RecordedEvent[], upTo: number): RecordedEvent | null {
  const last = events.findLast(
    (event) => event.seq <= upTo && (event.type === 'queued' || outcomeOf(event) !== null),
  )
  return last === undefined || last.type === 'queued' ? null : last
}
