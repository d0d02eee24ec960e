import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'

/** What a screen knows of what it is to show. What is here may be empty: each screen says that in its own words. */
export type Load<T> =
  | { readonly state: 'loading' }
  | { readonly state: 'failed'; readonly message: string; readonly again: () => void }
  | { readonly state: 'here'; readonly value: T }

const loading = { state: 'loading' } as const

interface Looking<T> {
  /** The signal fires when nobody wants the answer any more. */
  readonly look: (signal: AbortSignal) => Promise<T>
  /** Another question makes it begin again, with nothing to show. */
  readonly question: unknown
  /** What makes it look again while the last answer stays. */
  readonly news?: unknown
  /** How long to rest between two looks, in milliseconds, and twice as long as one takes; unless given it looks once. */
  readonly restMs?: number | undefined
}

/** Looks, one look after the other, and says how that stands. */
export function useLoad<T>({ look, question, news, restMs }: Looking<T>): Load<T> {
  const found = useSignal<{ readonly question: unknown; readonly load: Load<T> }>({ question, load: loading })
  const asked = useSignal(0)
  useEffect(() => {
    const over = new AbortController()
    let timer = 0
    const go = async () => {
      const began = performance.now()
      const load = await settled(look(over.signal), () => asked.value++)
      if (over.signal.aborted) return
      found.value = { question, load }
      if (restMs !== undefined)
        timer = setTimeout(go, Math.max(restMs, 2 * (performance.now() - began))) as unknown as number
    }
    void go()
    return () => {
      over.abort()
      clearTimeout(timer)
    }
  }, [question, news, restMs, asked.value])
  const { load } = found.value
  return found.value.question === question ? load : loading
}

/** Looks only when somebody asks, and says how that stands. `load` is null before. */
export function useAsked<T>(look: () => Promise<T>): {
  readonly load: Load<T> | null
  readonly ask: () => void
} {
  const found = useSignal<Load<T> | null>(null)
  const ask = () => {
    found.value = loading
    void settled(look(), ask).then((load) => (found.value = load))
  }
  return { load: found.value, ask }
}

/** How a look has ended. */
const settled = <T,>(looking: Promise<T>, again: () => void): Promise<Load<T>> =>
  looking.then(
    (value): Load<T> => ({ state: 'here', value }),
    (error: unknown): Load<T> => ({ state: 'failed', message: messageOf(error), again }),
  )

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** What is here, or why it is not. */
export function Loaded<T>({
  of,
  says = 'Loading…',
  children,
}: {
  readonly of: Load<T>
  /** While it is on its way. */
  readonly says?: string
  readonly children: (value: T) => ComponentChildren
}) {
  switch (of.state) {
    case 'loading':
      return (
        <p class="none wide" role="status" data-load="loading">
          {says}
        </p>
      )
    case 'failed':
      return <Failed {...of} />
    case 'here':
      return <>{children(of.value)}</>
    default:
      return of satisfies never
  }
}

export const Failed = ({ message, again }: { readonly message: string; readonly again: () => void }) => (
  <p class="warn wide" role="alert" data-load="failed">
    This could not be read: {message}{' '}
    <button type="button" onClick={again}>
      Try again
    </button>
  </p>
)

/** There is none of it. */
export const None = ({ children }: { readonly children: ComponentChildren }) => (
  <p class="none" data-load="empty">
    {children}
  </p>
)
