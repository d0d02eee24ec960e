import { type Signal, useComputed, useSignal } from '@preact/signals'
import { eventTypes, type RecordedEvent } from '../../../../../engine/core/index.ts'
import { eventDetail } from '../../../../../tools/format/event-text.ts'
import { count, plural } from '../../../../../tools/format/index.ts'
import { changedBy } from '../../../../../tools/history/event-query.ts'
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
import { commandOf, type Query, queryOf, sqlOf } from './query.ts'
import { useSearch } from './search.ts'

/** The loaded events as they come, or what the server finds in all of the log, the newest first. */
export function Log() {
  const { live } = usePage()
  /** The last event that is shown; null: also those that come. */
  const upTo = useSignal<number | null>(null)
  const text = route.value.q ?? ''
  const query = queryOf(text)
  const sql = sqlOf(live.queue, query)
  return (
    <div class="grid log">
      <Panel id="log" title="Log" wide>
        <div class="row bar">
          <Filter
            label="Search all of the log"
            placeholder="since:14:00 until:14:10 operator:ada type:changes job:report-7 timed out"
          />
          <Types text={text} chosen={query.type} />
          <button
            type="button"
            aria-pressed={upTo.value === null}
            onClick={() => (upTo.value = upTo.peek() === null ? live.version.peek() : null)}
          >
            Follow
          </button>
          {sql === null ? null : <Copy name="SQL" text={sql} />}
          <Copy name="command" text={commandOf(live.queue, query)} />
        </div>
        {text === '' ? (
          <Here upTo={upTo} />
        ) : (
          <Found key={text} query={query} text={text} upTo={upTo.value} />
        )}
      </Panel>
    </div>
  )
}

const Types = ({ text, chosen }: { readonly text: string; readonly chosen: string | null }) => (
  <label>
    <span class="hidden">Type of event</span>
    <select
      value={chosen ?? ''}
      onChange={(event) => go({ q: withType(text, event.currentTarget.value) }, { isStep: true })}
    >
      <option value="">all types</option>
      <option value="changes">changes to the queue</option>
      {eventTypes.map((type) => (
        <option key={type} value={type}>
          {type}
        </option>
      ))}
    </select>
  </label>
)

/** What is loaded. */
function Here({ upTo }: { readonly upTo: Signal<number | null> }) {
  const { live, shown } = usePage()
  const history = useHistory(5_000)
  const found = useComputed(() => {
    void live.base.value
    const last = shown.isLive.value ? (upTo.value ?? live.version.value) : shown.ledger.value.version
    const { base, events } = live.replica
    return events.slice(0, Math.max(0, last - base))
  })
  return (
    <>
      {found.value.length > 0 ? null : (
        <Loaded of={history}>{() => <None>Nothing has happened.</None>}</Loaded>
      )}
      <Events events={found.value.toReversed()} />
      <Reach />
    </>
  )
}

/** What the server finds, page by page. */
function Found({
  query,
  text,
  upTo,
}: {
  readonly query: Query
  readonly text: string
  readonly upTo: number | null
}) {
  const { events, operators, before, first, more, readMore } = useSearch(query, text, upTo)
  return (
    <>
      <Loaded of={first}>{() => (events.value.length === 0 ? <None>No event fits.</None> : null)}</Loaded>
      <Events
        events={events.value}
        among={before.value === null ? ', of all of the log' : `, since event ${count(before.value)}`}
        byOf={(id) => operators.value.get(id)}
      />
      {more === null ? null : <Loaded of={more}>{() => null}</Loaded>}
      {before.value === null || first.state !== 'here' || more?.state === 'loading' ? null : (
        <button type="button" class="plain" onClick={readMore}>
          Before event {count(before.value)}
        </button>
      )}
    </>
  )
}

function Events({
  events,
  among = '',
  byOf = () => undefined,
}: {
  readonly events: readonly RecordedEvent[]
  /** Among which they were found. */
  readonly among?: string
  readonly byOf?: (workerId: string) => string | undefined
}) {
  return (
    <>
      <p class="dim" data-found={events.length}>
        {plural(events.length, 'event')}
        {among}
      </p>
      <WindowedList
        label="The events"
        count={events.length}
        rowHeight={32}
        row={(index) => {
          const event = events[index]
          return event === undefined ? null : <Row key={event.seq} event={event} byOf={byOf} />
        }}
      />
    </>
  )
}

function Row({
  event,
  byOf,
}: {
  readonly event: RecordedEvent
  readonly byOf: (workerId: string) => string | undefined
}) {
  const process = changedBy(event)
  const by = process === null ? '' : `by ${byOf(process) ?? process}`
  const detail = [by, localText(eventDetail(event))].filter(Boolean).join(', ')
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
