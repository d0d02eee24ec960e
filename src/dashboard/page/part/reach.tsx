import { useSignal } from '@preact/signals'
import { count } from '../../../format/index.ts'
import { usePage } from '../frame/context.ts'
import { momentText } from '../frame/time.ts'

/** How far back the log is loaded, and a button to load more. */
export function Reach({ step = 20_000 }: { readonly step?: number }) {
  const { live } = usePage()
  const isReading = useSignal(false)
  const fault = useSignal<string | null>(null)
  void live.version.value
  const base = live.base.value
  const begin = live.replica.event(base + 1)
  const isAll = base <= live.first.value
  const more = async () => {
    isReading.value = true
    try {
      await live.readBack(base - step)
    } catch (error) {
      fault.value = String(error)
    } finally {
      isReading.value = false
    }
  }
  return (
    <p class="reach dim">
      {begin === undefined
        ? 'No event is loaded yet. '
        : `Loaded: from event ${count(base + 1)}, ${momentText(begin.at)}. `}
      {isAll ? (
        'That is all of the log.'
      ) : (
        <button type="button" class="plain" disabled={isReading.value} onClick={() => void more()}>
          {isReading.value ? 'Reading…' : 'Read further back'}
        </button>
      )}
      {fault.value}
    </p>
  )
}
