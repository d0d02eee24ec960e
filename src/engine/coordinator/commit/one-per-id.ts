import { InterlockError } from '../../core/index.ts'
import type { Pending } from './pending.ts'

/** Two processes may have taken the same request: its command is carried out once, and who waits for it is answered. */
export function onePerId(batch: readonly Pending[]): Map<string, Pending> {
  const open = new Map<string, Pending>()
  for (const pending of batch) {
    const { id, hash } = pending.command
    const twin = open.get(id)
    if (twin === undefined) open.set(id, pending)
    else if (twin.command.hash === hash) open.set(id, bothOf(twin, pending))
    else pending.reject(commandReused(id))
  }
  return open
}

/** The one that this process was given itself stays with it, whatever becomes of its part among the others. */
function bothOf(a: Pending, b: Pending): Pending {
  const [first, second] = a.isOthers === true ? [b, a] : [a, b]
  return {
    ...first,
    resolve: (result) => {
      first.resolve(result)
      second.resolve(result)
    },
    reject: (error) => {
      first.reject(error)
      second.reject(error)
    },
  }
}

/** The id was used before for another command. Never guess which of the two was meant. */
export function commandReused(commandId: string): InterlockError {
  return new InterlockError(
    'command_reused',
    `command id ${commandId} is in the log with another body; use a new id for a new command`,
    { commandId },
  )
}
