import type { Subscription } from 'rxjs'
import {
  type Command,
  type CommandBody,
  type CommandResult,
  declaredBy,
  InterlockError,
  jobOf,
  type Ledger,
  type RecordedEvent,
  runningAttempt,
  type StandIn,
  type Started,
  type Waiting,
  waitingFor,
} from '../../core/index.ts'
import type { LogView } from '../replica/log-view.ts'
import { commandReused, onePerId } from './one-per-id.ts'
import type { Call } from './patience.ts'
import { isLook, type Pending } from './pending.ts'

/** An answer that is given once the log is confirmed up to a version. */
interface HeldAnswer {
  readonly pending: Pending
  readonly version: number
  readonly give: () => void
}

/**
 * The commands of a batch that have no answer yet. It watches the events that come in: an event with the id of an open command
 * shows that the command was carried out, although its answer was lost. Each answer passes {@link LogView.confirmed}, however it came.
 */
export class OpenCommands {
  readonly #open: Map<string, Pending>
  readonly #seen = new Map<string, RecordedEvent[]>()
  readonly #log: Pick<LogView, 'replica' | 'confirmed'>
  #held: HeldAnswer[] = []
  readonly #watch: Subscription
  /** An append with them was sent and got no answer. */
  isTried = false
  /** The log was read to its end after they came. */
  isRead = false
  /** They were published, and may have been carried out since. */
  isRepeated = false
  /** When they were published first, by `performance.now()`, and under which election. */
  published: { readonly at: number; readonly election: number } | undefined
  /** The last try was to publish them: another process combines. */
  isWaiting = false

  constructor(batch: readonly Pending[], log: Pick<LogView, 'replica' | 'confirmed'>) {
    const { replica } = log
    this.#open = onePerId(batch)
    this.#log = log
    this.#watch = replica.events$.subscribe((event) => this.note([event]))
    this.#watch.add(replica.skipped$.subscribe(() => this.#refuseTried()))
  }

  get size(): number {
    return this.#open.size
  }

