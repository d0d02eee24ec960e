import { decodeEvents } from '../../codec/index.ts'
import type { Concern, News, OnWake } from '../../port/index.ts'

/** What rows that may have arrived in `jobs` are announced with, on the channel of the appends. */
const INTAKE = 'intake'

/** What comes before `<queue>:<version>` where commands of these processes are done with. */
const HANDLED = /^handled:([^:]*):/

/** What says whom an append of the process that decides for all concerns: it comes after `<queue>:<version>`, with the same in it. */
const DECIDED = /^decided:(nobody|free|all):/

/** The same for notifications that have come together. */
export function tellWakes(payloads: readonly string[], queue: string, onWake: OnWake): void {
  const concerns = new Map<string, Concern>()
  for (const payload of payloads) {
    const decided = DECIDED.exec(payload)
    if (decided === null) continue
    const said = payload.slice(decided[0].length)
    concerns.set(said, decided[1] as Concern)
    const version = versionIn(said, queue)
    // Who has handed nothing in learns of the process that decides.
    if (version !== null) onWake(version, false, 'nobody', [])
  }
  for (const payload of payloads) tellWake(payload, queue, onWake, concerns.get(payload))
}

/**
 * Tells a listener what a notification says: `<queue>:<version>` after an append, with `handled:<process>,…:` before it where commands of those were done with, `intake` for every queue. A queue's name
 * may hold colons, and anybody may send anything.
 *
 * @param payload undefined: something may have been missed, so everything is to be looked at
 */
export function tellWake(
  payload: string | undefined,
  queue: string,
  onWake: OnWake,
  concern: Concern = 'all',
): void {
  if (payload === undefined) return onWake()
  if (payload === INTAKE) return onWake(undefined, 'both')
  const senders = HANDLED.exec(payload)
  if (senders !== null) {
    const version = versionIn(payload.slice(senders[0].length), queue)
    if (version !== null) onWake(version, false, 'nobody', senders[1]?.split(','))
  }
  const version = versionIn(payload, queue)
  if (version !== null) onWake(version, false, concern)
}

/** Null: it is about another queue. */
function versionIn(said: string, queue: string): number | undefined | null {
  const colon = said.lastIndexOf(':')
  if (said.slice(0, colon) !== queue) return null
  const version = Number(said.slice(colon + 1))
  return Number.isSafeInteger(version) ? version : undefined
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
