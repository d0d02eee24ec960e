import type { Command, CommandResult, DataChange } from '../../core/index.ts'
import type { Call } from './patience.ts'

/** A command that waits for its answer. */
export interface Pending {
  readonly command: Command
  /** The call of this process that waits for it. */
  readonly call?: Call
  /** Written in the append of the events that it belongs to. */
  readonly data?: readonly DataChange[]
  /** How many characters of JSON of its data travel in the append itself. */
  weight?: number
  /** The store has its data already, under the command's id. */
  isStaged?: boolean
  /** Nobody waits for the answer: what this process knows is enough (held-looks.ts). */
  readonly isLook?: boolean
  /** Another process has published it, and waits for it too. */
  readonly isOthers?: boolean
  readonly resolve: (result: CommandResult) => void
  readonly reject: (error: unknown) => void
}

/** Nobody waits for the answer of a look: it starts what the process knows of, or records what is due. */
export const isLook = ({ command, isLook }: Pending): boolean =>
  isLook === true || command.body.type === 'tick'
