import { useComputed } from '@preact/signals'
import type { RecordedEvent } from '../../../../../engine/core/index.ts'
import { eventDetail } from '../../../../../tools/format/event-text.ts'
import { count } from '../../../../../tools/format/index.ts'
import { getJson, ofQueue } from '../../data/api.ts'
import { usePage } from '../../frame/context.ts'
import { Link } from '../../frame/link.tsx'
import { route } from '../../frame/route.ts'
import { localText, momentText } from '../../frame/time.ts'
import { type Load, Loaded, None, useLoad } from '../../part/load.tsx'
import { Panel } from '../../part/panel.tsx'

interface JobLog {
  readonly archivedSeq: number
  readonly events: readonly RecordedEvent[]
}

/** What the log says of a job: its last life from the server, however long ago, and what is loaded. */
export function useLife(jobId: string) {
  const { live } = usePage()
  const history = useLoad({
    question: `${jobId} ${live.generation.value}`,
    look: () => getJson<JobLog>(ofQueue(live.queue, 'jobs', jobId, 'log')),
  })
  const asked = history.state === 'here' ? history.value.events : none
  const loaded = useComputed(() => {
    void live.version.value
    void live.base.value
    return live.replica.events.filter((event) => 'jobId' in event && event.jobId === jobId)
  }).value
  const bySeq = new Map([...asked, ...loaded].map((event) => [event.seq, event]))
  return { history, events: [...bySeq.values()].sort((a, b) => a.seq - b.seq) }
}

const none: readonly RecordedEvent[] = []

/** Each event links to its moment. */
export function Life({
  events,
  history,
}: {
  readonly events: readonly RecordedEvent[]
  readonly history: Load<JobLog>
}) {
  const { at } = route.value
  const isUnknown = history.state !== 'here' && events.length === 0
  return (
    <Panel id="life" title="History" wide aside={isUnknown ? null : count(events.length)}>
      {history.state === 'here' && events.length > 0 ? null : (
        <Loaded of={history}>
          {({ archivedSeq }) => (
            <None>
              {archivedSeq === 0
                ? 'No event of the log names this job.'
                : `No event after ${count(archivedSeq)} names this job; those before it were archived.`}
            </None>
          )}
        </Loaded>
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
    </Panel>
  )
}
