import type { Micros, RecordedEvent } from '../../../engine/core/index.ts'
import { workerDocuments } from '../api/queue-documents.ts'
import { refusalOf } from '../guard/refused.ts'
import type { QueueReader, Viewer } from '../reader/queue-reader.ts'

/** Events in one message. */
const BATCH = 500
/** How many characters may wait for the reader of a stream. When they are read, more are fetched. */
const BUFFER = 256 * 1024

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
export class EventStream {
  readonly body: ReadableStream<Uint8Array>
  readonly #options: StreamOptions
  readonly #encoder = new TextEncoder()
  readonly #detach: () => void
  #output: ReadableStreamDefaultController<Uint8Array> | undefined
  /** The last event that was written. */
  #at: number
  #isOver = false
  #isPumping = false
  /** Beats since something was taken. */
  #stalled = 0
  readonly #sent: { workers: unknown; health: unknown; hasFailed: boolean } = {
    workers: null,
    health: null,
    hasFailed: false,
  }

  constructor(options: StreamOptions) {
    this.#options = options
    this.#at = options.since.seq
    this.#detach = options.reader.attach({
      changed: (what) => this.#onEvents(what),
      reset: (code) => this.#begin(code),
      seesHealth: true,
    })
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => this.#start(controller),
        pull: () => this.#pull(),
        cancel: () => this.#finish(),
      },
      { highWaterMark: BUFFER, size: (chunk) => chunk?.byteLength ?? 0 },
    )
  }

  /** A heartbeat. Ends a reader that has taken nothing for two beats. */
  beat(): void {
    if (this.#isOver) return
    if (!this.#hasRoom) {
      if (++this.#stalled >= 2) this.end('slow')
      return
    }
    this.#write(comment)
    this.#sayTime()
  }

  /** Ends the stream with a reason. */
  end(code: string): void {
    this.#close(message('bye', { code }))
  }

  /** What the reader knows is void: it has to load everything again, and reconnect. */
  #begin(code: string): void {
    this.#close(message('reset', { code }))
  }

  #close(last: string): void {
    if (this.#isOver) return
    this.#write(last)
    this.#finish()
    this.#output?.close()
  }

  #finish(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#detach()
    this.#options.onEnd()
  }

  #start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#output = controller
    this.#write(retry)
    this.#sayTime()
    this.#sayFailure()
    this.#sayWorkers()
    this.#sayHealth()
  }

  #pull(): void {
    this.#stalled = 0
    if (this.#sent.hasFailed !== (this.#options.reader.failure !== null)) this.#sayFailure()
    void this.#pump()
  }

  #onEvents(what: Parameters<Viewer['changed']>[0]): void {
    if (!this.#hasRoom) return
    if (what === 'workers') this.#sayWorkers()
    else if (what === 'health') this.#sayHealth()
    else if (what === 'failure') this.#sayFailure()
    void this.#pump()
  }

  #write(text: string): void {
    this.#output?.enqueue(this.#encoder.encode(text))
  }

  get #hasRoom(): boolean {
    return !this.#isOver && (this.#output?.desiredSize ?? 0) > 0
  }

  #sayTime(): void {
    const { reader, since } = this.#options
    if (reader.failure !== null || reader.tail === null) return
    this.#write(message('time', { now: reader.now(), version: reader.tail.version, since }))
  }

  #sayFailure(): void {
    const { failure, tail } = this.#options.reader
    if (failure !== null) this.#write(message('failure', failure))
    else if (this.#sent.hasFailed) this.#write(message('recovered', { version: tail?.version ?? this.#at }))
    this.#sent.hasFailed = failure !== null
  }

  #sayWorkers(): void {
    const { workers } = this.#options.reader
    if (workers === null || workers === this.#sent.workers) return
    this.#sent.workers = workers
    this.#write(message('workers', workerDocuments(workers)))
  }

  #sayHealth(): void {
    const { health } = this.#options.reader
    if (health === null || health === this.#sent.health) return
    this.#sent.health = health
    this.#write(message('health', health))
  }

  async #pump(): Promise<void> {
    const { reader } = this.#options
    if (this.#isPumping) return
    this.#isPumping = true
    try {
      await this.#writeAll()
    } catch (error) {
      // The reader of the queue tells all viewers of a failure of the database. Another error ends this stream alone.
      if (reader.failure === null && refusalOf(error)?.status !== 503) this.end('failed')
    } finally {
      this.#isPumping = false
    }
    if (this.#hasRoom && (reader.tail?.version ?? this.#at) > this.#at && reader.failure === null)
      void this.#pump()
  }

  async #writeAll(): Promise<void> {
    while (this.#hasRoom) {
      const events = await this.#next()
      if (events === null) return this.#begin('log_went_back')
      const last = events.at(-1)
      if (last === undefined || !this.#hasRoom) return
      // No event may come twice or be left out; otherwise the reader begins again.
      if (events[0]?.seq !== this.#at + 1) return this.#begin('archived')
      this.#at = last.seq
      this.#write(message('log', events, this.#at))
    }
  }

  /** The next events; none if the reader has all. Null: it knows more than there is, so it knows another log. */
  async #next(): Promise<readonly RecordedEvent[] | null> {
    const { reader } = this.#options
    const at = this.#at
    const known = reader.tail ?? (await reader.head())
    const tail = at > known.version ? await reader.look() : known
    if (at >= tail.version) return at > tail.version ? null : []
    return tail.after(at, BATCH) ?? (await reader.page(at, 1_000)).events
  }
}

/** The kinds of messages. `log` has events, and the number of the last one as its id. */
type StreamEvent = 'log' | 'workers' | 'health' | 'time' | 'failure' | 'recovered' | 'reset' | 'bye'

/** One message of server-sent events. JSON has no line breaks. */
const message = (event: StreamEvent, data: unknown, id?: number): string =>
  `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`

/** Keeps proxies from closing a silent stream; browsers ignore it. */
const comment = ': here\n\n'

/** How long a browser waits before it reconnects, in milliseconds. */
const retry = 'retry: 500\n\n'
