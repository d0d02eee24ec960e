import { useSignal } from '@preact/signals'
import { MICROS_PER_SECOND } from '../../../../../engine/core/index.ts'
import type { FailuresDocument } from '../../../api/queue-documents.ts'
import { getJson, ofQueue } from '../../data/api.ts'
import { type Length, lengthNames, lengths } from '../../data/period.ts'
import { usePage } from '../../frame/context.ts'
import { momentText } from '../../frame/time.ts'
import { Choices } from '../../part/choices.tsx'
import { FailureBars } from '../../part/failures.tsx'
import { Loaded, useLoad } from '../../part/load.tsx'
import { Panel } from '../../part/panel.tsx'

/** How long to rest before it is asked again, in milliseconds. */
const AGAIN_MS = 10_000
/** Of each list. */
const MOST = 5

/** Where attempts failed lately: which card, which process, which model. */
export function Failing() {
  const { live, shown } = usePage()
  const length = useSignal<Length>('1 h')
  const found = useLoad({
    question: `${length.value} ${live.generation.value}`,
    restMs: AGAIN_MS,
    look: (signal) => {
      const since = Math.max(
        0,
        live.now() - (lengths[length.peek()] ?? Number.MAX_SAFE_INTEGER) * MICROS_PER_SECOND,
      )
      return getJson<FailuresDocument>(
        `${ofQueue(live.queue, 'failures')}?since=${Math.round(since)}`,
        signal,
      )
    },
  })
  if (!shown.isLive.value) return null
  return (
    <Panel
      id="failing"
      title="Failed attempts"
      aside={
        <Choices
          label="Time"
          all={lengthNames}
          chosen={length.value}
          onChoose={(chosen) => (length.value = chosen)}
        />
      }
    >
      <Loaded of={found}>
        {(failures) => (
          <>
            <FailureBars of={failures} most={MOST} />
            <p class="dim">Since {momentText(failures.from)}.</p>
          </>
        )}
      </Loaded>
    </Panel>
  )
}
