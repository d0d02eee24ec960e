import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { outcomeOf } from '../../../../core/index.ts'
import { plural } from '../../../../format/index.ts'
import { getJson, ofQueue } from '../../data/api.ts'
import { asked } from '../../data/levers.ts'
import type { LiveQueue } from '../../data/live.ts'
import { usePage } from '../../frame/context.ts'
import { momentText } from '../../frame/time.ts'
import { errorText, type Letter } from '../dead/letters.ts'

/** What is kept of a job that has failed for good; null: nothing, or it is live. */
export function useLetter(jobId: string, isLive: boolean): Letter | null {
  const { live, shown } = usePage()
  const found = useSignal<Letter | null>(null)
  const isAsked = !isLive && shown.isLive.value
  // A letter that was dropped or retried from here is gone when that was done.
  const { step } = asked.value ?? {}
  useEffect(() => {
    if (!isAsked) {
      found.value = null
      return
    }
    let isOver = false
    getJson<{ readonly jobs: readonly Letter[] }>(
      `${ofQueue(live.queue, 'dead')}?${new URLSearchParams({ jobs: jobId, limit: '1' })}`,
    ).then(
      ({ jobs }) => {
        if (!isOver) found.value = jobs[0] ?? null
      },
      () => {},
    )
    return () => {
      isOver = true
    }
  }, [jobId, isAsked, step === 'done', live])
  return found.value
}

/** How a job that is not live has ended, as far as that is known here. */
export function Ended({ jobId, letter }: { readonly jobId: string; readonly letter: Letter | null }) {
  const { live, shown } = usePage()
  const last = lastEndOf(live, jobId, shown.ledger.value.version)
  if (letter !== null)
    return (
      <p class="sentence" data-why="dead">
        It failed for good {momentText(letter.at)}, after {plural(letter.attempts, 'attempt')}:{' '}
        {errorText(letter)}.
      </p>
    )
  if (last !== null)
    return (
      <p class="sentence" data-why="ended">
        It is over: {last.outcome} {momentText(last.at)}.
      </p>
    )
  return (
    <p class="sentence" data-why="not live">
      {shown.isLive.value ? 'It is not live' : 'It was not live at this moment'}, and the loaded events say
      nothing of how it ended.
    </p>
  )
}

function lastEndOf({ replica }: LiveQueue, jobId: string, upTo: number) {
  for (let seq = upTo; seq > replica.base; seq--) {
    const event = replica.event(seq)
    if (event === undefined || !('jobId' in event) || event.jobId !== jobId) continue
    const outcome = outcomeOf(event)
    return outcome === null ? null : { outcome, at: event.at }
  }
  return null
}
