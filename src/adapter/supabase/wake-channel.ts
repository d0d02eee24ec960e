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
  /** How often one asks while no wake-ups come. */
  readonly pollMs: number
  /** After how long news that nobody told of means that the channel is deaf, in milliseconds; 10,000 unless given. */
  readonly silenceMs?: number
  /** Told when no wake-ups come: once, until they do. */
  readonly warn?: (message: string) => void
}

/**
 * The database does not announce every append (`job_queue_wake`). A process that appended and hears of nothing as new for a while
 * tells the others himself, which costs no request; a jitter, so that one does it for all.
 */
const TELL_MS = { least: 260, jitter: 80 }
/** Sooner when somebody may be waiting for it: by then the database's message would have come. */
const TELL_SOON_MS = { least: 30, jitter: 20 }
/** With so many messages in the last second, from whomever, one waits with one's own: each makes others look. */
const MOST_PER_SECOND = 6
/** Those who append over a connection to the database have no channel to tell: when no more messages come, one looks. */
const LOOK_AGAIN_MS = 1_000
/** For how long after the last message of such an append one takes it that there may be more. */
const MIXED_MS = 60_000
/** News that nobody told of for so long: the channel is dead, whatever it says (after a restart of PostgreSQL, or over its rate). */
const SILENCE_MS = 10_000
/** A start does not wait longer for Realtime; one asks until it comes. */
const JOIN_MS = 5_000
const REOPEN_MS = 1_000

const UNPUBLISHED =
  'changes of job_queue_state are not published; run: alter publication supabase_realtime add table job_queue_state'

const intakes = ['rows', 'requests'] as const satisfies readonly Incoming[]

/** Wakes those who wait for news of one queue. While the channel is not joined, or proves to be deaf, it asks instead. */
export class WakeChannel {
  readonly #options: WakeChannelOptions
  #channel: Channel | undefined
  #joined = false
  #closed = false
  #hasWarned = false
  /** What somebody told of, and what this process appended. */
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

  /** Resolves when wake-ups come, or are not to be waited for any longer. */
  async open(): Promise<void> {
    if (this.#options.source === 'poll') return this.#ask()
    this.#ask('Realtime does not answer')
    const first = Promise.withResolvers<void>()
    const impatience = setTimeout(first.resolve, JOIN_MS)
    this.#join(first.resolve)
    await first.promise
    clearTimeout(impatience)
  }

  /** This process has appended: unless somebody tells of it soon, it has to. */
  appended(version: number, concern: Concern, isUrgent: boolean): void {
    this.#own.note(version, concern)
    if (isUrgent && !this.#isCrowded) this.#tellIn(TELL_SOON_MS)
    else if (this.#telling === undefined) this.#tellIn(TELL_MS)
  }

  /** A heartbeat told how far the log is. Where no message said so, one was lost. */
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

  /** What the store has seen in any answer: beyond what was told, it is news that the channel should have brought. */
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
    // A message is a hint: what is not sent is found by the next heartbeat.
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
    // Also after every rejoin: what was sent meanwhile is lost. Changes flow some seconds later, and say so.
    if (this.#joined) return this.#options.source === 'broadcast' ? this.#flow() : this.#options.onWake()
    this.#ask('Realtime cannot be joined')
    // Errors and time-outs rejoin by themselves; a closed channel never comes back.
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

  /** `{version, direct, concerns}` after an append, `{intake}` when something came in. Anybody may send anything. */
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
    // Of an append of our own there is nothing to be read.
    if ((version as number) > this.#own.of('nobody')) this.#options.onWake(version as number, false, concern)
  }

  get #isMixed(): boolean {
    return performance.now() - this.#directAt < MIXED_MS
  }

  /** And once more, for what came in the time for which no second message is sent. */
  #wakeTwice(version: number | undefined, intake: Incoming | false): void {
    this.#options.onWake(version, intake)
    clearTimeout(this.#again)
    this.#again = setTimeout(() => this.#options.onWake(undefined, intake && 'both'), LOOK_AGAIN_MS).unref()
  }

  /** Wake-ups come: what came before them is looked for. */
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

  /** Unless it passes by itself. */
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
