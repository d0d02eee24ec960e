import type { Micros } from '../../core/index.ts'
import { workerDocuments } from '../api/queue-documents.ts'
import { refusalOf } from '../guard/refused.ts'
import type { QueueReader } from '../reader/queue-reader.ts'
import { comment, message, retry } from './message.ts'

/** Events in one message. */
const BATCH = 500
/** How many characters may wait for the reader of a stream. When they are read, more are fetched. */
const BUFFER = 256 * 1024

/** A stream that is open. */
export interface OpenStream {
  readonly body: ReadableStream<Uint8Array>
  /** A heartbeat. Ends a reader that has taken nothing for two beats. */
  beat(): void
  /** Ends the stream with a reason. */
  end(code: string): void
}

export interface StreamOptions {
  readonly reader: QueueReader
  /** The last event that the reader knows, with its time in this log: in another log it has another time. */
  readonly since: { readonly seq: number; readonly at: Micros | null }
  readonly onEnd: () => void
}

/**
 * The events after a number, as they come. A slow reader costs no memory: only its number is kept, and what it has not taken is
 * read again, from the tail or the log.
 */
export function eventStream({ reader, since, onEnd }: StreamOptions): OpenStream {
  const encoder = new TextEncoder()
  let at = since.seq
  let isOver = false
  let isPumping = false
  let stalled = 0
  const told: { workers: unknown; hasFailed: boolean } = { workers: null, hasFailed: false }
  let output: ReadableStreamDefaultController<Uint8Array> | undefined
  const write = (text: string) => output?.enqueue(encoder.encode(text))
  const hasRoom = () => !isOver && (output?.desiredSize ?? 0) > 0

  const finish = () => {
    if (isOver) return
    isOver = true
    detach()
    onEnd()
  }
  const end = (code: string) => {
    if (isOver) return
    write(message('bye', { code }))
    finish()
    output?.close()
  }
  /** What the reader knows is void: it has to load everything again, and reconnect. */
  const begin = (code: string) => {
    if (isOver) return
    write(message('reset', { code }))
    finish()
    output?.close()
  }
  const sayTime = () => {
    if (reader.failure !== null || reader.tail === null) return
    write(message('time', { now: reader.now(), version: reader.tail.version, since }))
  }
  const sayFailure = () => {
    const { failure } = reader
    if (failure !== null) write(message('failure', failure))
    else if (told.hasFailed) write(message('recovered', { version: reader.tail?.version ?? at }))
    told.hasFailed = failure !== null
  }
  const sayWorkers = () => {
    const { workers } = reader
    if (workers === null || workers === told.workers) return
    told.workers = workers
    write(message('workers', workerDocuments(workers)))
  }
  /** The next events; none if the reader has all. Null: it knows more than there is, so it knows another log. */
  const next = async () => {
    const known = reader.tail ?? (await reader.head())
    const tail = at > known.version ? await reader.look() : known
    if (at >= tail.version) return at > tail.version ? null : []
    return tail.after(at, BATCH) ?? (await reader.page(at, 1_000)).events
  }
  const pump = async () => {
    if (isPumping) return
    isPumping = true
    try {
      while (hasRoom()) {
        const events = await next()
        if (events === null) return begin('log_went_back')
        const last = events.at(-1)
        if (last === undefined || !hasRoom()) break
        // No event may come twice or be left out; otherwise the reader begins again.
        if (events[0]?.seq !== at + 1) return begin('archived')
        at = last.seq
        write(message('log', events, at))
      }
    } catch (error) {
      // The reader of the queue tells all viewers of a failure of the database. Another error ends this stream alone.
      if (reader.failure === null && refusalOf(error)?.status !== 503) end('failed')
    } finally {
      isPumping = false
    }
    if (hasRoom() && (reader.tail?.version ?? at) > at && reader.failure === null) void pump()
  }

  const detach = reader.attach({
    changed: (what) => {
      if (!hasRoom()) return
      if (what === 'workers') sayWorkers()
      else if (what === 'failure') sayFailure()
      void pump()
    },
    reset: begin,
  })
  const body = new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        output = controller
        write(retry)
        sayTime()
        sayFailure()
        sayWorkers()
      },
      pull: () => {
        stalled = 0
        if (told.hasFailed !== (reader.failure !== null)) sayFailure()
        void pump()
      },
      cancel: finish,
    },
    { highWaterMark: BUFFER, size: (chunk) => chunk?.byteLength ?? 0 },
  )
  return {
    body,
    beat: () => {
      if (isOver) return
      if (!hasRoom()) {
        if (++stalled >= 2) end('slow')
        return
      }
      write(comment)
      sayTime()
    },
    end,
  }
}
