import { type Signal, useSignal } from '@preact/signals'
import type { RecordedEvent } from '../../../../../engine/core/index.ts'
import { operatorText } from '../../../../../tools/history/operators.ts'
import type { SearchDocument } from '../../../api/log-documents.ts'
import { getJson, ofQueue } from '../../data/api.ts'
import { usePage } from '../../frame/context.ts'
import { type Load, useAsked, useLoad } from '../../part/load.tsx'
import { addressOfSearch, type Query } from './query.ts'

/** So long nobody types before the server is asked, in milliseconds. */
const REST_MS = 300

interface FoundByServer {
  readonly events: Signal<readonly RecordedEvent[]>
  /** Who acted, by the id of the process. */
  readonly operators: Signal<ReadonlyMap<string, string>>
  /** Where to look further; null: that was all. */
  readonly before: Signal<number | null>
  readonly first: Load<void>
  /** Null: nobody has asked. */
  readonly more: Load<void> | null
  readonly readMore: () => void
}

type Page = SearchDocument & { readonly events: readonly RecordedEvent[] }

/** How long to rest before the server is asked for what has come, in milliseconds. */
const AGAIN_MS = 5_000

/** A search in all of the log, page by page. @param upTo only events up to this one; null: also those that come */
export function useSearch(query: Query, text: string, upTo: number | null): FoundByServer {
  const { live, shown } = usePage()
  const last = shown.isLive.value ? upTo : shown.ledger.value.version
  const events = useSignal<readonly RecordedEvent[]>([])
  const operators = useSignal<ReadonlyMap<string, string>>(new Map())
  const before = useSignal<number | null>(null)
  const load = async (from: number | null, signal?: AbortSignal) => {
    const address = addressOfSearch(query)
    const end = from ?? (last === null ? null : last + 1)
    if (end !== null) address.set('before', String(end))
    const page = await getJson<Page>(`${ofQueue(live.queue, 'search')}?${address}`, signal)
    events.value = from === null ? page.events : [...events.peek(), ...page.events]
    const known = page.operators.map((each) => [each.workerId, operatorText(each)] as const)
    operators.value = new Map([...operators.peek(), ...known])
    before.value = page.before
  }
  const question = `${live.generation.value} ${last} ${text}`
  /** The question of which the user has read on: its first page stays as it is. */
  const read = useSignal('')
  const first = useLoad({
    question,
    restMs: last === null ? AGAIN_MS : undefined,
    look: async (signal) => {
      if (read.peek() === question) return
      await new Promise((resolve) => setTimeout(resolve, REST_MS))
      signal.throwIfAborted()
      await load(null, signal)
    },
  })
  const { load: more, ask: readMore } = useAsked(() => {
    read.value = question
    return load(before.peek())
  })
  return { events, operators, before, first, more, readMore }
}
