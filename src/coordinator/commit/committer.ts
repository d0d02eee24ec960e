import { type Decision, isInterlockError, isPassing, wentBack } from '../../core/index.ts'
import { type AppendAnswer, pagesAfter } from '../../port/index.ts'
import { retryWhile, retryWithin } from '../base/retry.ts'
import type { LogView } from '../replica/log-view.ts'
import { checkSame, foldNews, readOn } from '../replica/read-log.ts'
import { Appender, type Try } from './appender.ts'
import { Combining, type CombiningOptions } from './combining.ts'
import { Staging } from './command-data.ts'
import type { CommitOptions, CommitterHooks, LookHooks } from './commit-options.ts'
import { Deciding, takesIn } from './deciding.ts'
import { wasTaken } from './held-looks.ts'
import { OpenCommands, type Pending } from './open-commands.ts'
import { type Patience, patienceOf } from './patience.ts'
import { Tries } from './tries.ts'

/** Carries one batch of commands into the log, and answers each of them. */
export class Committer {
  readonly #options: CommitOptions
  readonly #looks: LookHooks | undefined
  readonly #log: LogView
  readonly #deciding: Deciding
  readonly #appender: Appender
  /** Sends large data ahead of its append. */
  readonly staging: Staging
  readonly #patience: Patience
  #tries: Tries | undefined
  readonly #counts = { commands: 0, appends: 0, lost: 0, retried: 0 }

  /** The other processes that write; absent: this one neither publishes nor combines. */
  readonly combining: Combining | undefined

