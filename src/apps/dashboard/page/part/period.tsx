import { chosen, chosenPeriod, type LoadedPeriod, lengthNames, loadedIn } from '../data/period.ts'
import { usePage } from '../frame/context.ts'
import { momentText } from '../frame/time.ts'
import { Choices } from './choices.tsx'
import { type Load, useLoad } from './load.tsx'
import { Reach } from './reach.tsx'

/** How many of the last events are loaded for it, unless more are. */
const EVENTS = 20_000

/** Lets the user choose the period, of which all that is loaded can be shown. */
export function PeriodBar() {
  const { value } = chosen
  return (
    <div class="wide row bar">
      <Choices
        label="Period"
        all={lengthNames}
        chosen={typeof value === 'string' ? value : null}
        onChoose={(length) => (chosen.value = length)}
      />
      {typeof value === 'string' ? null : (
        <span class="dim" data-period>
          {momentText(value.from)} to {momentText(value.to)}
        </span>
      )}
      <span class="grow" />
      <Reach />
    </div>
  )
}

/** Looks at what happened in the period. @param restMs before it looks again at one that goes on; unless given it does not */
export function usePeriod<T>(
  look: (found: LoadedPeriod | null, signal: AbortSignal) => T | Promise<T>,
  restMs?: number,
): Load<T> {
  const page = usePage()
  const { live, shown } = page
  const at = shown.isLive.value ? null : shown.ledger.value.version
  const { value } = chosen
  return useLoad({
    // What is dragged or zoomed stays until the next is there: a page that shrinks would move away under the pointer.
    question: `${typeof value === 'string' ? value : 'own'} ${at} ${live.generation.value}`,
    news: JSON.stringify([value, live.base.value]),
    restMs: at === null ? restMs : undefined,
    look: async (signal) => {
      await live.readBack(live.version.peek() - EVENTS)
      return look(loadedIn(live, chosenPeriod(page)), signal)
    },
  })
}
