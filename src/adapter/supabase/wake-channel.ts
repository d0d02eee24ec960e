import type { Concern, Incoming, OnWake } from '../../port/index.ts'
import { parseConcern, Versions } from './concern.ts'
import type { Channel, ChannelStatus, SupabaseLike } from './like.ts'
import { Rate } from './rate.ts'

/** Where wake-ups come from: sent by the database, changes of `job_queue_state`, or nowhere. */
export type WakeSource = 'broadcast' | 'postgres_changes' | 'poll'

export interface WakeChannelOptions {
  readonly client: SupabaseLike
  readonly queue: string
  readonly source: WakeSource
  readonly onWake: OnWake
  /** How often to ask while no wake-ups come. */
  readonly pollMs: number
  /** How long news may stay unannounced before the channel counts as dead, in milliseconds; 10,000 unless given. */
  readonly silenceMs?: number
  /** Called when no wake-ups come: once, until they come again. */
  readonly warn?: (message: string) => void
}

/**
 * The database does not announce every append (`job_queue_wake`). If a process has appended and hears no announcement for a
 * while, it tells the others itself, which costs no request. The jitter makes one process do it for all.
 */
const TELL_MS = { least: 260, jitter: 80 }
/** Sooner if another process may be waiting: the database's own message would have come by then. */
const TELL_SOON_MS = { least: 30, jitter: 20 }
/** After this many messages in the last second, from any process, a process delays its own: each message makes others look. */
const MOST_PER_SECOND = 6
/** Processes that append over a direct connection cannot send messages. So when messages stop, look once more. */
const LOOK_AGAIN_MS = 1_000
/** After the last message of such a process, more may come for this long. */
const MIXED_MS = 60_000
/**
 * If news stay unannounced for this long, the channel is dead even if it says otherwise: PostgreSQL restarted, or its limit of
 * messages is used up.
 */
const SILENCE_MS = 10_000
/** A start waits at most this long for Realtime. After that it polls until Realtime comes. */
const JOIN_MS = 5_000
const REOPEN_MS = 1_000

const UNPUBLISHED =
  'changes of job_queue_state are not published; run: alter publication supabase_realtime add table job_queue_state'

const intakes = ['rows', 'requests'] as const satisfies readonly Incoming[]

/** Wakes those who wait for news of one queue. It polls while the channel is not joined, or proves dead. */
export class WakeChannel {
  readonly #options: WakeChannelOptions
  #channel: Channel | undefined
  #joined = false
  #closed = false
  #hasWarned = false
  /** What was announced, and what this process appended. */
  readonly #told = new Versions()
  readonly #own = new Versions()
  readonly #messages = new Rate()
  #directAt = Number.NEGATIVE_INFINITY
  #newsSince: number | null = null
  #telling: NodeJS.Timeout | undefined
  #poll: NodeJS.Timeout | undefined
  #again: NodeJS.Timeout | undefined
  #complaint: NodeJS.Timeout | undefined

  constructor(options: WakeChannelOptions) {
    this.#options = options
  }

