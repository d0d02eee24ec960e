import { randomBytes } from 'node:crypto'
import type pg from 'pg'
import { channelIn, type OnWake, type Wake } from '../index.ts'
import { answersOf, newsOf, notedOf, tellWake, tellWakes } from '../sql/index.ts'
import { type Ask, askWithin } from './connections.ts'

export interface ListenerOptions {
  /** Of the installation; the default unless given. */
  readonly schema?: string | undefined
  /** How often to check that the connection is alive: a half-open socket does not tell. */
  readonly checkMs: number
  /** How long the answer may take, in milliseconds. */
  readonly answerMs: number
  /** The longest pause between two tries to connect, in milliseconds. */
  readonly retryMs: number
  /** Told when the connection is lost, or none is made. */
  readonly onLost: () => void
  /** Called once if this server or pooler does not support listening. */
  readonly warn: (message: string) => void
}

const FIRST_RETRY_MS = 100

/**
 * Wakes those who wait for news of a queue, over a connection of its own that reconnects after every loss. After each
 * (re)connection it wakes everybody once, since notifications sent meanwhile are lost.
 */
export class PostgresListener {
  readonly #connect: () => pg.Client
  readonly #options: ListenerOptions
  readonly #channel: string
  readonly #subscribers = new Subscribers()
  readonly #inTurn = new InTurn()
  readonly #ask: Ask
  #client: pg.Client | null = null
  #isListening = false
  /** This server or pooler does not support listening. */
  #getsNothing = false
  #starting: Promise<void> | null = null
  #timer: NodeJS.Timeout | undefined
  #retryMs = FIRST_RETRY_MS

  constructor(connect: () => pg.Client, options: ListenerOptions) {
    this.#connect = connect
    this.#options = options
    this.#channel = channelIn(options.schema)
    const askNow = askWithin(options.answerMs, options.schema)
    this.#ask = (on, question) => this.#inTurn.run(() => askNow(on, question))
  }

