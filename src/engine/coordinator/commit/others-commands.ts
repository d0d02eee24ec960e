import {
  type Command,
  type CommandResult,
  type Decision,
  jobOf,
  type Ledger,
  type RecordedEvent,
} from '../../core/index.ts'
import type { Answered, AnsweredByAppend, AnswersTo, Concern, PublishedCommand } from '../../store/index.ts'
import type { OpenCommands } from './open-commands.ts'
import type { Pending } from './pending.ts'
import { mayHaveData } from './started-data.ts'

/** A command of another process that needs no append any more, or none but the one that is about to be sent. */
interface Finished {
  readonly one: PublishedCommand
  /** Absent: nobody has said what came of it. */
  readonly result?: CommandResult | undefined
}

/** The commands of other processes that the combiner carries out, and what it says to their senders. */
export class OthersCommands {
  readonly #onTaken: (commands: readonly Pending[]) => void
  /** By id: not in the log yet, and may need an append. */
  readonly #held = new Map<string, PublishedCommand>()
  /** They need no append any more, and their senders do not know that yet. */
  #finished: Finished[] = []

  /** @param onTaken these commands are to be carried out */
  constructor(onTaken: (commands: readonly Pending[]) => void) {
    this.#onTaken = onTaken
  }

  take(published: readonly PublishedCommand[]): void {
    const finished = new Set(this.#finished.map(({ one }) => one.command.id))
    const fresh = published.filter(({ command: { id } }) => !this.#held.has(id) && !finished.has(id))
    for (const one of fresh) this.#held.set(one.command.id, one)
    if (fresh.length > 0) this.#onTaken(fresh.map((one) => this.#pendingOf(one)))
  }

  /** Another process carries them out, or they are published again. */
  drop(): void {
    this.#held.clear()
    this.#finished = []
  }

  /** The commands that an append of this decision finishes. @param before the ledger that it was made on */
  answeredBy(open: OpenCommands, decision: Decision, before: Ledger): Omit<AnsweredByAppend, 'combiner'> {
    const commands = open.commands()
    const carried = commands.flatMap(({ id }, i): Finished[] => {
      const one = this.#held.get(id)
      return one === undefined ? [] : [{ one, result: decision.results[i] }]
    })
    return { ...answersOf([...carried, ...this.#finished]), concern: concernOf(decision, commands, before) }
  }

  /** The append with {@link answeredBy} was carried out. */
  carried(commands: readonly Command[]): void {
    for (const { id } of commands) this.#held.delete(id)
    this.#finished = []
  }

  /** Those that need no append any more; their senders read the log. */
  finished(): Answered {
    const { done, senders } = answersOf(this.#finished.map(({ one }) => ({ one })))
    return { done, senders }
  }

  /** The database knows that these need no append. */
  forget(done: readonly string[]): void {
    const known = new Set(done)
    this.#finished = this.#finished.filter(({ one }) => !known.has(one.command.id))
  }

  #pendingOf({ command, data }: PublishedCommand): Pending {
    const settle = (result?: CommandResult) => {
      const one = this.#held.get(command.id)
      if (one === undefined) return
      this.#held.delete(command.id)
      this.#finished.push({ one, result })
    }
    const weight = data === undefined ? 0 : JSON.stringify(data).length
    return {
      command,
      weight,
      isOthers: true,
      resolve: settle,
      reject: () => settle(),
      ...(data && { data }),
    }
  }
}

/**
 * Commands of workers about their own attempts. Their sender needs no more than the answer; a caller that asks for anything else may look at
 * the queue next, and would not find what it has done.
 */
const answerable: ReadonlySet<string> = new Set<Command['body']['type']>([
  'claim',
  'complete',
  'release',
  'confirm_cancel',
])

/** Which of them are told, and whose senders have to read the log. */
function answersOf(finished: readonly Finished[]): Pick<AnsweredByAppend, 'done' | 'senders' | 'answers'> {
  const senders = new Set<string>()
  const answers = new Map<string, Answers>()
  for (const { one, result } of finished) {
    const { command, sender, answerTo } = one
    if (answerTo === undefined || result === undefined || !isAnswerable(command, result)) {
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
    done: finished.map(({ one }) => one.command.id),
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
function isAnswerable({ body, workerId }: Command, result: CommandResult): boolean {
  if (!answerable.has(body.type) || ('token' in body && body.token === null)) return false
  return !result.ok || result.started.every((start) => start.workerId === workerId)
}

/** Events that put jobs in line, or back in line: for processes with a free slot. */
const inLine: ReadonlySet<string> = new Set<RecordedEvent['type']>([
  'queued',
  'blocked',
  'conflict',
  'requeued',
  'due',
  'linked',
  'released',
])

/** Which processes the outcome of these commands concerns beside their senders. @param before the ledger that they were decided on */
function concernOf({ events }: Decision, commands: readonly Command[], before: Ledger): Concern {
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
  // It failed with a job that it comes after: those who wait for it have to hear that.
  if (event.token === null) return false
  return (jobOf(before, event.jobId)?.workerId ?? sender) === sender
}
