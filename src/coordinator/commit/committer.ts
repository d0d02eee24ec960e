import { type Decision, isInterlockError, type Micros, wentBack } from '../../core/index.ts'
import { type AppendAnswer, type JobData, pagesAfter, type TurnStore } from '../../port/index.ts'
import { type Patience, patiently } from '../base/retry.ts'
import { checkSame, type Reader, readOn } from '../replica/read-log.ts'
import { Baton } from './baton.ts'
import { Deciding } from './deciding.ts'
import { OpenCommands, type Pending } from './open-commands.ts'
import type { Staging } from './staging.ts'
import type { InHand } from './started-data.ts'
import { Tries } from './tries.ts'

export interface CommitterOptions extends Reader {
  readonly patience: Patience
  readonly staging: Staging
  /** The time of the queue. */
  readonly now: () => Micros
  /** What handlers need of the jobs that are started; without it nothing is brought. */
  readonly inHand?: InHand
  /** The store says that these worker processes have no live lease. */
  readonly onDeadWorkers: (workerIds: readonly string[]) => void
  /** SQL has asked for jobs to be cancelled that were about to start. */
  readonly onRequested: () => void
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
/** What is larger is decided again without the lock: it would be held while this travels. */
const MOST_UNDER_LOCK = 2_000
/** The lock did not come free: that says nothing of the link. */
const LOCK_WAIT = '55P03'
/** Milliseconds without turns after one in which this process was cut off: the link is too slow for them. */
const NO_TURNS_MS = 10_000

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
  readonly #baton: Baton
  readonly #deciding: Deciding
  #quiet = QUIET_TURNS
  #lostInARow = 0
  #noTurnsUntil = Number.NEGATIVE_INFINITY
  /** For `health()` and the benchmark. */
  readonly counts = { commands: 0, appends: 0, lost: 0, turns: 0 }

  constructor(options: CommitterOptions) {
    this.#options = options
    this.#baton = new Baton(options)
    this.#deciding = new Deciding(options)
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
    const { store, queue, head, patience } = this.#options
    // What is known to be behind would be lost for sure, and take the lock to find out.
    if (store.frugal === true && head.version > this.version) await readOn(this.#options)
    open.settleKnown()
    this.#deciding.heldBack.clear()
    const tries = new Tries(queue, patience)
    while (open.size > 0) {
      await tries.next()
      const tried = await this.#try(open)
      if (tried === null) continue
      if (tried.answer === null) await this.#concludeNothing(open, tried)
      else if (tried.answer.ok) this.#conclude(open, tried.decision, tried.answer.data)
      else {
        tries.refused(tried.answer.reason === 'version')
        await this.#learn(open, tried.answer)
      }
    }
  }

  async #try(open: OpenCommands): Promise<Try | null> {
    const { store } = this.#options
    if (this.#quiet >= QUIET_TURNS) return this.#append(open)
    if (this.#lostInARow < MOST_LOST && (await this.#takeBaton(open))) {
      return open.size === 0 ? null : this.#append(open)
    }
    if (store.turn && performance.now() >= this.#noTurnsUntil) return this.#turn(store.turn, open)
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
    const decided = clock.mark()
    const decision = this.#deciding.decide(open)
    const request = this.#deciding.request(decision, open)
    if (request === null) return { decision, answer: null, sure: false }
    const sent = clock.mark()
    const answer = await store.append(request)
    this.#deciding.learn(answer, sent, decided)
    return { decision, answer, sure: true }
  }

  /**
   * Null when more was missed than a turn reads: then the rest is read without the lock, and the turn taken again. The same when there
   * is more to append than should travel under the lock.
   */
  async #turn(turn: TurnStore['turn'], open: OpenCommands): Promise<Try | null> {
    const { queue, replica, clock } = this.#options
    let decision: Decision | undefined
    let appending = false
    const sent = clock.mark()
    let decided = sent
    const answer = await this.#orNoTurns(turn)(queue, replica.version, (view) => {
      clock.sync(view.now, sent)
      decided = clock.mark()
      this.#quiet = view.missed.length === 0 ? this.#quiet + 1 : 0
      checkSame(queue, replica, { ...view, knownAt: view.sinceAt, events: view.missed })
      replica.apply(view.missed)
      open.settleKnown()
      if (replica.version < view.version) return null
      const now = this.#deciding.decide(open)
      if (now.events.length > MOST_UNDER_LOCK) return null
      decision = now
      const request = this.#deciding.request(decision, open)
      appending = request !== null
      return request
    })
    this.counts.turns++
    if (decision === undefined) {
      await readOn(this.#options)
      return replica.version >= answer.version ? this.#append(open) : null
    }
    if (appending) this.#deciding.learn(answer, sent, decided)
    return { decision, answer: appending ? answer : null, sure: true }
  }

  /** Who is slow with the lock in hand is cut off, and would be again. */
  #orNoTurns(turn: TurnStore['turn']): TurnStore['turn'] {
    return async (...args) => {
      try {
        return await turn(...args)
      } catch (error) {
        const waited = isInterlockError(error) && error.details['sqlstate'] === LOCK_WAIT
        if (!waited) this.#noTurnsUntil = performance.now() + NO_TURNS_MS
        throw error
      }
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
      case 'requested':
        for (const jobId of answer.jobIds) this.#deciding.heldBack.add(jobId)
        this.#options.onRequested()
        return
      case 'dead_worker':
        for (const workerId of answer.workerIds) this.#deciding.deadWorkers.add(workerId)
        this.#options.onDeadWorkers(answer.workerIds)
        return
      case 'live_worker':
        open.dropExpiries(answer.workerIds)
        return
      case 'unstaged': {
        const lost = new Set(answer.commandIds)
        return this.#options.staging.again([...open.pending()].filter(({ command }) => lost.has(command.id)))
      }
      case 'clock':
        return
    }
  }
}