  /** Resolves when it listens to the channel, or when the first try has failed: the poll then finds what was missed. */
  async add(queue: string, onWake: OnWake): Promise<() => Promise<void>> {
    const subscribers = this.#subscribers
    const end = subscribers.add(queue, onWake)
    await this.#start()
    const client = this.#client
    if (this.#isListening && client !== null && !subscribers.isAnnounced(queue))
      await this.#listenTo(client, queue)
    return async () => {
      end()
      if (subscribers.isEmpty) await this.close()
    }
  }

  /** The connection is known to work, and nobody uses it just now. */
  isFree(): boolean {
    return this.#isListening && this.#inTurn.isFree
  }

  /** Lends the connection, to one after the other. Rejects while it does not listen. */
  use<Out>(work: (connection: pg.Client) => Promise<Out>): Promise<Out> {
    return this.#inTurn.run(async () => {
      if (!this.#isListening || this.#client === null) throw new Error('the connection that listens was lost')
      return work(this.#client)
    })
  }

  /** Leaves the connection for another: its server takes no writes. */
  leave(): void {
    if (this.#isListening && this.#client !== null) this.#drop(this.#client)
  }

  /** Where this process can be told something that is for nobody else, while it listens. */
  address(): string | undefined {
    return this.#isListening ? this.#subscribers.address : undefined
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer)
    this.#subscribers.clear()
    const last = this.#client
    this.#client = null
    this.#isListening = false
    await this.#starting
    if (last) await endOf(last)
  }

  #start(): Promise<void> {
    if (this.#client !== null || this.#getsNothing) return this.#starting ?? Promise.resolve()
    this.#starting = this.#open()
    return this.#starting
  }

  async #open(): Promise<void> {
    const opened = this.#connect()
    this.#client = opened
    opened.on('error', () => this.#drop(opened))
    opened.on('end', () => this.#drop(opened))
    opened.on('notification', ({ channel, payload = '' }) => this.#subscribers.receive(channel, payload))
    try {
      await opened.connect()
      await this.#ask(opened, `listen "${this.#channel}"`)
      await this.#ask(opened, `listen ${this.#subscribers.address}`)
      await Promise.all(this.#subscribers.queues.map((queue) => this.#listenTo(opened, queue)))
      this.#retryMs = FIRST_RETRY_MS
      await this.#check(opened)
      this.#isListening = this.#client === opened
      this.#subscribers.tellAll()
    } catch {
      this.#drop(opened)
    }
  }

  /** Without that channel (the role may lack the privilege to look it up), every append is read from the log. */
  async #listenTo(on: pg.Client, queue: string): Promise<void> {
    const channel = await channelOf(this.#ask, on, queue).catch(() => undefined)
    if (channel !== undefined) this.#subscribers.announce(queue, channel)
  }

  async #check(checked: pg.Client): Promise<void> {
    if (this.#client !== checked) return
    const { checkMs, warn } = this.#options
    try {
      if (await getsNotifications(this.#ask, checked, this.#channel))
        return this.#later(checkMs, () => void this.#check(checked))
      this.#getsNothing = true
      warn('this connection cannot LISTEN (a pooler in transaction mode?); Interlock polls instead')
    } catch {
      // No answer in time: the connection is lost.
    }
    this.#drop(checked)
  }

  /** Also ends a connection that no longer answers; `end` would wait for it. */
  #drop(lost: pg.Client): void {
    lost.removeAllListeners('notification')
    lost.connection.stream.destroy()
    if (this.#client !== lost) return
    this.#client = null
    this.#isListening = false
    const { onLost, retryMs } = this.#options
    onLost()
    if (this.#subscribers.isEmpty || this.#getsNothing) return
    this.#later(this.#retryMs * (0.5 + Math.random()), () => void this.#start())
    this.#retryMs = Math.min(this.#retryMs * 2, retryMs)
  }

  #later(ms: number, then: () => void): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(then, ms)
    this.#timer.unref()
  }
}

/** Listens to the channel on which this queue's appends are announced. @throws what the driver throws */
async function channelOf(ask: Ask, client: pg.Client, queue: string): Promise<string | undefined> {
  const text = `select k.channel from interlock.job_queue_heads k where k.queue = $1 order by k.version desc limit 1`
  const [head] = (await ask<{ channel: string }>(client, { text, values: [queue] })).rows
  if (head === undefined || !/^interlock_\w+$/.test(head.channel)) return undefined
  await ask(client, `listen ${head.channel}`)
  return head.channel
}

/** Says goodbye, but does not wait for the answer of a peer that is gone. */
export async function endOf(client: pg.Client): Promise<void> {
  const impatience = setTimeout(() => client.connection.stream.destroy(), 500)
  await client.end().catch(() => {})
  clearTimeout(impatience)
}

/** True if notifications arrive: behind a pooler in transaction mode, another session did the LISTEN. */
async function getsNotifications(ask: Ask, client: pg.Client, own: string): Promise<boolean> {
  const { rows } = await ask<{ channel: unknown }>(client, 'select pg_listening_channels() as channel')
  return rows.some(({ channel }) => channel === own)
}

/** Runs one piece of work after the other: the driver wants no question to wait behind another on a connection. */
class InTurn {
  #last: Promise<void> | undefined

  /** Nothing is under way: what is run now begins at once. */
  get isFree(): boolean {
    return this.#last === undefined
  }

  async run<Out>(work: () => Promise<Out>): Promise<Out> {
    const before = this.#last
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#last = promise
    if (before !== undefined) await before
    try {
      return await work()
    } finally {
      if (this.#last === promise) this.#last = undefined
      resolve()
    }
  }
}

/** Those who wait for news of a queue. Reads what is notified, and tells it to those that it concerns. */
class Subscribers {
  readonly #byQueue = new Map<string, Set<OnWake>>()
  /** By channel, the queues whose small appends are announced there with their events. Only channels that are listened to. */
  readonly #announced = new Map<string, string>()
  #received: string[] = []
  /** The channel of this process alone. Hard to guess: any role may listen to a channel that it knows, and send to it. */
  readonly address = `interlock_${randomBytes(12).toString('hex')}`

  get queues(): readonly string[] {
    return [...this.#byQueue.keys()]
  }

  get isEmpty(): boolean {
    return this.#byQueue.size === 0
  }

  /** Returns what ends it. */
  add(queue: string, onWake: OnWake): () => void {
    // A new function, so that one callback can be registered twice.
    const own: OnWake = (wake) => onWake(wake)
    const those = this.#byQueue.get(queue) ?? new Set()
    this.#byQueue.set(queue, those.add(own))
    return () => {
      those.delete(own)
      if (those.size === 0 && this.#byQueue.get(queue) === those) this.#byQueue.delete(queue)
    }
  }

  clear(): void {
    this.#byQueue.clear()
  }

  /** Small appends of this queue are announced on this channel, and it is listened to. */
  announce(queue: string, channel: string): void {
    this.#announced.set(channel, queue)
  }

  isAnnounced(queue: string): boolean {
    return [...this.#announced.values()].includes(queue)
  }

  /** Something may have been missed. */
  tellAll(): void {
    for (const [queue, those] of this.#byQueue) for (const onWake of those) tellWake(undefined, queue, onWake)
  }

  receive(channel: string, payload: string): void {
    const queue = this.#announced.get(channel)
    if (channel === this.address) this.#receiveOwn(payload)
    else if (queue === undefined) this.#receiveCommon(payload)
    else this.#receiveNews(queue, payload)
  }

  /** What comes together is told together: one notification may say more about another. */
  #receiveCommon(payload: string): void {
    if (this.#received.push(payload) > 1) return
    queueMicrotask(() => {
      const payloads = this.#received
      this.#received = []
      for (const [queue, those] of this.#byQueue)
        for (const onWake of those) tellWakes(payloads, queue, onWake)
    })
  }

  /** What is for this process alone: what came of the commands that it has published, and progress that it follows. */
  #receiveOwn(payload: string): void {
    const noted = notedOf(payload)
    if (noted !== undefined) return this.#tell(noted.queue, { type: 'noted', note: noted.note })
    const answers = answersOf(payload)
    if (answers === undefined) return
    for (const queue of this.#byQueue.keys()) this.#tell(queue, { type: 'answers', answers })
  }

  #receiveNews(queue: string, payload: string): void {
    const news = newsOf(payload)
    if (news === undefined) return
    // The usual message follows, and says which processes it concerns.
    this.#tell(queue, { type: 'appended', version: news.version, concern: 'nobody', news })
  }

  #tell(queue: string, wake: Wake): void {
    for (const onWake of this.#byQueue.get(queue) ?? []) onWake(wake)
  }
}
