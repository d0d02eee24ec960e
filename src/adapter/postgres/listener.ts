import { randomBytes } from 'node:crypto'
import type pg from 'pg'
import type { OnWake, Wake } from '../../port/index.ts'
import { answersOf, commandsIn, newsOf, tellWake, tellWakes } from '../sql/index.ts'
import { type Ask, askWithin } from './ask.ts'
import { InTurn } from './in-turn.ts'

export interface Listener {
  /** Resolves when it listens to the channel, or when the first try has failed: the poll then finds what was missed. */
  add(queue: string, onWake: OnWake): Promise<() => Promise<void>>
  /** The connection is known to work. */
  isListening(): boolean
  /** Nobody uses it just now either. */
  isFree(): boolean
  /** Lends the connection, to one after the other. Rejects while it does not listen. */
  use<Out>(work: (connection: pg.Client) => Promise<Out>): Promise<Out>
  /** Leaves the connection for another: its server takes no writes. */
  leave(): void
  /** Where this process can be told something that is for nobody else, while it listens. */
  address(): string | undefined
  close(): Promise<void>
}

export interface ListenerOptions {
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

const CHANNEL = 'interlock'
const FIRST_RETRY_MS = 100

/**
 * Wakes those who wait for news of a queue, over a connection of its own that reconnects after every loss. After each
 * (re)connection it wakes everybody once, since notifications sent meanwhile are lost.
 */
export function createListener(connect: () => pg.Client, options: ListenerOptions): Listener {
  const inTurn = new InTurn()
  const askNow = askWithin(options.answerMs)
  const ask: Ask = (on, question) => inTurn.run(() => askNow(on, question))
  const wakes = new Map<string, Set<OnWake>>()
  let client: pg.Client | null = null
  let listening = false
  let starting: Promise<void> | null = null
  let timer: NodeJS.Timeout | undefined
  let retryMs = FIRST_RETRY_MS
  let deaf = false
  /** By channel, the queues whose small appends are announced there with their events. Only channels that it listens to. */
  const queues = new Map<string, string>()

  /** Hard to guess: any role may listen to a channel that it knows, and send to it. */
  const address = `interlock_${randomBytes(12).toString('hex')}`
  let heard: string[] = []

  const tellAll = () => {
    for (const [queue, set] of wakes) for (const onWake of set) tellWake(undefined, queue, onWake)
  }

  /** What comes together is told together: one notification may say more about another. */
  const tell = (payload: string) => {
    if (heard.push(payload) > 1) return
    queueMicrotask(() => {
      const payloads = heard
      heard = []
      for (const [queue, set] of wakes) for (const onWake of set) tellWakes(payloads, queue, onWake)
    })
  }

  /** What is for this process alone: commands that it is to decide, or what came of its own. */
  const tellOwn = (payload: string) => {
    const commands = commandsIn(payload)
    if (commands !== undefined) {
      for (const onWake of wakes.get(commands.queue) ?? []) onWake({ type: 'commands', commands })
      return
    }
    const answers = answersOf(payload)
    if (answers === undefined) return
    for (const set of wakes.values()) for (const onWake of set) onWake({ type: 'answers', answers })
  }

  const tellNews = (queue: string, payload: string) => {
    const news = newsOf(payload)
    if (news === undefined) return
    // The usual message follows, and says which processes it concerns.
    const wake: Wake = { type: 'appended', version: news.version, concern: 'nobody', news }
    for (const onWake of wakes.get(queue) ?? []) onWake(wake)
  }

  /** Without that channel (the role may lack the privilege to look it up), every append is read from the log. */
  const listenTo = async (on: pg.Client, queue: string) => {
    const channel = await channelOf(ask, on, queue).catch(() => undefined)
    if (channel !== undefined) queues.set(channel, queue)
  }

  const listensTo = (queue: string) => [...queues.values()].includes(queue)

  const later = (ms: number, then: () => void) => {
    clearTimeout(timer)
    timer = setTimeout(then, ms)
    timer.unref()
  }

  /** Also ends a connection that no longer answers; `end` would wait for it. */
  const drop = (lost: pg.Client) => {
    lost.removeAllListeners('notification')
    lost.connection.stream.destroy()
    if (client !== lost) return
    client = null
    listening = false
    options.onLost()
    if (wakes.size === 0 || deaf) return
    later(retryMs * (0.5 + Math.random()), () => void start())
    retryMs = Math.min(retryMs * 2, options.retryMs)
  }

  const check = async (checked: pg.Client) => {
    if (client !== checked) return
    try {
      if (await hears(ask, checked)) return later(options.checkMs, () => void check(checked))
      deaf = true
      options.warn('this connection cannot LISTEN (a pooler in transaction mode?); Interlock polls instead')
    } catch {
      // No answer in time: the connection is lost.
    }
    drop(checked)
  }

  const open = async () => {
    const opened = connect()
    client = opened
    opened.on('error', () => drop(opened))
    opened.on('end', () => drop(opened))
    opened.on('notification', ({ channel, payload = '' }) => {
      const queue = queues.get(channel)
      if (channel === address) tellOwn(payload)
      else if (queue === undefined) tell(payload)
      else tellNews(queue, payload)
    })
    try {
      await opened.connect()
      await ask(opened, `listen ${CHANNEL}`)
      await ask(opened, `listen ${address}`)
      await Promise.all([...wakes.keys()].map((queue) => listenTo(opened, queue)))
      retryMs = FIRST_RETRY_MS
      await check(opened)
      listening = client === opened
      tellAll()
    } catch {
      drop(opened)
    }
  }

  const start = () => {
    if (client !== null || deaf) return starting ?? Promise.resolve()
    starting = open()
    return starting
  }

  const close = async () => {
    clearTimeout(timer)
    wakes.clear()
    const last = client
    client = null
    listening = false
    await starting
    if (last) await endOf(last)
  }

  return {
    add: async (queue, onWake) => {
      // A new function, so that one callback can be registered twice.
      const own: OnWake = (wake) => onWake(wake)
      const set = wakes.get(queue) ?? new Set()
      wakes.set(queue, set.add(own))
      await start()
      if (listening && client !== null && !listensTo(queue)) await listenTo(client, queue)
      return async () => {
        set.delete(own)
        if (set.size === 0 && wakes.get(queue) === set) wakes.delete(queue)
        if (wakes.size === 0) await close()
      }
    },
    isListening: () => listening,
    isFree: () => listening && inTurn.isFree,
    use: (work) =>
      inTurn.run(async () => {
        if (!listening || client === null) throw new Error('the connection that listens was lost')
        return work(client)
      }),
    leave: () => {
      if (listening && client !== null) drop(client)
    },
    address: () => (listening ? address : undefined),
    close,
  }
}

/** Listens to the channel on which this queue's appends are announced. @throws what the driver throws */
async function channelOf(ask: Ask, client: pg.Client, queue: string): Promise<string | undefined> {
  const text = `select k.channel from public.job_queue_heads k where k.queue = $1 order by k.version desc limit 1`
  const [head] = (await ask<{ channel: string }>(client, { text, values: [queue] })).rows
  if (head === undefined || !/^interlock_\w+$/.test(head.channel)) return undefined
  await ask(client, `listen ${head.channel}`)
  return head.channel
}

/** Says goodbye, but does not wait for the answer of a peer that is gone. */
async function endOf(client: pg.Client): Promise<void> {
  const impatience = setTimeout(() => client.connection.stream.destroy(), 500)
  await client.end().catch(() => {})
  clearTimeout(impatience)
}

/** True if notifications arrive: behind a pooler in transaction mode, another session did the LISTEN. */
async function hears(ask: Ask, client: pg.Client): Promise<boolean> {
  const { rows } = await ask<{ channel: unknown }>(client, 'select pg_listening_channels() as channel')
  return rows.some(({ channel }) => channel === CHANNEL)
}
