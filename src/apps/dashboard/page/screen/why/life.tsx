import { useComputed } from '@preact/signals'
import type { RecordedEvent } from '../../../../../engine/core/index.ts'
import { eventDetail } from '../../../../../tools/format/event-text.ts'
import { count } from '../../../../../tools/format/index.ts'
import { usePage } from '../../frame/context.ts'
import { Link } from '../../frame/link.tsx'
import { route } from '../../frame/route.ts'
import { localText, momentText } from '../../frame/time.ts'
import { type Load, Loaded, None } from '../../part/load.tsx'
import { Panel } from '../../part/panel.tsx'
import { Reach } from '../../part/reach.tsx'

/** What the log says of a job, as far as it is loaded. */
export function useLife(jobId: string): readonly RecordedEvent[] {
  const { live } = usePage()
  return useComputed(() => {
    void live.version.value
    void live.base.value
    return live.replica.events.filter((event) => 'jobId' in event && event.jobId === jobId)
  }).value
}

/** Each event links to its moment. */
export function Life({
  events,
  history,
}: {
  readonly events: readonly RecordedEvent[]
  readonly history: Load<null>
}) {
  const { at } = route.value
  return (
    <Panel id="life" title="History" wide aside={count(events.length)}>
      {events.length > 0 ? null : (
        <Loaded of={history}>{() => <None>No loaded event names this job.</None>}</Loaded>
      )}
      <ol class="life">
        {events.slice(-200).map((event) => (
          <li key={event.seq} class={event.seq === at ? 'here' : ''}>
            <Link to={{ at: event.seq }} title="Look at this moment">
              {count(event.seq)}
            </Link>
            <span class="dim">{momentText(event.at)}</span>
            <b>{event.type}</b>
            <span class="dim detail">{localText(eventDetail(event))}</span>
          </li>
        ))}
      </ol>
      <Reach />
    </Panel>
  )
}
