import { type Signal, useComputed, useSignal } from '@preact/signals'
import { eventTypes, type RecordedEvent } from '../../../../../engine/core/index.ts'
import { eventDetail } from '../../../../../tools/format/event-text.ts'
import { count } from '../../../../../tools/format/index.ts'
import { changedBy } from '../../../../../tools/history/event-query.ts'
import { operatorText } from '../../../../../tools/history/operators.ts'
import type { SearchDocument } from '../../../api/log-documents.ts'
import { getJson, ofQueue } from '../../data/api.ts'
import { usePage } from '../../frame/context.ts'
import { Link } from '../../frame/link.tsx'
import { go, route } from '../../frame/route.ts'
import { localText, momentText } from '../../frame/time.ts'
import { Loaded, None } from '../../part/load.tsx'
import { JobLink } from '../../part/names.tsx'
import { Reach, useHistory } from '../../part/reach.tsx'
import { Listed, Rows, usePages } from './pages.tsx'
import { addressOf, type Query, withWord } from './query.ts'

/** How long to rest before the server is asked for what has come, in milliseconds. */
const AGAIN_MS = 5_000

/** The loaded events as they come, or what the server finds in all of the log, the newest first. */
export function Events({ query }: { readonly query: Query }) {
  const { live } = usePage()
  /** The last event that is shown; null: also those that come. */
  const upTo = useSignal<number | null>(null)
  const type = query.words.find(([name]) => name === 'type')?.[1]
  return (
    <>
      <div class="row bar">
        <Types chosen={type ?? ''} />
        <button
          type="button"
          aria-pressed={upTo.value === null}
          onClick={() => (upTo.value = upTo.peek() === null ? live.version.peek() : null)}
        >
          Follow
        </button>
      </div>
      {query.words.length + query.text.length === 0 ? (
        <Here upTo={upTo} />
      ) : (
        <Found query={query} upTo={upTo.value} />
      )}
    </>
  )
}

const Types = ({ chosen }: { readonly chosen: string }) => (
  <label>
    <span class="hidden">Type of event</span>
    <select
      value={chosen}
      onChange={({ currentTarget: { value } }) =>
        go({ q: withWord(route.value.q ?? '', 'type', value || null) }, { isStep: true })
      }
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
    return events.slice(0, Math.max(0, last - base)).toReversed()
  })
  return (
    <>
      {found.value.length > 0 ? (
        <Rows
          rows={found.value}
          what="event"
          rowHeight={32}
          row={(event) => <Row key={event.seq} event={event} />}
        />
      ) : (
        <Loaded of={history}>{() => <None>Nothing has happened.</None>}</Loaded>
      )}
      <Reach />
    </>
  )
}

type Page = SearchDocument & { readonly events: readonly RecordedEvent[] }

/** What the server finds. */
function Found({ query, upTo }: { readonly query: Query; readonly upTo: number | null }) {
  const { live, shown } = usePage()
  const last = shown.isLive.value ? upTo : shown.ledger.value.version
  const operators = useSignal<ReadonlyMap<string, string>>(new Map())
  const pages = usePages({
    question: `${live.generation.value} ${last} ${addressOf(query)}`,
    restMs: last === null ? AGAIN_MS : undefined,
    page: async (from, signal) => {
      const address = addressOf(query)
      const end = from ?? (last === null ? null : String(last + 1))
      if (end !== null) address.set('before', end)
      const page = await getJson<Page>(`${ofQueue(live.queue, 'search')}?${address}`, signal)
      const known = page.operators.map((each) => [each.workerId, operatorText(each)] as const)
      operators.value = new Map([...operators.peek(), ...known])
      return { rows: page.events, next: page.before === null ? null : String(page.before) }
    },
  })
  const { next } = pages
  return (
    <Listed
      pages={pages}
      what="event"
      among={next === null ? ', of all of the log' : `, since event ${count(Number(next))}`}
      none="No event fits."
      rowHeight={32}
      row={(event) => <Row key={event.seq} event={event} operators={operators} />}
    />
  )
}

function Row({
  event,
  operators,
}: {
  readonly event: RecordedEvent
  /** Who acted, by the id of the process. */
  readonly operators?: Signal<ReadonlyMap<string, string>>
}) {
  const process = changedBy(event)
  const by = process === null ? '' : `by ${operators?.value.get(process) ?? process}`
  const detail = [by, localText(eventDetail(event))].filter(Boolean).join(', ')
  return (
    <li data-seq={event.seq} class={event.seq === route.value.at ? 'event here' : 'event'}>
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