  /**
   * False if one has staged data: only its sender can stage it again. Nor if nothing came of jobs that are to be enqueued `once`: which ids
   * are taken, the store says only to the process that appends.
   */
  get mayBePublished(): boolean {
    const isOwn = ({ isStaged, command }: Pending) =>
      isStaged === true || (this.isRepeated && enqueuesOnce(command))
    return ![...this.#open.values()].some(isOwn)
  }

  /** True if all of them look for something to do, or if some were published before and not carried out. */
  get mayComeToNothing(): boolean {
    return this.isRepeated || this.areSearches
  }

  /** True if all of them look for something to do. */
  get areSearches(): boolean {
    return [...this.#open.values()].every(isSearch)
  }

  /** True if nobody waits for the answers: the events of others are the reason for the next look. */
  get areLooks(): boolean {
    return [...this.#open.values()].every(isLook)
  }

  /** How many jobs they are about: what it takes to decide and to encode them grows with that. */
  get jobCount(): number {
    let count = 0
    for (const { command } of this.#open.values()) count += jobsIn(command)
    return count
  }

  commands(): Command[] {
    return [...this.#open.values()].map((pending) => pending.command)
  }

  pending(): Iterable<Pending> {
    return this.#open.values()
  }

  note(events: readonly RecordedEvent[]): void {
    for (const event of events) {
      if (!this.#open.has(event.commandId)) continue
      const seen = this.#seen.get(event.commandId)
      if (seen === undefined) this.#seen.set(event.commandId, [event])
      else seen.push(event)
    }
  }

  /** Answers the commands whose events have come in. */
  settleKnown(): void {
    for (const [id, events] of this.#seen) {
      const pending = this.#open.get(id)
      if (pending === undefined) continue
      if (events.every((event) => event.commandHash === pending.command.hash)) {
        const version = Math.max(...events.map(({ seq }) => seq))
        this.answer(id, resultFromLog(this.#log.replica.ledger, events, pending.command), version)
      } else this.reject(id, commandReused(id))
    }
    this.#seen.clear()
  }

  /** @param version the last event that the results rest on */
  resolveAll(commands: readonly Command[], results: readonly CommandResult[], version: number): void {
    for (const [i, command] of commands.entries()) {
      const result = results[i]
      if (result === undefined) this.#open.delete(command.id)
      else this.answer(command.id, result, isSearch({ command }) && !hasChanged(result) ? 0 : version)
    }
  }

  /** This process combines no more: those of others are with their senders, or with the next combiner. */
  dropOthers(): void {
    for (const [id, { isOthers }] of this.#open) if (isOthers === true) this.#open.delete(id)
  }

  /** The log knows these jobs already: their rows were taken in before. The rest of their commands goes on. */
  dropTaken(jobIds: readonly string[]): void {
    const taken = new Set(jobIds)
    for (const [id, pending] of this.#open) {
      const { command } = pending
      if (command.body.type !== 'enqueue' || command.body.intake !== true) continue
      const specs = command.body.specs.filter(({ jobId }) => !taken.has(jobId))
      this.#open.set(id, { ...pending, command: { ...command, body: { ...command.body, specs } } })
    }
  }

  /** Another process has put these submitted jobs in line. The rest of their commands goes on. */
  dropSubmissions(ids: readonly number[]): void {
    for (const [id, pending] of this.#open) {
      const { command } = pending
      if (command.body.type !== 'enqueue' || command.body.submissions === undefined) continue
      const { submissions, specs } = command.body
      const body = {
        ...command.body,
        specs: specs.filter((_, i) => !ids.includes(submissions[i] ?? 0)),
        submissions: submissions.filter((submission) => !ids.includes(submission)),
      }
      this.#open.set(id, { ...pending, command: { ...command, body } })
    }
  }

  /** These workers turned out to be alive: there is nothing to expire. */
  dropExpiries(workerIds: readonly string[]): void {
    for (const [id, { command, resolve }] of this.#open) {
      if (command.body.type !== 'expire_leases') continue
      if (!command.body.workerIds.some((workerId) => workerIds.includes(workerId))) continue
      this.#open.delete(id)
      resolve({ ok: true, started: [], waiting: [], bypassed: [], changed: false })
    }
  }

  /** They may have been carried out, with events that are among those that no process can read any more. */
  #refuseTried(): void {
    if (!this.isTried) return
    this.rejectAll(
      new InterlockError(
        'archived',
        'nobody knows whether this command was carried out: its answer was lost, and the events of that time were archived since; check its effect before you send it again',
      ),
    )
  }

  has(commandId: string): boolean {
    return this.#open.has(commandId)
  }

  /**
   * The command has its result, and is answered at once if the log is confirmed as far as the result rests on it; else by {@link release}.
   * @param version the last event that it rests on
   */
  answer(commandId: string, result: CommandResult, version: number): void {
    const pending = this.#open.get(commandId)
    if (pending === undefined) return
    this.#open.delete(commandId)
    const give = () => pending.resolve(result)
    if (this.#log.confirmed.has(version)) give()
    else this.#held.push({ pending, version, give })
  }

  /** Up to this version the log has to be confirmed before all that have a result are answered; 0: they are. */
  get restsOn(): number {
    return this.#held.reduce((most, { version }) => Math.max(most, version), 0)
  }

  /** Gives the answers that were held for this. */
  release(): void {
    const held = this.#held
    this.#held = []
    for (const { give } of held) give()
  }

  /** One command cannot be carried out. False if it is not among these. */
  reject(commandId: string, error: unknown): boolean {
    this.#open.get(commandId)?.reject(error)
    return this.#open.delete(commandId)
  }

  /** Those without a result get no answer here: they are tried again later, in another batch. @param which all of them unless given */
  putOff(which: (pending: Pending) => boolean = () => true): Pending[] {
    const all = [...this.#open.values()].filter(which)
    for (const { command } of all) this.#open.delete(command.id)
    return all
  }

  /** Whether it is so of every call that waits. */
  every(isOver: (call: Call | undefined) => boolean): boolean {
    return [...this.#open.values()].every(({ call }) => isOver(call))
  }

  /** Those whose time is over are tried no more. False: none are left. */
  giveUp(isOver: (call: Call | undefined) => boolean, error?: unknown): boolean {
    for (const [id, { call, reject }] of this.#open) {
      if (!isOver(call)) continue
      reject(error)
      this.#open.delete(id)
    }
    for (const { pending } of this.#held) if (isOver(pending.call)) pending.reject(error)
    this.#held = this.#held.filter(({ pending }) => !isOver(pending.call))
    return this.#open.size + this.#held.length > 0
  }

  rejectAll(error: unknown): void {
    for (const { reject } of this.#open.values()) reject(error)
    for (const { pending } of this.#held.splice(0)) pending.reject(error)
    this.#open.clear()
  }

  close(): void {
    this.#watch.unsubscribe()
  }
}

/** Looks for something to do. That it finds nothing says of nothing that it is so. */
export const isSearch = ({ command: { body } }: Pick<Pending, 'command'>): boolean =>
  body.type === 'claim' || body.type === 'tick'

/** At most: a claim may find less. */
const jobsIn = ({ body, claim }: Command): number =>
  Math.max(1, claim?.max ?? 0, body.type === 'enqueue' ? body.specs.length : 0)

const enqueuesOnce = ({ body }: Command): boolean =>
  body.type === 'enqueue' && body.specs.some(({ once }) => once !== undefined)

const hasChanged = (result: CommandResult): boolean => result.ok && result.changed

/**
 * The result of a command that is in the log already, made from its events: for a command whose first answer was lost. Leaves out
 * attempts that have ended since: no process may run them any more.
 */
function resultFromLog(ledger: Ledger, events: readonly RecordedEvent[], { body }: Command): CommandResult {
  const started = events.flatMap((event): readonly Started[] => {
    const attempt = event.type === 'started' ? runningAttempt(ledger, event.jobId, event.seq) : undefined
    return attempt === undefined ? [] : [attempt]
  })
  const bypassed = events.flatMap((event) => (event.type === 'bypassed' ? [event.jobId] : []))
  const known = knownBy(body, events)
  const waiting = stillWaiting(ledger, [...waitingIn(events), ...known])
  const doubles = doublesIn(events)
  const declared = body.type === 'set_schedules' ? { declared: declaredBy(body, events) } : {}
  const answer = { ok: true, started, waiting, bypassed, known, ...declared, changed: true } as const
  return doubles.length === 0 ? answer : { ...answer, doubles }
}

/** The jobs that others stand for. */
const doublesIn = (events: readonly RecordedEvent[]): readonly StandIn[] =>
  events.flatMap((event) =>
    event.type === 'deduplicated' ? [{ jobId: event.jobId, standsFor: event.standsFor }] : [],
  )

/** The jobs of an enqueue that it has not put in line itself: they were live already. */
function knownBy(body: CommandBody, events: readonly RecordedEvent[]): readonly string[] {
  // Of submitted jobs that were left out nobody can tell from the log why. They are decided once more.
  if (body.type !== 'enqueue' || body.intake === true || body.submissions !== undefined) return []
  const come = new Set(
    events.flatMap((event) =>
      event.type === 'queued' || event.type === 'deduplicated' ? [event.jobId] : [],
    ),
  )
  return [...new Set(body.specs.map(({ jobId }) => jobId))].filter((jobId) => !come.has(jobId))
}

/** The jobs that the command left waiting. */
const waitingIn = (events: readonly RecordedEvent[]): readonly string[] =>
  events.flatMap((event) =>
    event.type === 'conflict' || event.type === 'blocked' || event.type === 'asked' || event.type === 'linked'
      ? [event.jobId]
      : [],
  )

/** Those that still wait, and what for. */
function stillWaiting(ledger: Ledger, jobIds: readonly string[]): Waiting[] {
  return [...new Set(jobIds)].flatMap((jobId) => {
    const job = jobOf(ledger, jobId)
    if (job === undefined || job.active || job.offeredAt !== null) return []
    return [waitingFor(ledger, job, ledger.lastAt)]
  })
}
