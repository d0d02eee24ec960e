import type { RecordedEvent } from '../../core/index.ts'
import type { Concern, Incoming, OnWake, Wake } from '../index.ts'
import { type Announcement, Announcements } from './announcements.ts'
import type { Channel, ChannelStatus, SupabaseLike } from './client-shape.ts'
import { parseConcern } from './concern.ts'
import { newsIn } from './news.ts'

/** Where wake-ups come from: sent by the database, changes of `job_queue_state`, or nowhere. */
export type WakeSource = 'broadcast' | 'postgres_changes' | 'poll'

export interface WakeChannelOptions {
  readonly client: SupabaseLike
  readonly queue: string
  /** The topic of the queue's messages. It rejects while the database cannot be reached. */
  readonly topic: () => Promise<string>
  readonly source: WakeSource
  readonly onWake: OnWake
  /** After so many messages in the last second, this process delays its own. */
  readonly messagesPerSecond: number
  /** How often to ask while no wake-ups come. */
  readonly pollMs: number
  /** How long news may stay unannounced before the channel counts as dead, in milliseconds; 10,000 unless given. */
  readonly silenceMs?: number
  /** Called when no wake-ups come: once, until they come again. */
  readonly warn?: (message: string) => void
}

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

/** The log grew, nobody says how far. */
const grown: Wake = { type: 'appended', concern: 'all' }
const intakes = ['rows', 'requests'] as const satisfies readonly Incoming[]

/** Wakes those who wait for news of one queue. It polls while the channel is not joined, or proves dead. */
export class WakeChannel {
  readonly #options: WakeChannelOptions
  #channel: Channel | undefined
  #joined = false
  #closed = false
  #hasWarned = false
  readonly #announcements: Announcements
  #directAt = Number.NEGATIVE_INFINITY
  #newsSince: number | null = null
  #poll: NodeJS.Timeout | undefined
  #again: NodeJS.Timeout | undefined
  #complaint: NodeJS.Timeout | undefined

  constructor(options: WakeChannelOptions) {
    this.#options = options
    this.#announcements = new Announcements(options.messagesPerSecond, (each) => this.#tell(each))
  }

