import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { plural } from '../../../../../tools/format/index.ts'
import { type Load, Loaded, None, useAsked, useLoad } from '../../part/load.tsx'
import { WindowedList } from '../../part/window.tsx'

/** So long nobody types before the server is asked, in milliseconds. */
const REST_MS = 300

interface Asking<Row> {
  /** Another one begins again. */
  readonly question: string
  /** How long to rest before the server is asked for what has come, in milliseconds; unless given it is asked once. */
  readonly restMs?: number | undefined
  /** @param from where it begins, as the page before says; null: the first one */
  readonly page: (from: string | null, signal?: AbortSignal) => Promise<Found<Row>>
}

interface Found<Row> {
  readonly rows: readonly Row[]
  /** Where the next page begins; null: that was all. */
  readonly next: string | null
}

export interface PagedList<Row> extends Found<Row> {
  readonly first: Load<void>
  /** Null: nobody has asked. */
  readonly more: Load<void> | null
  readonly readMore: () => void
  /** Asks again for the first page. */
  readonly again: () => void
}

/** What the server finds, page by page. */
export function usePages<Row>({ question, restMs, page }: Asking<Row>): PagedList<Row> {
  const found = useSignal<Found<Row> & { readonly question: string }>({ question, ...nothing })
  const asked = useSignal(0)
  /** For what the user has read on: its first page stays as it is. */
  const read = useSignal('')
  const news = `${question} ${asked.value}`
  const load = async (from: string | null, signal?: AbortSignal) => {
    const { rows, next } = await page(from, signal)
    found.value = { question, rows: from === null ? rows : [...found.peek().rows, ...rows], next }
  }
  const first = useLoad({
    question,
    news,
    restMs,
    look: async (signal) => {
      if (read.peek() === news) return
      await new Promise((resolve) => setTimeout(resolve, REST_MS))
      signal.throwIfAborted()
      await load(null, signal)
    },
  })
  const { load: more, ask: readMore } = useAsked(() => {
    read.value = news
    return load(found.peek().next)
  })
  const again = () => {
    asked.value++
  }
  const here = found.value.question === question ? found.value : nothing
  return { ...here, first, more, readMore, again }
}

const nothing = { rows: [], next: null }

/** The pages that are here, and how to get at the next one. */
export function Listed<Row>({
  pages: { rows, next, first, more, readMore },
  none,
  ...rest
}: Omit<ShownRows<Row>, 'rows'> & {
  readonly pages: PagedList<Row>
  /** If there is no row. */
  readonly none: string
}) {
  return (
    <>
      <Loaded of={first}>{() => (rows.length === 0 ? <None>{none}</None> : null)}</Loaded>
      {first.state !== 'here' && rows.length === 0 ? null : <Rows rows={rows} {...rest} />}
      {more === null ? null : <Loaded of={more}>{() => null}</Loaded>}
      {next === null || first.state !== 'here' || more?.state === 'loading' ? null : (
        <button type="button" class="plain" onClick={readMore}>
          More
        </button>
      )}
    </>
  )
}

interface ShownRows<Row> {
  readonly rows: readonly Row[]
  /** What one of them is called. */
  readonly what: string
  /** How many there are, if not all are here. */
  readonly total?: number
  /** Among which they were found. */
  readonly among?: string
  readonly rowHeight?: number
  readonly row: (row: Row) => ComponentChildren
}

/** How many there are, and those that are seen. */
export function Rows<Row>({
  rows,
  what,
  total = rows.length,
  among = '',
  rowHeight = 44,
  row,
}: ShownRows<Row>) {
  return (
    <>
      <p class="dim" data-found={total}>
        {plural(total, what)}
        {among}
      </p>
      <WindowedList
        label={`The ${what}s`}
        count={rows.length}
        rowHeight={rowHeight}
        row={(index) => {
          const one = rows[index]
          return one === undefined ? null : row(one)
        }}
      />
    </>
  )
}
