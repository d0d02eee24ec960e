import { isInterlockError, isPassing, wentBack } from '../../core/index.ts'
import { type AppendAnswer, type AppendRole, pagesAfter } from '../../store/index.ts'
import { retryWhile, type TimeLimit } from '../base/retry.ts'
import { foldNews, readOn } from '../replica/catch-up.ts'
import type { LogView } from '../replica/log-view.ts'
import { checkSame } from '../replica/restored-log.ts'
import { Appender, type AppendTry, type BeatsAlong } from './appender.ts'
import { Combining, type PolledReads } from './combining.ts'
import { Staging } from './data-staging.ts'
import { Decider, type SharedShapes } from './decider.ts'
import type { HeldLooks } from './held-looks.ts'
import { OpenCalls } from './open-calls.ts'
import { isSearch, OpenCommands } from './open-commands.ts'
import { type Patience, patienceOf } from './patience.ts'
import type { Pending } from './pending.ts'
import type { StartedData } from './started-data.ts'

/** The process that appends, as its committer sees it: what it is told beside the answers to commands. */
export interface AppendingProcess {
  readonly failures: {
    wentWell(doing: 'write'): void
    noteOfLog(error: unknown, doing: 'read'): void
  }
  /** The store says that these worker processes have no live lease. */
  declaredDead(workerIds: readonly string[]): void
  /** The inbox has something about jobs of this append: to cancel one that was about to start, or the end of one. */
  requested(): void
}

export interface CommitOptions {
  readonly log: LogView
  readonly store: AppendRole
  readonly limit: TimeLimit
  /** Absent: one that has not joined. */
  readonly process?: AppendingProcess
  /** The data that handlers need of started jobs. Without it, appends bring no data. */
  readonly startedData?: StartedData
  /** The name of this process among those that combine. Without it, the process does not take part. */
  readonly name?: () => string
  /** The heartbeats of this process, which go along with its appends where each call has its price. */
  readonly beats?: BeatsAlong
  /** Without beats: what may be written. */
  readonly shapes?: SharedShapes
}

/** What belongs to the queue of commands of a process that has joined. */
export interface OfQueue {
  /** These are to be carried out next: other processes have published them, or they are looks that lost. */
  add(commands: readonly Pending[]): void
  readonly patience: Patience
  /** Absent: looks that lose to other processes are tried again at once. */
  readonly looks: HeldLooks | undefined
  /** The append under way is in the log. */
  sendAhead(): void
  /** Up to this version the process has to read. */
  catchUp(version: number): Promise<void>
  readonly reads: PolledReads
}

/** Carries one batch of commands into the log, and answers each of them. */
export class Committer {
  readonly #options: CommitOptions
  readonly #ofQueue: OfQueue | undefined
  readonly #log: LogView
  readonly decider: Decider
  readonly appender: Appender
  /** Sends large data ahead of its append. */
  readonly staging: Staging
  readonly #patience: Patience
  #tries: OpenCalls | undefined
  readonly #counts = { commands: 0, appends: 0, lost: 0, retried: 0 }

  /** The other processes that write; absent: this one neither publishes nor combines. */
  readonly combining: Combining | undefined

