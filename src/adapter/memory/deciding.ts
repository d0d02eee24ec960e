import { invalidInput } from '../../core/index.ts'
import type { DecidingRole, HandedIn, Handled } from '../../port/index.ts'
import type { MemoryQueue } from './database.ts'

/** Handed-in commands are deleted after 10 s; in microseconds. */
const KEPT = 10_000_000

/** `job_queue_hand_in` and `job_queue_pick_up`. */
export function decidingIn(queueOf: (name: string) => MemoryQueue, now: () => number): DecidingRole {
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
          ...fresh.map((one) => ({ ...one, sender, at })),
        ]
        return { decides: false }
      }
      queue.decider = { name: sender, until: now() + forMs * 1_000 }
      handledIn(queue, { done: [], senders: [sender] })
      return { decides: true, version: queue.log.length, handed: handedTo(queue, now()) }
    },
    pickUp: async (name, { decider, forMs, resigns, ...handled }) => {
      checkTerm(forMs)
      const queue = queueOf(name)
      const isDecider = queue.decider?.name === decider
      if (isDecider) queue.decider = { name: decider, until: now() + forMs * 1_000 }
      handledIn(queue, handled)
      const handed = isDecider ? handedTo(queue, now()) : []
      const resigned = isDecider && resigns && handed.length === 0
      if (resigned) queue.decider = null
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
export function handledIn(queue: MemoryQueue, { done, senders }: Handled): void {
  const gone = new Set(done)
  queue.handedIn = queue.handedIn.filter(({ command }) => !gone.has(command.id))
  if (senders.length > 0) for (const wake of queue.listeners) queueMicrotask(() => wake(senders))
}
