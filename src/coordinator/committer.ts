import {
  type Command,
  type Decision,
  decide,
  InterlockError,
  isInterlockError,
  type Micros,
  projectionChanges,
  wentBack,
} from '../core/index.ts'
import {
  type AppendAnswer,
  type AppendRequest,
  type JobData,
  pagesAfter,
  type TurnStore,
} from '../port/index.ts'
import { backoffMs, pause } from './backoff.ts'
import { Baton } from './baton.ts'
import { dataOf } from './data-of.ts'
import type { InHand } from './in-hand.ts'
import { OpenCommands, type Pending } from './open-commands.ts'
import { type Patience, patiently } from './patience.ts'
import { checkSame, type Reader, readOn } from './read.ts'

export interface CommitterOptions extends Reader {
  readonly patience: Patience
  /** What handlers need of the jobs that are started; without it nothing is brought. */
  readonly inHand?: InHand
  /** The store says that these worker processes have no live lease. */
  readonly onDeadWorkers: (workerIds: readonly string[]) => void
  readonly onUnreadable: (error: unknown) => void
  /** This process has appended something: the time of the event before, and of its last one. */
  readonly onAppended: (before: Micros, at: Micros) => void
}

/** What a try came to; `answer: null` when there was nothing to append, `sure` when that was decided at the head. */
interface Try {
  readonly decision: Decision
  readonly answer: AppendAnswer | null
  readonly sure: boolean
}

/** Turns without a missed event after which the process takes itself to be alone again. */
const QUIET_TURNS = 8
/** Appends lost in a row with the baton in hand, to processes that do not know of it, before the lock itself is taken. */
const MOST_LOST = 2
/** Tries in a row without a pause, where there are no turns. */
const AT_ONCE_TRIES = 10
/** Lost tries in a row after which a batch is given up: far beyond what turns let happen. */
const MOST_TRIES = 100

/**
 * Carries one batch of commands into the log.
 *
 * Alone, it decides first and appends on top of the version it knows: one round trip. Once an append is lost to another
 * process it waits for the baton, reads what was missed, and then goes on in the same way for a moment. Where there is no
 * baton, or appends are lost all the same, it takes turns: lock, read what was missed, decide, append. So nobody loses for
 * long, and the locks' own queues are fair. ADR 0003 has the numbers.
 */
export class Committer {
  readonly #options: CommitterOptions
  readonly #deadWorkers = new Set<string>()
  readonly #baton: Baton
  #quiet = QUIET_TURNS
  #lostInARow = 0
  /** For `health()` and the benchmark. */
  readonly counts = { commands: 0, appends: 0, lost: 0, turns: 0 }

  constructor(options: CommitterOptions) {
    this.#options = options
    this.#baton = new Baton(options)
  }

  /** How far this process has folded the log. */
  get version(): number {
    return this.#options.replica.version
  }

  get holdsBaton(): boolean {
    return this.#baton.isHeld
  }

  /** There is nothing to append at the moment: others may. */
  giveBaton(): Promise<void> {
    return this.#baton.giveBack()
  }

  /** Answers every command of the batch, one way or the other. */
  async commit(batch: readonly Pending[]): Promise<void> {
    this.counts.commands += batch.length
    await this.#commit(batch)
  }