  constructor(options: CommitOptions, hooks: CommitterHooks = {}) {
    const { log, store, limit, startedData, name, beats } = options
    const { onSent = () => {}, onPublished, looks, patience = patienceOf(options) } = hooks
    const onStarted: CombiningOptions['onStarted'] = (started, data) => startedData?.keepOf(started, data)
    const { onUnexpected } = options.hooks
    const { combining } = store
    this.combining =
      name &&
      combining &&
      onPublished &&
      new Combining({ log, combining, name, onPublished, onStarted, onUnexpected })
    this.#options = options
    this.#looks = looks
    this.#log = log
    this.#deciding = new Deciding(log, startedData)
    this.#appender = new Appender({
      ...{ log, store, deciding: this.#deciding, combining: this.combining, beats, onSent },
    })
    this.#patience = patience
    this.staging = new Staging({ store, queue: log.queue, signal: limit.signal, patience })
  }

  /** For `health()` and the benchmark. */
  get counts(): Readonly<Record<'commands' | 'appends' | 'lost' | 'retried' | 'elections', number>> {
    return { ...this.#counts, elections: this.combining?.elections ?? 0 }
  }

  /** The version up to which this process has folded the log. */
  get version(): number {
    return this.#log.version
  }

  get mayDecideAhead(): boolean {
    return this.#appender.mayDecideAhead
  }

  /** Commands to be answered together: see {@link commit}. */
  open(batch: readonly Pending[]): OpenCommands {
    return new OpenCommands(batch, this.#log)
  }

  /**
   * Decides the commands on the expected result of the append that is under way. It reports no errors: the decision that counts
   * comes later, and fails in the same way if it has to.
   */
  decideAhead(open: OpenCommands, { ledger }: Decision): void {
    try {
      const decided = this.#deciding.ahead(open, ledger)
      open.ahead = decided === null ? null : { ...decided, base: ledger }
    } catch {
      open.ahead = null
    }
  }

  /** Answers every command: carried out, or with an error. */
  async commit(open: OpenCommands): Promise<void> {
    this.#counts.commands += open.size
    await this.#commit(open)
  }

  async #commit(open: OpenCommands): Promise<void> {
    try {
      await retryWhile(this.#goesOnWith(open), this.#options.limit.signal, async (tries) => {
        open.isTried = tries > 0
        if (tries > 0) this.#counts.retried++
        open.isRead = false
        const why = () => this.#tries?.why
        await this.#patience.during('append', () => this.#carryOut(open), why)
      })
    } catch (error) {
      if (open.size < 2 || !isInterlockError(error, 'invalid_input')) return open.rejectAll(error)
      // More than one append can take, or one command is at fault. The others must not suffer for it.
      const left = open.putOff()
      const middle = Math.ceil(left.length / 2)
      for (const half of [left.slice(0, middle), left.slice(middle)]) await this.#commit(this.open(half))
      await this.#commit(open)
    } finally {
      open.close()
    }
  }

  /** After a failure: gives up the commands whose time is over, and goes on with the rest. */
  #goesOnWith(open: OpenCommands): (error: unknown) => boolean {
    const began = performance.now()
    const isOver = (call: Pending['call']) => this.#patience.isOver(call, began)
    return (error) => isPassing(error) && open.giveUp(isOver, error)
  }

  /** Folds what others appended. If something cannot be read now, `onUnreadable` is called, and it is read next time. */
  async readOn(upTo?: number): Promise<void> {
    const { limit, hooks } = this.#options
    try {
      await retryWithin(limit, () => this.#patience.during('read', () => readOn(this.#log, upTo)))
    } catch (error) {
      hooks.onUnreadable(error)
    }
  }

  async #carryOut(open: OpenCommands): Promise<void> {
    const { store, limit } = this.#options
    const { head, queue, version } = this.#log
    // A process that knows it is behind would lose the append, and take the lock to find out. A look uses what was told, and reads nothing.
    if (store.frugal === true && head.version > version) {
      if (open.areLooks) foldNews(this.#log, head.version)
      else await readOn(this.#log, head.version)
    }
    open.settleKnown()
    this.#deciding.heldBack.clear()
    const tries = new Tries(queue, limit)
    this.#tries = tries
    for (;;) {
      if (open.restsOn > 0) await this.#confirm(open)
      if (open.size === 0) return
      await tries.next()
      if (tries.why !== undefined && !open.giveUp((call) => !this.#patience.isWaiting(call))) throw tries.why
      const tried = await this.#appender.try(open)
      if (tried === null && open.isWaiting) tries.waited()
      if (tried === null) continue
      if (tried.answer === null) await this.#concludeNothing(open, tried)
      else if (tried.answer.ok) this.#conclude(open, tried.decision, tried.answer)
      else {
        tries.refused(tried.answer.reason === 'version')
        await this.#learn(open, tried.answer)
        if (this.#looks !== undefined && open.areLooks && wasTaken(tried.decision, tried.answer))
          this.#putOff(this.#looks, open)
      }
    }
  }

  /** Answers that rest on what was only read or heard are given once that is where commits have to be. */
  async #confirm(open: OpenCommands): Promise<void> {
    await this.#log.confirmed.upTo(open.restsOn)
    open.release()
  }

  #putOff({ contention, onPutOff }: LookHooks, open: OpenCommands): void {
    contention.lost()
    onPutOff(open.putOff())
  }

  #conclude(
    open: OpenCommands,
    decision: Decision,
    { data = [], published, version }: AppendAnswer & { ok: true },
  ): void {
    this.#counts.appends++
    if (published !== undefined) this.combining?.carried(open, published)
    const commands = open.commands()
    if (open.areLooks) this.#looks?.contention.won()
    open.close()
    const { startedData, hooks } = this.#options
    const { replica, head, confirmed } = this.#log
    const before = replica.ledger
    replica.adopt(decision)
    startedData?.keep(decision.events, data)
    head.reach()
    confirmed.reach(version)
    open.resolveAll(commands, decision.results, version)
    hooks.onAppended(before, decision.ledger, takesIn(decision.events))
  }

  /**
   * Nothing to append. That has to be true at some moment after the commands came. So it reads the log to its end once, and
   * decides them again if others had appended. It ignores what others append after that: on a busy queue it would never end.
   * For looks, which nobody waits for, it reads nothing where each read has its price.
   */
  async #concludeNothing(open: OpenCommands, { decision, sure }: Try): Promise<void> {
    const { version } = this.#log
    const isTrue = sure || open.isRead || (this.#options.store.frugal === true && open.areLooks)
    if (!isTrue) await readOn(this.#log)
    open.isRead = true
    open.settleKnown()
    if (isTrue || this.#log.version === version) open.resolveAll(open.commands(), decision.results, version)
  }

  /** Does what a refused append asks for, before the next try. */
  async #learn(open: OpenCommands, answer: AppendAnswer & { ok: false }): Promise<void> {
    const { replica, store, queue, confirmed } = this.#log
    const { hooks } = this.#options
    this.#counts.lost++
    // The call has locked the queue, and its own commit came after all that it has seen.
    if (answer.reason !== 'log_went_back') confirmed.reach(answer.version)
    switch (answer.reason) {
      case 'log_went_back':
        throw wentBack(queue, replica.version, answer.version)
      case 'version':
        this.combining?.meetOthers()
        // The store has compared the last known event. If that event was archived and not kept, only the epoch can tell.
        checkSame(queue, replica, { ...answer, knownAt: null, events: answer.missed })
        replica.apply(answer.missed)
        if (replica.version !== answer.version) await readOn(this.#log)
        // That was its end a moment ago.
        open.isRead = true
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
        return open.dropTaken(answer.jobIds)
      case 'requested':
        for (const jobId of answer.jobIds) this.#deciding.heldBack.add(jobId)
        return hooks.onRequested()
      case 'dead_worker':
        for (const workerId of answer.workerIds) this.#deciding.deadWorkers.add(workerId)
        hooks.onDeadWorkers(answer.workerIds)
        return
      case 'live_worker':
        return open.dropExpiries(answer.workerIds)
      case 'unstaged':
        return this.staging.again(
          [...open.pending()].filter(({ command: { id } }) => answer.commandIds.includes(id)),
        )
      case 'clock':
        return
    }
  }
}
