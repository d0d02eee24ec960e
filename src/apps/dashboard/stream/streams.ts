import { Refused } from '../guard/refused.ts'
import type { QueueReader } from '../reader/queue-reader.ts'
import { EventStream } from './event-stream.ts'

/** How many streams may be open at once. */
export interface StreamLimits {
  /** In all. */
  readonly streams: number
  /** For each actor. */
  readonly streamsPerActor: number
}

export interface Streams {
  /** @throws Refused `too_many` */
  open(options: {
    readonly reader: QueueReader
    readonly actor: string
    readonly since: { readonly seq: number; readonly at: number | null }
    /** True if its user may still see it: asked again once a minute. */
    readonly isAllowed: () => Promise<boolean>
  }): Response
  close(): void
}

const BEAT_MS = 15_000
/** Beats between two checks of the right to see it. */
const LOOK_EVERY = 4

interface KeptStream {
  readonly stream: EventStream
  readonly actor: string
  readonly isAllowed: () => Promise<boolean>
  beats: number
}

export function openStreams({ streams: most, streamsPerActor }: StreamLimits, beatMs = BEAT_MS): Streams {
  const open = new Set<KeptStream>()
  let timer: NodeJS.Timeout | undefined
  const beat = () => {
    for (const kept of open) {
      kept.stream.beat()
      if (++kept.beats % LOOK_EVERY === 0) void look(kept)
    }
  }
  const look = async ({ stream, isAllowed }: KeptStream) => {
    if (!(await isAllowed().catch(() => false))) stream.end('not_signed_in')
  }
  return {
    open: ({ reader, actor, since, isAllowed }) => {
      const own = [...open].filter((each) => each.actor === actor).length
      if (open.size >= most || own >= streamsPerActor) throw tooMany()
      const stream = new EventStream({
        reader,
        since,
        onEnd: () => {
          open.delete(kept)
          if (open.size > 0) return
          clearInterval(timer)
          timer = undefined
        },
      })
      const kept: KeptStream = { stream, actor, isAllowed, beats: 0 }
      open.add(kept)
      timer ??= setInterval(beat, beatMs).unref()
      return new Response(stream.body, {
        headers: {
          'content-type': 'text/event-stream; charset=utf-8',
          'cache-control': 'no-store, no-transform',
          // Some proxies collect an answer before they pass it on.
          'x-accel-buffering': 'no',
        },
      })
    },
    close: () => {
      for (const { stream } of open) stream.end('closed')
      clearInterval(timer)
    },
  }
}

const tooMany = () =>
  new Refused(503, 'too_many', 'too many pages are open; close some, or come again', { 'retry-after': '5' })
