import { invalidInput } from '../../core/index.ts'
import type { DecidingRole, HandedIn, Handled, HandledByAppend } from '../../port/index.ts'
import { dataOf } from './data.ts'
import type { MemoryQueue, Said } from './database.ts'

/** Handed-in commands are deleted after 10 s; in microseconds. */
const KEPT = 10_000_000

/** `job_queue_hand_in` and `job_queue_pick_up`. @param address of the store: what is said to it, only its listeners hear */
export function decidingIn(
  queueOf: (name: string) => MemoryQueue,
  now: () => number,
  address: string,
): DecidingRole {
  return {
    handIn: async (name, { sender, forMs, commands }) => {
      checkTerm(forMs)
      const queue = queueOf(name)
      const { decider } = queue
      if (decider !== null && decider.name !== sender && decider.until >= now()) {
        const at = now()
        const again = new Set(commands.map(({ command }) => command.id))
        const known = new Set(queue.handedIn.map(({ command }) => command.id))
        const fresh = structuredClone(commands.filter(({ command }) => !known.has(command.id)))
        queue.handedIn = [
          ...queue.handedIn.map((one) => (again.has(one.command.id) ? { ...one, at } : one)),
          ...fresh.map((one) => ({ ...one, sender, answerTo: address, at })),
        ]
        return { decides: false, decider: { decider: decider.name, to: decider.to } }
      }
      queue.decider = { name: sender, until: now() + forMs * 1_000, to: address }
      handledIn(queue, { done: [], senders: [sender] })
      return { decides: true, version: queue.log.length, handed: handedTo(queue, now()) }
    },
    tell: async (name, { decider, to }, { sender, commands, afterMs }) => {
      const handed = structuredClone(commands).map((one) => ({
        ...one,
        sender,
        answerTo: address,
        isTold: true,
      }))
      say(queueOf(name), { commands: { decider, to, handed, afterMs } })
      return true
    },
    pickUp: async (name, { decider, forMs, resigns, ...handled }) => {
      checkTerm(forMs)
      const queue = queueOf(name)
      const isDecider = queue.decider?.name === decider
      if (isDecider) queue.decider = { name: decider, until: now() + forMs * 1_000, to: address }
      handledIn(queue, handled)
      const handed = isDecider ? handedTo(queue, now()) : []
      const resigned = isDecider && resigns && handed.length === 0
      if (resigned) {
        queue.decider = null
        say(queue, { handled: null })
      }
      return { decides: isDecider && !resigned, handed }
    },
  }
}

/** Refuses what the database refuses. */
function checkTerm(forMs: number): void {
  if (!Number.isInteger(forMs) || forMs < 1 || forMs > 60_000)
    throw invalidInput('for_ms: must be a whole number from 1 to 60,000')
}

/** `job_queue_handed` */
export function handedTo({ handedIn }: MemoryQueue, now: number): readonly HandedIn[] {
  const kept = handedIn.filter(({ at }) => at > now - KEPT).slice(0, 500)
  return kept.map(({ at: _, ...handed }) => structuredClone(handed))
}

/** `job_queue_handled` */
function handledIn(queue: MemoryQueue, { done, senders }: Handled): void {
  const gone = new Set(done)
  queue.handedIn = queue.handedIn.filter(({ command }) => !gone.has(command.id))
  if (senders.length > 0) say(queue, { handled: senders })
}

function say(queue: MemoryQueue, said: Said): void {
  for (const wake of queue.listeners) queueMicrotask(() => wake(said))
}

/** `job_queue_append_told` */
export function toldIn(queue: MemoryQueue, { answers = [], ...handled }: HandledByAppend): void {
  const version = queue.log.length
  for (const { to, wanted, answers: said } of answers) {
    const told = structuredClone({ to, version, answers: said, data: dataOf(queue, wanted) })
    say(queue, { told })
  }
  say(queue, { handled: [] })
  handledIn(queue, handled)
}
