import type { RebuildAnswer, RebuildRows, TurnView } from '../index.ts'
import { turnAnswer } from './answers.ts'
import { rebuildWith } from './calls.ts'
import { parseAnswer } from './parse-answer.ts'
import type { Rpc } from './rpc.ts'

/** A transaction that a client holds open over two calls. */
export interface Turn {
  /** Begins, and calls `job_queue_turn`: waits for the queue's lock. */
  readonly begin: (queue: string, since: number) => Promise<unknown>
  /** Calls a function and commits. */
  readonly finish: Rpc
  /** Ends the transaction without writing anything. */
  readonly giveUp: () => Promise<void>
}

/** Lock, read what was missed, compute the rows, write them, unlock. No other process can append in between. */
export async function rebuildBy(
  turn: Turn,
  queue: string,
  since: number,
  rowsAt: (view: TurnView) => RebuildRows,
): Promise<RebuildAnswer> {
  const view = parseAnswer(turnAnswer, await turn.begin(queue, since), 'job_queue_turn')
  const { version, missed } = view
  if (since + missed.length !== version) {
    await turn.giveUp()
    return { ok: false, version, missed }
  }
  const answer = await rebuildWith(turn.finish, queue, rowsAt(view))
  return answer.ok ? answer : { ok: false, version: answer.version, missed }
}
