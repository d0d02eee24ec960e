import type { Micros, RecordedEvent } from '../../../../engine/core/index.ts'
import type { QueueHealth } from '../../../../tools/insight/queue-health.ts'
import type { DashboardWorker } from '../../api/queue-documents.ts'
import { ApiError, getJson, mount, ofQueue } from './api.ts'

/** The messages of a stream. */
export type StreamMessage =
  | { readonly event: 'log'; readonly data: readonly RecordedEvent[] }
  | { readonly event: 'workers'; readonly data: readonly DashboardWorker[] }
  | { readonly event: 'health'; readonly data: QueueHealth }
  | {
      readonly event: 'time'
      readonly data: {
        readonly now: Micros
        readonly version: number
        readonly since: { readonly seq: number; readonly at: Micros | null }
      }
    }
  | { readonly event: 'failure'; readonly data: { readonly code: string; readonly message: string } }
  | { readonly event: 'recovered'; readonly data: { readonly version: number } }
  | { readonly event: 'reset'; readonly data: { readonly code: string } }
  | { readonly event: 'bye'; readonly data: { readonly code: string } }
  /** Made by this page: the server does not answer. */
  | { readonly event: 'away'; readonly data: { readonly code: string; readonly message: string } }

const names = ['log', 'workers', 'health', 'time', 'failure', 'recovered', 'reset', 'bye'] as const
/** The messages that a tab which comes later needs to hear again. */
const lasting = ['workers', 'health', 'failure', 'recovered', 'away', 'time'] as const

const REST = { first: 300, longest: 5_000 }

export interface PageStreamOptions {
  readonly queue: string
  /** The last number that this page knows. */
  readonly known: () => number
  readonly onSaid: (said: StreamMessage) => void
}

/** One stream for all tabs of this browser that show the queue. @returns the function that leaves it */
export function sharedStream({ queue, known, onSaid }: PageStreamOptions): () => void {
  const name = `interlock:${mount.pathname}:${queue}`
  const channel = new BroadcastChannel(name)
  const ended = new AbortController()
  const last = new Map<string, StreamMessage>()
  const say = (said: StreamMessage) => {
    last.set(said.event, said)
    channel.postMessage(said)
    onSaid(said)
  }
  let isLeading = false
  channel.onmessage = ({ data }: MessageEvent<StreamMessage | 'hello'>) => {
    if (data !== 'hello') return onSaid(data)
    if (!isLeading) return
    for (const event of lasting) {
      const said = last.get(event)
      if (said !== undefined) channel.postMessage(said)
    }
  }
  channel.postMessage('hello')
  // The tab that has the lock streams. When it closes, the next tab gets the lock.
  navigator.locks
    .request(name, { signal: ended.signal }, async () => {
      isLeading = true
      await stream(queue, known, say, ended.signal)
    })
    .catch(() => {})
  return () => {
    ended.abort()
    channel.close()
  }
}

/** Streams until the signal fires. A lost connection is made again, from the number that is known by then. */
async function stream(
  queue: string,
  known: () => number,
  say: (said: StreamMessage) => void,
  signal: AbortSignal,
): Promise<void> {
  let failed = 0
  while (!signal.aborted) {
    const began = performance.now()
    await oneStream(`${ofQueue(queue, 'events')}?from=${known()}`, say, signal)
    if (signal.aborted) return
    failed = performance.now() - began > REST.longest ? 0 : failed + 1
    say({ event: 'away', data: await whyNot() })
    await rest(Math.random() * Math.min(REST.first * 2 ** failed, REST.longest), signal)
  }
}

/** An EventSource does not say why it ended. */
async function whyNot(): Promise<{ readonly code: string; readonly message: string }> {
  try {
    await getJson('api/me')
    return { code: 'away', message: 'the connection was lost' }
  } catch (error) {
    if (error instanceof ApiError) return { code: error.code, message: error.message }
    throw error
  }
}

/** One connection, until it ends. */
function oneStream(path: string, say: (said: StreamMessage) => void, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const source = new EventSource(new URL(path, mount))
    const end = () => {
      source.close()
      signal.removeEventListener('abort', end)
      resolve()
    }
    signal.addEventListener('abort', end)
    // The page keeps the number itself: what it has folded counts, not what has arrived.
    source.onerror = end
    for (const event of names)
      source.addEventListener(event, ({ data }: MessageEvent<string>) => {
        say({ event, data: JSON.parse(data) } as StreamMessage)
        if (event === 'bye' || event === 'reset') end()
      })
  })
}

function rest(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
