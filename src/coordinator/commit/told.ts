import {
  type Command,
  type CommandResult,
  type Decision,
  jobOf,
  type Ledger,
  type RecordedEvent,
} from '../../core/index.ts'
import type { AnswersTo, Concern, HandedIn, HandledByAppend } from '../../port/index.ts'
import { mayHaveData } from './started-data.ts'

/** A command of another process that needs no append any more, or none but the one that is about to be sent. */
export interface Finished {
  readonly one: HandedIn
  /** Absent: nobody has said what came of it. */
  readonly result?: CommandResult | undefined
}

/**
 * Commands of workers about their own attempts. Their sender needs no more than the answer; a caller that asks for anything else may look at
 * the queue next, and would not find what it has done.
 */
const told: ReadonlySet<string> = new Set<Command['body']['type']>([
  'claim',
  'complete',
  'release',
  'confirm_cancel',
])

/** Which of them are told, and whose senders have to read the log. */
export function handledOf(
  finished: readonly Finished[],
): Pick<HandledByAppend, 'done' | 'senders' | 'answers'> {
  const senders = new Set<string>()
  const answers = new Map<string, Answers>()
  for (const { one, result } of finished) {
    const { command, sender, answerTo } = one
    if (answerTo === undefined || result === undefined || !isTold(command, result)) {
      senders.add(sender)
      continue
    }
    const those = answers.get(answerTo) ?? { to: answerTo, sender, answers: [], wanted: [] }
    answers.set(answerTo, those)
    those.answers.push({ commandId: command.id, result })
    if (result.ok)
      for (const start of result.started) if (mayHaveData(start)) those.wanted.push(start.spec.jobId)
  }
  return {
    done: finished.flatMap(({ one }) => (one.isTold === true ? [] : [one.command.id])),
    senders: [...senders],
    answers: [...answers.values()],
  }
}

type Answers = AnswersTo & {
  readonly sender: string
  readonly answers: { commandId: string; result: CommandResult }[]
  readonly wanted: string[]
}

/** A start for anybody else is in the log only. */
function isTold({ body, workerId }: Command, result: CommandResult): boolean {
  if (!told.has(body.type) || ('token' in body && body.token === null)) return false
  return !result.ok || result.started.every((start) => start.workerId === workerId)
}

/** Events that put jobs in line, or back in line: for processes with a free slot. */
const inLine: ReadonlySet<string> = new Set<RecordedEvent['type']>([
  'queued',
  'blocked',
  'conflict',
  'requeued',
  'due',
])

/** Which processes the outcome of these commands concerns beside their senders. @param before the ledger that they were decided on */
export function concernOf({ events }: Decision, commands: readonly Command[], before: Ledger): Concern {
  const senders = new Map(commands.map(({ id, workerId }) => [id, workerId]))
  const started = new Set<string>()
  let concern: Concern = 'nobody'
  for (const event of events) {
    if (inLine.has(event.type)) concern = 'free'
    else if (!isOwn(event, senders, before)) return 'all'
    if (event.type === 'started') started.add(event.jobId)
  }
  const isLeft = events.some(({ offers = [] }) => offers.some((jobId) => !started.has(jobId)))
  return isLeft ? 'free' : concern
}

/** An attempt begins for the process that asked for one, or is ended by the process that runs it. */
function isOwn(event: RecordedEvent, senders: ReadonlyMap<string, string>, before: Ledger): boolean {
  const sender = senders.get(event.commandId)
  if (event.type === 'started') return event.workerId === sender
  if (event.type !== 'completed' && event.type !== 'failed') return false
  return (jobOf(before, event.jobId)?.workerId ?? sender) === sender
}