  /** @param ofQueue without it, the commands are all there is, and the process takes no part in combining */
  constructor(options: CommitOptions, ofQueue?: OfQueue) {
    const { log, store, startedData, name, beats, shapes = beats ?? { reads: 0 } } = options
    this.#options = options
    this.#ofQueue = ofQueue
    this.#log = log
    this.#patience = ofQueue?.patience ?? patienceOf(options)
    this.staging = new Staging({ store, queue: log.queue, patience: this.#patience })
    // Where heartbeats and rows go along with appends, each process makes its own.
    if (name && store.combining && ofQueue && !log.looks.goesAlong)
      this.combining = new Combining({
        log,
        combining: store.combining,
        name,
        onPublished: (commands) => ofQueue.add(commands),
        onStarted: (started, data) => startedData?.keepOf(started, data),
        onUnexpected: (version) => void ofQueue.catchUp(version),
        reads: ofQueue.reads,
      })
    this.decider = new Decider({ log, store, startedData, shapes })
    this.appender = new Appender({ log, store, decider: this.decider, combining: this.combining, beats })
  }

  /** For `health()` and the benchmark. */
  get counts(): Readonly<Record<'commands' | 'appends' | 'lost' | 'retried' | 'elections', number>> {
    return { ...this.#counts, elections: this.combining?.elections ?? 0 }
  }

  /** The version up to which this process has folded the log. */
  get version(): number {
    return this.#log.version
  }

  /** Commands to be answered together: see {@link commit}. */
  open(batch: readonly Pending[]): OpenCommands {
    return new OpenCommands(batch, this.#log)
  }

  /** Answers every command: carried out, or with an error. */
  async commit(open: OpenCommands): Promise<void> {
    this.#counts.commands += open.size
    await this.#commit(open)
  }

  async #commit(open: OpenCommands): Promise<void> {
    // After a failure: gives up the commands whose time is over, and goes on with the rest.
    const isOver = this.#patience.judge()
    const goesOn = (error: unknown) => isPassing(error) && open.giveUp(isOver, error)
    try {
      await retryWhile(goesOn, this.#options.limit.signal, async (tries) => {
        open.isTried = tries > 0
        if (tries > 0) this.#counts.retried++
        open.isRead = false
        const why = () => this.#tries?.why
        await this.#patience.during('append', () => this.#carryOut(open, isOver), why)
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

  /** Folds what others appended. What cannot be read now is noted as a failure, and read next time. */
  async readOn(upTo?: number): Promise<void> {
    try {
      await this.#patience.retry('read', undefined, () => readOn(this.#log, upTo))
    } catch (error) {
      this.#options.process?.failures.noteOfLog(error, 'read')
    }
  }

  async #carryOut(open: OpenCommands, isOver: (call: Pending['call']) => boolean): Promise<void> {
    const { head, looks, queue, version } = this.#log
    // A process that knows it is behind would lose the append, and take the lock to find out. A look uses what was told, and reads nothing.
    if (looks.readsBeforeAppend && head.version > version && !this.appender.isSent(open)) {
      if (open.areLooks) foldNews(this.#log, head.version)
      else await readOn(this.#log, head.version)
    }
    open.settleKnown()
    this.decider.begin()
    const tries = new OpenCalls(queue, this.#options.limit.signal, () => open.every(isOver))
    this.#tries = tries
    for (;;) {
      if (open.restsOn > 0) await this.#confirm(open)
      if (open.size === 0) return
      await tries.next()
      if (tries.why !== undefined && !open.giveUp((call) => !this.#patience.isWaiting(call))) throw tries.why
      const tried = await this.appender.try(open)
      if (tried === null && open.isWaiting) tries.waited()
      if (tried === null) continue
      const { decision, answer } = tried
      const isPutOff = answer !== null && open.areLooks && this.#ofQueue?.looks?.lost(tried) === true
      if (answer === null) await this.#concludeNothing(open, decision)
      else if (answer.ok) this.#conclude(open, decision, answer)
      else {
        tries.refused(answer.reason)
        await this.#learn(open, answer, tries)
        if (isPutOff) this.#ofQueue?.add(open.putOff())
      }
    }
  }

  /** Answers that rest on what was only read or heard are given once that is where commits have to be. */
  async #confirm(open: OpenCommands): Promise<void> {
    // What was told is not folded yet.
    if (open.restsOn > this.#log.version) await readOn(this.#log, open.restsOn)
    await this.#log.confirmed.upTo(open.restsOn)
    open.release()
  }

  #conclude(
    open: OpenCommands,
    decision: AppendTry['decision'],
    { data = [], published, version }: AppendAnswer & { ok: true },
  ): void {
    this.#counts.appends++
    if (published !== undefined) this.combining?.carried(open, published)
    const commands = open.commands()
    open.close()
    const { startedData, process } = this.#options
    const { replica, head, confirmed } = this.#log
    replica.adopt(decision)
    startedData?.keep(decision.events, data)
    head.reach()
    confirmed.reach(version)
    // Before the answers: what they lead to is done while the next append is under way.
    this.#ofQueue?.sendAhead()
    open.resolveAll(commands, decision.results, version)
    process?.failures.wentWell('write')
  }

  /**
   * Nothing to append. That has to be true at some moment after the commands came. So it reads the log to its end once, and
   * decides them again if others had appended. It ignores what others append after that: on a busy queue it would never end.
   * For looks, which nobody waits for, it reads nothing where each read has its price.
   */
  async #concludeNothing(open: OpenCommands, { results }: AppendTry['decision']): Promise<void> {
    const { version, looks } = this.#log
    const isTrue = open.isRead || (looks.trustsFolded && open.areLooks)
    if (!isTrue) await readOn(this.#log)
    open.isRead = true
    open.settleKnown()
    // What the store did not know may be there by now.
    if (!isTrue) this.decider.ended.clear()
    if (isTrue || this.#log.version === version) open.resolveAll(open.commands(), results, version)
  }

  /** Does what a refused append asks for, before the next try. */
  async #learn(open: OpenCommands, answer: AppendAnswer & { ok: false }, tries: OpenCalls): Promise<void> {
    const { replica, store, queue, confirmed } = this.#log
    const { process } = this.#options
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
          for await (const page of pagesAfter(store, queue, first - 1, { upTo: seqs.at(-1) }))
            open.note(page.events)
        }
        open.settleKnown()
        return
      case 'taken':
        return open.dropTaken(answer.jobIds)
      case 'once':
        for (const record of answer.once) this.decider.once.set(record.jobId, record)
        return
      case 'submissions':
        return open.dropSubmissions(answer.ids)
      case 'requested':
        for (const jobId of answer.jobIds) this.decider.heldBack.add(jobId)
        return process?.requested()
      case 'ending':
        for (const jobId of answer.jobIds) this.decider.ending.add(jobId)
        return process?.requested()
      case 'dead_worker':
        for (const workerId of answer.workerIds) this.decider.deadWorkers.add(workerId)
        return process?.declaredDead(answer.workerIds)
      case 'live_worker':
        return open.dropExpiries(answer.workerIds)
      case 'unstaged':
        return this.staging.again(
          [...open.pending()].filter(({ command: { id } }) => answer.commandIds.includes(id)),
        )
      case 'clock':
        if (!tries.areOftenLate || open.areSearches) return
        this.decider.startsNothing = true
        // They look for something to start, so they go on in a batch of their own.
        this.#ofQueue?.add(open.putOff(isSearch))
        return
    }
  }
}
