import { decodeEvents } from '../../codec/index.ts'
import type { News, OnWake } from '../../port/index.ts'

/** What rows that may have arrived in `jobs` are announced with, on the channel of the appends. */
const INTAKE = 'intake'

/** What comes before `<queue>:<version>` where commands of these processes are done with. */
const HANDLED = /^handled:([^:]*):/

/**
 * Tells a listener what a notification says: `<queue>:<version>` after an append, with `handled:<process>,…:` before it where commands of those were done with, `intake` for every queue. A queue's name
 * may hold colons, and anybody may send anything.
 *
 * @param payload undefined: something may have been missed, so everything is to be looked at
 */
export function tellWake(payload: string | undefined, queue: string, onWake: OnWake): void {
  if (payload === undefined) return onWake()
  if (payload === INTAKE) return onWake(undefined, 'both')
  const senders = HANDLED.exec(payload)
  if (senders !== null) tellAppend(payload.slice(senders[0].length), queue, onWake, senders[1]?.split(','))
  tellAppend(payload, queue, onWake)
}

function tellAppend(said: string, queue: string, onWake: OnWake, handled?: readonly string[]): void {
  const colon = said.lastIndexOf(':')
  if (said.slice(0, colon) !== queue) return
  const version = Number(said.slice(colon + 1))
  const known = Number.isSafeInteger(version) ? version : undefined
  if (handled === undefined) onWake(known, false)
  else onWake(known, false, 'nobody', handled)
}

/** What a notification on the channel of a queue says (`job_queue_append`); undefined: nothing that can be read. */
export function newsOf(payload: string): News | undefined {
  const [after, version, at, epoch] = payload.split(' ', 4).map(Number)
  const begin = payload.indexOf('[')
  if (begin < 0 || !isCount(after) || !isCount(version) || !isCount(at) || !isCount(epoch)) return undefined
  // Most of it is of this process's own appends: the events are looked at when they are needed.
  return { after, version, at, epoch, events: () => decodeEvents(JSON.parse(payload.slice(begin))) }
}

const isCount = (value: number | undefined): value is number => Number.isSafeInteger(value)