  /** Resolves when wake-ups come, or when it has waited long enough for them. */
  async open(): Promise<void> {
    if (this.#options.source === 'poll') return this.#ask()
    this.#ask('Realtime does not answer')
    const first = Promise.withResolvers<void>()
    const impatience = setTimeout(first.resolve, JOIN_MS)
    void this.#join(first.resolve)
    await first.promise
    clearTimeout(impatience)
  }

  /** This process has appended. It tells the others, unless another announcement comes soon. */
  appended(version: number, concern: Concern): void {
    this.#announcements.appended(version, concern)
  }

  /** Events that an answer had, or that this process appended. */
  sawEvents(events: readonly RecordedEvent[]): void {
    this.#announcements.saw(events)
  }

  /** The answer to a beat said how far the log goes. If no message said so, one was lost. */
  beaten(version: number): void {
    const concern = version > this.#announcements.version ? 'all' : 'nobody'
    this.#options.onWake({ type: 'appended', version, concern })
  }

  /** The version in any answer of the store. If it is beyond what was announced, the channel should have brought it. */
  saw(version: number): void {
    if (!this.#joined || version <= this.#announcements.version) {
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
    this.#announcements.close()
    clearTimeout(this.#complaint)
    const channel = this.#channel
    this.#channel = undefined
    if (channel) await this.#options.client.removeChannel(channel)
  }

  #tell(announcement: Announcement): boolean {
    const { queue, source } = this.#options
    if (!this.#joined || source !== 'broadcast') return false
    this.#newsSince = null
    const payload = { queue, ...announcement }
    // A message is a hint: if it is not sent, the next beat finds the append.
    void this.#channel?.send({ type: 'broadcast', event: 'wake', payload }).catch(() => {})
    return true
  }

  async #join(onFirst: () => void): Promise<void> {
    const { client, queue, source } = this.#options
    const topic = source === 'broadcast' ? await this.#topic() : `interlock:${queue}:changes`
    if (this.#closed) return
    if (topic === undefined) {
      setTimeout(() => void this.#join(onFirst), REOPEN_MS).unref()
      return
    }
    const channel = client.channel(topic, { config: { private: source === 'broadcast' } })
    this.#channel = channel
    if (source === 'broadcast') {
      channel.on('broadcast', { event: 'wake' }, ({ payload }) => this.#receive(payload))
    } else {
      const state = {
        event: 'UPDATE',
        schema: 'public',
        table: 'job_queue_state',
        filter: `queue=eq.${queue}`,
      }
      channel.on('postgres_changes', state, (change) => this.#receive(change['new']))
      channel.on('system', {}, ({ status }) => (status === 'ok' ? this.#flow() : this.#ask(UNPUBLISHED)))
    }
    channel.subscribe((status) => {
      if (channel !== this.#channel) return
      this.#followStatus(status)
      onFirst()
    })
  }

  /** Undefined: the database cannot be reached now. Meanwhile this process asks, which reports it. */
  #topic(): Promise<string | undefined> {
    return this.#options.topic().catch(() => undefined)
  }

  #followStatus(status: ChannelStatus): void {
    this.#joined = status === 'SUBSCRIBED'
    this.#newsSince = null
    // Also after every rejoin, since messages were lost meanwhile. Changes begin to flow some seconds later, and say so.
    if (this.#joined) return this.#options.source === 'broadcast' ? this.#flow() : this.#lookAtAll()
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
    if (!this.#closed) void this.#join(() => {})
  }

  /** `{version, direct, concerns, news}` after an append, `{intake}` when something came in. */
  #receive(payload: unknown): void {
    this.#announcements.count()
    const {
      version,
      intake,
      direct,
      concerns,
      news: given,
    } = (payload ?? {}) as Readonly<Record<string, unknown>>
    if (direct === true) this.#directAt = performance.now()
    if (intake !== undefined) {
      const incoming = intakes.find((each) => each === intake) ?? 'both'
      return this.#wakeTwice(
        { type: 'incoming', incoming },
        { type: 'incoming', incoming: 'both', again: true },
      )
    }
    this.#newsSince = null
    if (!Number.isSafeInteger(version)) return this.#options.onWake(grown)
    const concern = parseConcern(concerns)
    this.#announcements.received(version as number, concern)
    const news = newsIn(given)
    if (news !== undefined) this.#announcements.saw(news.events())
    const wake = { type: 'appended', version: version as number, concern, news } as const
    if (this.#isMixed) return this.#wakeTwice({ ...wake, concern: 'all' }, grown)
    // Of its own append, this process has nothing to read.
    if (wake.version > this.#announcements.ownVersion) this.#options.onWake(wake)
  }

  get #isMixed(): boolean {
    return performance.now() - this.#directAt < MIXED_MS
  }

  /** Wakes again later, for what came while no second message was sent. */
  #wakeTwice(wake: Wake, again: Wake): void {
    const { onWake } = this.#options
    onWake(wake)
    clearTimeout(this.#again)
    this.#again = setTimeout(() => onWake(again), LOOK_AGAIN_MS).unref()
  }

  #lookAtAll(): void {
    this.#options.onWake({ type: 'missed' })
  }

  /** Wake-ups come now. Looks for what came before them. */
  #flow(): void {
    clearInterval(this.#poll)
    clearTimeout(this.#complaint)
    this.#hasWarned = false
    this.#lookAtAll()
  }

  #ask(cause?: string): void {
    clearInterval(this.#poll)
    this.#poll = setInterval(() => this.#lookAtAll(), this.#options.pollMs).unref()
    if (cause !== undefined) this.#complainOf(cause)
  }

  /** Warns, unless the cause passes by itself. */
  #complainOf(cause: string): void {
    const { pollMs, warn } = this.#options
    clearTimeout(this.#complaint)
    if (this.#hasWarned) return
    this.#complaint = setTimeout(() => {
      this.#hasWarned = true
      warn?.(`No wake-ups: ${cause}. Until they work, Interlock polls the database every ${pollMs} ms`)
    }, JOIN_MS).unref()
  }
}
