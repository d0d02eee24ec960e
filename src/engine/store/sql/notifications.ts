import type { Json } from '../../core/index.ts'
import { decodeEvents } from '../../events/index.ts'
import type { Concern, News, NotedProgress, OnWake } from '../index.ts'

/** The announcement that rows may have arrived in `jobs`, on the channel of the appends. */
const INTAKE = 'intake'

/** What stands before `<senders>:<queue>:<version>` if commands of these processes were carried out, or need no append. */
const ANSWERED = 'answered:'
/** What stands before the name of a queue whose combiner has resigned. */
const RESIGNED = 'resigned:'

/** A sender is a worker id: its name may stand before a colon (`oncall:w3fK0aB9`), and has neither colon nor comma. */
const SENDERS = /^[^:,]+(:[^:,]+)?(,[^:,]+(:[^:,]+)?)*$/

/** What says which processes an append by the combiner concerns: it comes after `<queue>:<version>`, with the same in it. */
const COMBINED = /^combined:(nobody|free|all):/

/** Tells a listener what notifications say that have come together. */
export function tellWakes(payloads: readonly string[], queue: string, onWake: OnWake): void {
  const concerns = new Map<string, Concern>()
  for (const payload of payloads) {
    const combined = COMBINED.exec(payload)
    if (combined === null) continue
    const said = payload.slice(combined[0].length)
    concerns.set(said, combined[1] as Concern)
    const version = versionIn(said, queue)
    // Who has published nothing learns of the combiner.
    if (version !== null) onWake({ type: 'answered', senders: [], version })
  }
  for (const payload of payloads) tellWake(payload, queue, onWake, concerns.get(payload))
}

/**
 * Passes a notification on to a listener. After an append it is `<queue>:<version>`; if commands that processes published were
 * carried out, or need no append, `answered:<process>,…:` stands before that. `resigned:<queue>`: there is no combiner any more.
 * `intake` is for every queue. A queue's name may contain colons, and any role may send anything.
 *
 * @param payload undefined: notifications may have been missed, so everything has to be looked at
 */
export function tellWake(
  payload: string | undefined,
  queue: string,
  onWake: OnWake,
  concern: Concern = 'all',
): void {
  if (payload === undefined) return onWake({ type: 'missed' })
  if (payload === INTAKE) return onWake({ type: 'incoming', incoming: 'both' })
  if (payload === RESIGNED + queue) return onWake({ type: 'resigned' })
  const answered = answeredIn(payload, queue)
  if (answered !== null) onWake({ type: 'answered', ...answered })
  const version = versionIn(payload, queue)
  if (version !== null) onWake({ type: 'appended', version, concern })
}

/** Null: it says no such thing, or is about another queue. */
function answeredIn(payload: string, queue: string) {
  const end = payload.lastIndexOf(`:${queue}:`)
  if (!payload.startsWith(ANSWERED) || end < ANSWERED.length) return null
  const said = payload.slice(ANSWERED.length, end)
  const version = versionIn(payload.slice(end + 1), queue)
  return version === null || !SENDERS.test(said) ? null : { version, senders: said.split(',') }
}

/** Null: it is about another queue. */
function versionIn(said: string, queue: string): number | undefined | null {
  const colon = said.lastIndexOf(':')
  if (said.slice(0, colon) !== queue) return null
  const version = Number(said.slice(colon + 1))
  return Number.isSafeInteger(version) ? version : undefined
}

/** What stands before the events if their commit waits for a standby. */
const WAITS = ' waits '

/** What a notification on the channel of a queue says (`job_queue_append`). Undefined: it cannot be read. */
export function newsOf(payload: string): News | undefined {
  const [after, version, at, epoch] = payload.split(' ', 4).map(Number)
  const begin = payload.indexOf('[')
  if (begin < 0 || !isCount(after) || !isCount(version) || !isCount(at) || !isCount(epoch)) return undefined
  const isUnconfirmed = payload.startsWith(WAITS, begin - WAITS.length)
  // Decoded only when needed: most notifications are of this process's own appends.
  const events = () => decodeEvents(JSON.parse(payload.slice(begin)))
  return { after, version, at, epoch, ...(isUnconfirmed && { isUnconfirmed }), events }
}

/** What stands before a note of an attempt, on the address of a process that follows it. */
const NOTED = 'noted '

/** What a notification on the address of a process says (`job_queue_note`); undefined: something else, or it cannot be read. */
export function notedOf(
  payload: string,
): { readonly queue: string; readonly note: NotedProgress } | undefined {
  if (!payload.startsWith(NOTED)) return undefined
  try {
    const { queue, job_id: jobId, ...rest } = JSON.parse(payload.slice(NOTED.length)) as Noted
    return { queue, note: { jobId, ...rest } }
  } catch {
    return undefined
  }
}

interface Noted {
  readonly queue: string
  readonly job_id: string
  readonly progress?: Json
}

const isCount = (value: number | undefined): value is number => Number.isSafeInteger(value)
