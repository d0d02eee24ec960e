import { type Command, type Decision, InterlockError, isInterlockError } from '../../core/index.ts'

/** A command that alone is refused, so that the others can be decided. */
export interface RefusedCommand {
  readonly commandId: string
  readonly error: InterlockError
}

/**
 * The command at which a decision of several broke off. Another process may have published it, of another release or by hand: the callers of
 * this one must not hear of it. The first commands are decided again, half as many each time, until the one is found.
 * @param thrown by the decision of all of them
 */
export function undecidableIn(
  commands: readonly Command[],
  decideSome: (some: readonly Command[]) => Decision,
  thrown: unknown,
): RefusedCommand {
  let error = thrown
  let decidable = 0
  let broken = commands.length
  while (broken - decidable > 1) {
    const middle = Math.floor((decidable + broken) / 2)
    try {
      decideSome(commands.slice(0, middle))
      decidable = middle
    } catch (sooner) {
      error = sooner
      broken = middle
    }
  }
  const one = commands[broken - 1]
  if (one === undefined) throw error
  return { commandId: one.id, error: isInterlockError(error) ? error : cannotBeDecided(one, error) }
}

function cannotBeDecided({ body: { type } }: Command, cause: unknown): InterlockError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new InterlockError(
    'invalid_input',
    `the command ${type} cannot be decided (${why}); send it in the shape that this release knows`,
  )
}