  async #commit(batch: readonly Pending[]): Promise<void> {
    const open = new OpenCommands(batch, this.#options.replica)
    try {
      await patiently(this.#options.patience, async (tries) => {
        open.isTried = tries > 0
        await this.#carryOut(open)
      })
    } catch (error) {
      const left = [...open.pending()]
      if (left.length < 2 || !isInterlockError(error, 'invalid_input')) return open.rejectAll(error)
      // More than one append takes, or one of them is to blame: nobody else is to suffer for it.
      open.close()
      const middle = Math.ceil(left.length / 2)
      for (const half of [left.slice(0, middle), left.slice(middle)]) await this.#commit(half)
    } finally {
      open.close()
    }
  }

  /** Folds what others appended. What cannot be read now is told to `onUnreadable` and read next time. */
  async readOn(): Promise<void> {
    try {
      await patiently(this.#options.patience, () => readOn(this.#options))
    } catch (error) {
      this.#options.onUnreadable(error)
    }
  }

  async #carryOut(open: OpenCommands): Promise<void> {
    const { store, head } = this.#options
    // What is known to be behind would be lost for sure, and take the lock to find out.
    if (store.frugal === true && head.version > this.version) await readOn(this.#options)
    open.settleKnown()
    for (let tries = 0; open.size > 0; tries++) {
      if (tries === MOST_TRIES) throw tooContended(this.#options.queue)
      const tried = await this.#try(open, tries)
      if (tried === null) continue
      if (tried.answer === null) await this.#concludeNothing(open, tried)
      else if (tried.answer.ok) this.#conclude(open, tried.decision, tried.answer.data)
      else await this.#learn(open, tried.answer)
    }
  }

  async #try(open: OpenCommands, tries: number): Promise<Try | null> {
    const { store, patience } = this.#options
    if (this.#quiet >= QUIET_TURNS) return this.#append(open)
    if (this.#lostInARow < MOST_LOST && (await this.#takeBaton(open))) {
      return open.size === 0 ? null : this.#append(open)
    }
    if (store.turn) return this.#turn(store.turn, open)
    // Without turns one is behind by as long as one waits: whoever tries again at once loses the fewest (8 processes: 2.2
    // appends per one that is won; with pauses that double up to 300 ms, 3.0, and twice the time).
    if (tries > AT_ONCE_TRIES) await pause(backoffMs(tries - AT_ONCE_TRIES, 5, 100), patience.signal)
    return this.#append(open)
  }

  async #takeBaton(open: OpenCommands): Promise<boolean> {
    const baton = await this.#baton.take()
    if (baton === 'none' || baton === 'kept') return baton === 'kept'
    this.counts.turns++
    this.#quiet = baton === 'alone' ? this.#quiet + 1 : 0
    open.settleKnown()
    if (this.#quiet >= QUIET_TURNS) await this.#baton.giveBack()
    return true
  }

  async #append(open: OpenCommands): Promise<Try> {
    const { store, clock } = this.#options
    const decision = this.#decide(open.commands())
    const request = this.#request(decision, open)
    if (request === null) return { decision, answer: null, sure: false }
    const sent = clock.mark()
    const answer = await store.append(request)
    clock.sync(answer.now, sent)
    return { decision, answer, sure: true }
  }

  /** Null when more was missed than a turn reads: then the rest is read without the lock, and the turn taken again. */
  async #turn(turn: TurnStore['turn'], open: OpenCommands): Promise<Try | null> {
    const { queue, replica, clock } = this.#options
    let decision: Decision | undefined
    let appending = false
    const sent = clock.mark()
    const answer = await turn(queue, replica.version, (view) => {
      clock.sync(view.now, clock.mark())
      this.#quiet = view.missed.length === 0 ? this.#quiet + 1 : 0
      checkSame(queue, replica, { ...view, knownAt: view.sinceAt, events: view.missed })
      replica.apply(view.missed)
      open.settleKnown()
      if (replica.version < view.version) return null
      decision = this.#decide(open.commands())
      const request = this.#request(decision, open)
      appending = request !== null
      return request
    })
    this.counts.turns++
    if (decision === undefined) {
      await readOn(this.#options)
      return null
    }
    if (appending) clock.sync(answer.now, sent)
    return { decision, answer: appending ? answer : null, sure: true }
  }

  #decide(commands: readonly Command[]): Decision {
    const { replica, clock } = this.#options
    return decide(replica.ledger, commands, { now: clock.now(), deadWorkers: this.#deadWorkers })
  }

  #request(decision: Decision, open: OpenCommands): AppendRequest | null {
    if (decision.events.length === 0) return null
    const { queue, replica, inHand } = this.#options
    const wanted = inHand?.wantedOf(decision)
    return {
      queue,
      expectedVersion: replica.version,
      expectedAt: replica.ledger.lastAt,
      events: decision.events,
      ...(wanted === undefined ? undefined : { wanted }),
      changes: {
        ...projectionChanges(replica.ledger, decision.ledger, decision.touched),
        ...dataOf(open.pending(), decision.events),
      },
    }
  }

  #conclude(open: OpenCommands, decision: Decision, data: readonly JobData[] = []): void {
    this.counts.appends++
    this.#lostInARow = 0
    const commands = open.commands()
    open.close()
    const { replica, head, inHand, onAppended } = this.#options
    const { lastAt } = replica.ledger
    replica.adopt(decision)
    inHand?.keep(decision.events, data)
    head.reach()
    open.resolveAll(commands, decision.results)
    onAppended(lastAt, decision.ledger.lastAt)
  }

  /** Nothing to append: true only at the head, since what others appended may change the answer. */
  async #concludeNothing(open: OpenCommands, { decision, sure }: Try): Promise<void> {
    const { replica } = this.#options
    const { version } = replica
    if (!sure) await readOn(this.#options)
    open.settleKnown()
    if (replica.version === version) open.resolveAll(open.commands(), decision.results)
  }

  async #learn(open: OpenCommands, answer: AppendAnswer & { ok: false }): Promise<void> {
    const { replica, store, queue } = this.#options
    this.counts.lost++
    switch (answer.reason) {
      case 'log_went_back':
        throw wentBack(queue, replica.version, answer.version)
      case 'version':
        this.#quiet = 0
        this.#lostInARow++
        // The store has compared the last known event; where that is gone for good, the epoch is left to tell.
        checkSame(queue, replica, { ...answer, knownAt: null, events: answer.missed })
        replica.apply(answer.missed)
        if (replica.version !== answer.version) await readOn(this.#options)
        open.settleKnown()
        return
      case 'known':
        for (const { seqs } of answer.known) {
          const [first = 1] = seqs
          for await (const page of pagesAfter(store, queue, first - 1, seqs.at(-1))) open.note(page.events)
        }
        open.settleKnown()
        return
      case 'taken':
        open.dropTaken(answer.jobIds)
        return
      case 'dead_worker':
        for (const workerId of answer.workerIds) this.#deadWorkers.add(workerId)
        this.#options.onDeadWorkers(answer.workerIds)
        return
      case 'live_worker':
        open.dropExpiries(answer.workerIds)
        return
      case 'clock':
        return
    }
  }
}

function tooContended(queue: string): InterlockError {
  return new InterlockError(
    'contention',
    `queue ${queue}: ${MOST_TRIES} tries to append were refused; try again, and look for what else writes to it with \`interlock log\``,
    { queue },
  )
}
