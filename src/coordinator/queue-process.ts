import { isOutage, type RecordedEvent } from '../core/index.ts'
import type { Incoming } from '../port/index.ts'
import type { WholeOptions } from './api/options.ts'
import { Commands } from './commands.ts'
import { Gate } from './gate/gate.ts'
import { LenientGate } from './gate/lenient-gate.ts'
import { Hints } from './hints.ts'
import { Inbox } from './inbox/inbox.ts'
import { JobRecords } from './job-records.ts'
import { Member } from './membership/member.ts'
import { Observer } from './observer.ts'

/** One process on one queue: puts the rooms together, and says who is told of what. */
export class QueueProcess {
  readonly member: Member
  readonly observer: Observer
  readonly commands: Commands
  readonly records: JobRecords
  readonly hints = new Hints()
  readonly #gate: Gate
  /** Instead of the gate where it must not stop a program. */
  readonly #lenient: LenientGate | undefined
  readonly #inbox: Inbox

  constructor(options: WholeOptions) {
    const { store, queue } = options
    const member = new Member(options, {
      onEvent: (event) => this.#onEvent(event),
      onStarted: (attempt, taker) => this.#gate.router.receive(attempt, taker),
      onIncoming: (incoming) => this.#onIncoming(incoming),
      onPoll: () => this.#onPoll(),
      onRenewed: () => this.#gate.followUp(),
      onOpening: () => this.hints.wake(),
      onSkipped: () => this.#gate.lookAgain(),
    })
    this.member = member
    this.observer = new Observer(member, store)
    this.commands = new Commands(member)
    this.records = new JobRecords(member, store)
    this.#gate = new Gate(member)
    if (options.onUnavailable === 'bypass') this.#lenient = new LenientGate(this.#gate, member, options)
    this.#inbox = new Inbox({
      ...{ store, queue, ledger: () => member.ledger, now: () => member.log.now() },
      send: (body, sent) => member.send(body, sent),
      onError: (error) => member.failures.note(error),
    })
  }

  /** Where programs ask whether a job may run. */
  get gate(): Gate | LenientGate {
    return this.#lenient ?? this.#gate
  }

  /** @throws what the store throws; not where the gate is lenient and the database is away, which is joined once it can be */
  async open(): Promise<void> {
    try {
      await this.member.lifecycle.open()
      await this.#inbox.open()
    } catch (error) {
      if (this.#lenient === undefined || !isOutage(error)) throw error
      void this.member.lifecycle.openLater()
    }
  }

  async close(): Promise<void> {
    await this.#gate.close()
    this.hints.pause()
    await this.#inbox.close()
    // The end of a job that ran beside the line: untold, it would stand there for somebody to start it.
    await this.#lenient?.settle()
    await this.member.lifecycle.leave()
    this.hints.complete()
  }

  #onEvent(event: RecordedEvent): void {
    this.observer.see(event)
    this.#gate.see(event)
    if ((event.offers?.length ?? 0) > 0) this.hints.wake()
  }

  #onIncoming(incoming: Incoming): void {
    if (incoming !== 'rows') this.#inbox.nudge()
    if (incoming === 'requests') return
    if (this.member.isFull) this.hints.takeInLater()
    else this.hints.takeIn()
  }

  #onPoll(): void {
    this.#lenient?.catchUp()
    this.#inbox.poll()
    this.#gate.followUp()
    if (this.#gate.router.isWaiting) void this.member.inBackground({ type: 'tick' })
    this.hints.wake()
    this.hints.takeIn()
  }
}