  /** Resolves when wake-ups come, or when it has waited long enough for them. */
  async open(): Promise<void> {
    if (this.#options.source === 'poll') return this.#ask()
    this.#ask('Realtime does not answer')
    const first = Promise.withResolvers<void>()
    const impatience = setTimeout(first.resolve, JOIN_MS)
    this.#join(first.resolve)
    await first.promise
    clearTimeout(impatience)
  }

  /** This process has appended. It tells the others, unless another announcement comes soon. */
  appended(version: number, concern: Concern, isUrgent: boolean): void {
    this.#own.note(version, concern)
    if (isUrgent && !this.#isCrowded) this.#tellIn(TELL_SOON_MS)
    else if (this.#telling === undefined) this.#tellIn(TELL_MS)
  }

  /** The answer to a beat said how far the log goes. If no message said so, one was lost. */
  beaten(version: number): void {
    this.#options.onWake(version, false, version > this.#told.of('nobody') ? 'all' : 'nobody')
  }

  get #isCrowded(): boolean {
    return this.#messages.lately() >= MOST_PER_SECOND
  }

  #tellIn({ least, jitter }: typeof TELL_MS): void {
    clearTimeout(this.#telling)
    this.#telling = setTimeout(() => this.#tell(), least + Math.random() * jitter).unref()
  }

  /** The version in any answer of the store. If it is beyond what was announced, the channel should have brought it. */
  saw(version: number): void {
    if (!this.#joined || version <= this.#told.of('nobody')) {
      this.#newsSince = null
      return
    }
    this.#newsSince ??= performance.now()
    if (performance.now() - this.#newsSince > (this.#options.silenceMs ?? SILENCE_MS)) void this.#reopen()
  }

  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#poll)
    clearTimeout(this.#again)
    clearTimeout(this.#telling)
    clearTimeout(this.#complaint)
    const channel = this.#channel
    this.#channel = undefined
    if (channel) await this.#options.client.removeChannel(channel)
  }

  #tell(): void {
    this.#telling = undefined
    const concerns = this.#own.beyond(this.#told)
    if (!this.#joined || concerns === null || this.#options.source !== 'broadcast') return
    if (this.#isCrowded) return this.#tellIn(TELL_MS)
    const version = this.#own.of('nobody')
    this.#told.note(version, concerns)
    this.#newsSince = null
    this.#messages.count()
    const payload = { queue: this.#options.queue, version, concerns }
    // A message is a hint: if it is not sent, the next beat finds the append.
    void this.#channel?.send({ type: 'broadcast', event: 'wake', payload }).catch(() => {})
  }

  #join(onFirst: () => void): void {
    const { client, queue, source } = this.#options
    const topic = source === 'broadcast' ? `interlock:${queue}` : `interlock:${queue}:changes`
    const channel = client.channel(topic, { config: { private: source === 'broadcast' } })
    this.#channel = channel
    if (source === 'broadcast') {
      channel.on('broadcast', { event: 'wake' }, ({ payload }) => this.#hear(payload))
    } else {
      const state = {
        event: 'UPDATE',
        schema: 'public',
        table: 'job_queue_state',
        filter: `queue=eq.${queue}`,
      }
      channel.on('postgres_changes', state, (change) => this.#hear(change['new']))
      channel.on('system', {}, ({ status }) => (status === 'ok' ? this.#flow() : this.#ask(UNPUBLISHED)))
    }
    channel.subscribe((status) => {
      if (channel !== this.#channel) return
      this.#heed(status)
      onFirst()
    })
  }

  #heed(status: ChannelStatus): void {
    this.#joined = status === 'SUBSCRIBED'
    this.#newsSince = null
    // Also after every rejoin, since messages were lost meanwhile. Changes begin to flow some seconds later, and say so.
    if (this.#joined) return this.#options.source === 'broadcast' ? this.#flow() : this.#options.onWake()
    this.#ask('Realtime cannot be joined')
    // Errors and time-outs rejoin by themselves. A closed channel never comes back.
    if (status === 'CLOSED') setTimeout(() => void this.#reopen(), REOPEN_MS).unref()
  }

  async #reopen(): Promise<void> {
    const old = this.#channel
    if (this.#closed || old === undefined) return
    this.#joined = false
    this.#newsSince = null
    this.#channel = undefined
    this.#ask()
    await this.#options.client.removeChannel(old)
    if (!this.#closed) this.#join(() => {})
  }

  /** `{version, direct, concerns}` after an append, `{intake}` when something came in. Any role may send anything. */
  #hear(payload: unknown): void {
    this.#messages.count()
    const { version, intake, direct, concerns } = (payload ?? {}) as Readonly<Record<string, unknown>>
    if (direct === true) this.#directAt = performance.now()
    if (intake !== undefined)
      return this.#wakeTwice(undefined, intakes.find((each) => each === intake) ?? 'both')
    this.#newsSince = null
    if (!Number.isSafeInteger(version)) return this.#options.onWake(undefined, false)
    const concern = parseConcern(concerns)
    this.#told.note(version as number, concern)
    if (this.#isMixed) return this.#wakeTwice(version as number, false)
    // Of its own append, this process has nothing to read.
    if ((version as number) > this.#own.of('nobody')) this.#options.onWake(version as number, false, concern)
  }

  get #isMixed(): boolean {
    return performance.now() - this.#directAt < MIXED_MS
  }

  /** Wakes again later, for what came while no second message was sent. */
  #wakeTwice(version: number | undefined, intake: Incoming | false): void {
    this.#options.onWake(version, intake)
    clearTimeout(this.#again)
    this.#again = setTimeout(() => this.#options.onWake(undefined, intake && 'both'), LOOK_AGAIN_MS).unref()
  }

  /** Wake-ups come now. Looks for what came before them. */
  #flow(): void {
    clearInterval(this.#poll)
    clearTimeout(this.#complaint)
    this.#hasWarned = false
    this.#options.onWake()
  }

  #ask(cause?: string): void {
    const { pollMs, onWake } = this.#options
    clearInterval(this.#poll)
    this.#poll = setInterval(() => onWake(), pollMs).unref()
    if (cause !== undefined) this.#complainOf(cause)
  }

  /** Warns, unless the cause passes by itself. */
  #complainOf(cause: string): void {
    const { pollMs, warn } = this.#options
    clearTimeout(this.#complaint)
    if (this.#hasWarned) return
    this.#complaint = setTimeout(() => {
      this.#hasWarned = true
      warn?.(`No wake-ups: ${cause}. The database is asked every ${pollMs} ms until they come`)
    }, JOIN_MS).unref()
  }
}
