/** A process of a measurement: connects to its peer, then does what it is told to, and says how often handlers were called. */
import { setTimeout as delay } from 'node:timers/promises'
import { asked } from '../frame/child.ts'
import { peerNamed } from './all.ts'
import { clock } from './clock.ts'
import { measureEnqueue } from './enqueue-rate.ts'
import { measureInTransaction } from './in-transaction.ts'
import type { Setting } from './peer.ts'
import type { Order, Report, Telling } from './process.ts'
import { resultOf } from './tasks.ts'

/** How often the parent is told how far this is. */
const TELL_MS = 20

const { peer, setting } = asked<{ readonly peer: string; readonly setting: Setting }>()
const session = await peerNamed(peer).connect(setting)
let starts: number[] = []
let told = 0
let stop: () => Promise<unknown> = async () => {}

const tell = (telling: Telling) => void process.send?.(telling)

async function obey(order: Order): Promise<unknown> {
  if (order.do === 'work') return work(order.each)
  if (order.do === 'stop') return report()
  if (order.do === 'enqueue')
    return order.inTransaction === true
      ? measureInTransaction(session, setting, order)
      : measureEnqueue(session, order)
  if (order.do === 'usage') return usage()
  return leave()
}

/** @param each tells of each call of a handler */
async function work(each: boolean): Promise<void> {
  starts = []
  told = 0
  stop = await session.work((n) => {
    const at = clock()
    starts.push(at)
    if (each) tell({ handled: n, at })
    return labour(n)
  })
}

/** At once where there is nothing to do. */
function labour(n: number): object | Promise<object> {
  const work = setting.labour
  if (work === undefined) return resultOf(n)
  if ('restMs' in work) return delay(work.restMs, resultOf(n))
  const until = clock() + work.burnMs
  while (clock() < until);
  return resultOf(n)
}

async function report(): Promise<Report> {
  await stop()
  stop = async () => {}
  return { starts }
}

function usage() {
  const { user, system } = process.cpuUsage()
  return { cpuMs: (user + system) / 1_000, mb: process.memoryUsage.rss() / 2 ** 20 }
}

async function leave(): Promise<void> {
  // What it still has to say goodbye to is dropped in a moment.
  setTimeout(() => process.exit(), 1_000).unref()
  await stop().catch(() => {})
  await session.close().catch(() => {})
  process.exit()
}

setInterval(() => {
  if (starts.length === told) return
  told = starts.length
  tell({ handled: told })
}, TELL_MS).unref()

process.on('disconnect', () => process.exit())
process.on('message', (order: Order) => {
  obey(order).then(
    // What is undefined does not arrive.
    (answer) => tell({ answer: answer ?? null }),
    (error: unknown) => tell({ failed: String((error as Error).stack ?? error) }),
  )
})
tell({ answer: 'connected' })
