import { useComputed, useSignal } from '@preact/signals'
import { eventTypes, type RecordedEvent } from '../../../../../engine/core/index.ts'
import { eventDetail } from '../../../../../tools/format/event-text.ts'
import { count } from '../../../../../tools/format/index.ts'
import { usePage } from '../../frame/context.ts'
import { Link } from '../../frame/link.tsx'
import { go, route } from '../../frame/route.ts'
import { localText, momentText } from '../../frame/time.ts'
import { Copy } from '../../part/copy.tsx'
import { Filter } from '../../part/filter.tsx'
import { Loaded, None } from '../../part/load.tsx'
import { JobLink } from '../../part/names.tsx'
import { Panel } from '../../part/panel.tsx'
import { Reach, useHistory } from '../../part/reach.tsx'
import { WindowedList } from '../../part/window.tsx'
import { commandOf, matches, queryOf, sqlOf } from './query.ts'

/** The loaded events, the newest first. */
export function Log() {
  const { live, shown } = usePage()
  const isFollowing = useSignal(true)
  const upTo = useSignal(live.version.peek())
  const history = useHistory(5_000)
  const text = route.value.q ?? ''
  const found = useComputed(() => {
    void live.base.value
    const last = shown.isLive.value
      ? isFollowing.value
        ? live.version.value
        : upTo.value
      : shown.ledger.value.version
    const query = queryOf(route.value.q ?? '')
    const { base, events } = live.replica
    const seen = events.slice(0, Math.max(0, last - base))
    return query.words.length === 0 && query.type === null && query.job === null && query.worker === null
      ? seen
      : seen.filter((event) => matches(event, query))
  })
  const { value: events } = found
  const loaded = live.replica.events.length
  const isSome = events.length !== loaded && text !== ''
  const aside =
    history.state !== 'here' && loaded === 0
      ? null
      : `${count(events.length)}${isSome ? ` of ${count(loaded)} loaded` : ''}`
  return (
    <div class="grid log">
      <Panel id="log" title="Log" wide aside={<span data-found={events.length}>{aside}</span>}>
        <div class="row bar">
          <Filter label="Filter the log" placeholder="Words, or job:report-7 type:failed worker:…" />
          <label>
            <span class="hidden">Type of event</span>
            <select
              value={queryOf(text).type ?? ''}
              onChange={(event) => go({ q: withType(text, event.currentTarget.value) }, { isStep: true })}
            >
              <option value="">all types</option>
              {eventTypes.map((type) => (
                <option key={type} value={type}>
                  {type}
                </option>
              ))}
            </select>
          </label>
          <button
            type="button"
            aria-pressed={isFollowing.value}
            onClick={() => {
              upTo.value = live.version.peek()
              isFollowing.value = !isFollowing.value
            }}
          >
            Follow
          </button>
          <Copy name="SQL" text={sqlOf(live.queue, queryOf(text))} />
          <Copy name="command" text={commandOf(live.queue, queryOf(text))} />
        </div>
        {events.length > 0 ? null : (
          <Loaded of={history}>
            {() => <None>{loaded === 0 ? 'Nothing has happened.' : 'No loaded event fits.'}</None>}
          </Loaded>
        )}
        <WindowedList
          label="The events"
          count={events.length}
          rowHeight={32}
          row={(index) => {
            const event = events[events.length - 1 - index]
            return event === undefined ? null : <Row key={event.seq} event={event} />
          }}
        />
        <Reach />
      </Panel>
    </div>
  )
}

function Row({ event }: { readonly event: RecordedEvent }) {
  const detail = localText(eventDetail(event))
  return (
    <li data-seq={event.seq} class={event.seq === route.value.at ? 'here' : ''}>
      <Link class="number" to={{ at: event.seq }} title="Look at this moment">
        {count(event.seq)}
      </Link>
      <span class="clock dim">{momentText(event.at)}</span>
      <b class="type">{event.type}</b>
      <span class="of">{'jobId' in event ? <JobLink id={event.jobId} /> : null}</span>
      <span class="detail dim" title={detail}>
        {detail}
      </span>
    </li>
  )
}

const withType = (text: string, type: string): string =>
  [
    ...text.split(/\s+/).filter((part) => part !== '' && !part.startsWith('type:')),
    ...(type === '' ? [] : [`type:${type}`]),
  ].join(' ')
