import { dispatch } from '../dispatch/dispatch.ts'
import { EarlierIntake } from '../dispatch/earlier-intake.ts'
import { Scribe, type Surroundings } from '../dispatch/scribe.ts'
import { fold } from '../fold/replay.ts'
import { Draft } from '../state/draft.ts'
import type { Ledger } from '../state/ledger.ts'
import type { Command, CommandBody, CommandResult } from '../values/command.ts'
import type { RecordedEvent } from '../values/event.ts'
import { accepted } from './result.ts'

/** The outcome of several commands. It only becomes true when `events` are appended. */
export interface Decision {
  readonly events: readonly RecordedEvent[]
  /** One per command, in order. */
  readonly results: readonly CommandResult[]
  /** The ledger after `events`: what folding them gives. */
  readonly ledger: Ledger
  /** Jobs whose rows the events change. */
  readonly touched: ReadonlySet<string>
  /** How often its starts overtake a waiting job. */
  readonly overtakes: number
  /** Jobs that commands want to link others to. Ask the store how they ended, and decide again; absent: none. */
  readonly missing?: ReadonlySet<string>
}

/** Who decides commands of these types. */
export type CommandHandlers<Type extends CommandBody['type']> = {
  readonly [Each in Type]: (
    scribe: Scribe,
    body: Extract<CommandBody, { readonly type: Each }>,
  ) => CommandResult
}

/** Decides commands, each by the handler of its type: see `decide`. */
export function decideBy<Type extends CommandBody['type']>(
  handlers: CommandHandlers<Type>,
  ledger: Ledger,
  commands: readonly (Command & { readonly body: { readonly type: Type } })[],
  surroundings: Surroundings,
): Decision {
  const draft = new Draft(ledger)
  const events: RecordedEvent[] = []
  const results: CommandResult[] = []
  const taken = new EarlierIntake()
  let tookBack = false
  for (const command of commands) {
    const scribe = new Scribe(draft, command, surroundings, taken)
    const { body } = command
    const handler = handlers[body.type] as (scribe: Scribe, body: CommandBody) => CommandResult
    results.push(handler(scribe, body))
    for (const event of scribe.finish()) events.push(event)
    tookBack ||= scribe.tookBack
  }
  // Whatever was tried and taken back must leave no trace: this process must hold exactly what all others fold from the events.
  // Always folding again would cost a third of a decision.
  const asked = draft.missing.size === 0 ? undefined : { missing: draft.missing }
  if (tookBack) return { events, results, ...fold(ledger, events), ...asked }
  const { touched, overtakes } = draft
  return { events, results, ledger: draft.seal(), touched, overtakes, ...asked }
}

/** A worker without work looks at all jobs, since an offer may have run out without an event. */
export function claim(scribe: Scribe): CommandResult {
  scribe.draft.wide = true
  dispatch(scribe)
  return accepted(scribe)
}
