import { count } from '../../../../tools/format/index.ts'
import { usePage } from '../frame/context.ts'
import { momentText } from '../frame/time.ts'
import { type Load, useLoad } from './load.tsx'

/** Loads so many of the last events, unless they are here, and says how that stands. */
export function useHistory(events: number): Load<null> {
  const { live } = usePage()
  return useLoad({
    question: live.generation.value,
    look: async () => {
      await live.readBack(live.version.peek() - events)
      return null
    },
  })
}

/** How far back the log is loaded, and a button to load more. */
export function Reach({ step = 20_000 }: { readonly step?: number }) {
  const { live } = usePage()
  const fault = live.readFault.value
  void live.version.value
  const base = live.base.value
  const begin = live.replica.event(base + 1)
  return (
    <p class="reach dim">
      {begin === undefined
        ? live.replica.version === 0
          ? 'The log has no event. '
          : 'No event is loaded yet. '
        : `Loaded: from event ${count(base + 1)}, ${momentText(begin.at)}. `}
      {live.isReading.value ? (
        'Reading…'
      ) : base <= live.first.value ? (
        base === live.version.value ? null : (
          'That is all of the log.'
        )
      ) : (
        <button type="button" class="plain" onClick={() => live.readBack(base - step).catch(() => {})}>
          Read further back
        </button>
      )}
      {fault === null ? null : <span class="warn"> It could not be read: {fault}</span>}
    </p>
  )
}
