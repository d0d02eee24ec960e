import { decodeEvents } from '../../codec/index.ts'
import type { News, OnWake } from '../../port/index.ts'

/** The announcement that rows may have arrived in `jobs`, on the channel of the appends. */
const INTAKE = 'intake'

/** What stands before `<queue>:<version>` if commands of these processes were carried out, or need no append. */
const HANDLED = /^handled:([^:]*):/

/**
 * Passes a notification on to a listener. After an append it is `<queue>:<version>`; if commands that processes handed in were
 * carried out, or need no append, `handled:<process>,…:` stands before that. `intake` is for every queue. A queue's name may
 * contain colons, and any role may send anything.
 *
 * @param payload undefined: notifications may have been missed, so everything has to be looked at
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

/** What a notification on the channel of a queue says (`job_queue_append`). Undefined: it cannot be read. */
export function newsOf(payload: string): News | undefined {
  const [after, version, at, epoch] = payload.split(' ', 4).map(Number)
  const begin = payload.indexOf('[')
  if (begin < 0 || !isCount(after) || !isCount(version) || !isCount(at) || !isCount(epoch)) return undefined
  // Decoded only when needed: most notifications are of this process's own appends.
  return { after, version, at, epoch, events: () => decodeEvents(JSON.parse(payload.slice(begin))) }
}

const isCount = (value: number | undefined): value is number => Number.isSafeInteger(value)
