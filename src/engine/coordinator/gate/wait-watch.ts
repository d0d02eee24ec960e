import {
  type CommandBody,
  InterlockError,
  type Job,
  jobOf,
  outcomeOf,
  type RecordedEvent,
} from '../../core/index.ts'
import { type InFlight, SingleFlight } from '../base/concurrency.ts'
import type { Member } from '../membership/member.ts'
import type { GateCall, StartRouter } from './start-router.ts'

/** What goes with a question at the gate, of the process that asks. */
/** Makes sure that no call at the gate waits for a start that cannot come, and that no start waits for a call that is gone. */
export class WaitWatch {
  readonly #router: StartRouter
  readonly #member: Member
  readonly #inFlight: InFlight
  readonly #follow: SingleFlight

  constructor(router: StartRouter, member: Member, inFlight: InFlight) {
    this.#follow = new SingleFlight(
      () => this.#askForAll(),
      (error) => member.failures.note(error),
    )
    this.#router = router
    this.#member = member
    this.#inFlight = inFlight
  }

  /** What an event means for callers who wait for its job. */
  see(event: RecordedEvent): void {
    this.#router.owners.see(event)
    if (!('jobId' in event)) return
    const { jobId } = event
    if (this.#router.askedAs(jobId) === undefined) return
    if (event.type === 'started') this.#seeStart(jobId, event.seq, event.workerId)
    else if (outcomeOf(event) !== null) this.#router.refuse(jobId, ended(jobId, event.type))
  }

  /** Events were skipped, which may include an end or a start. */
  lookAgain(): void {
    for (const jobId of this.#router.wanted) this.#look(jobId)
  }

  /** The call was told that its job has to wait, which was true then. From now on, events say when that changes. */
  stand(call: GateCall): void {
    call.stands = true
    this.#look(call.jobId)
  }

  #look(jobId: string): void {
    const job = jobOf(this.#member.ledger, jobId)
    if (job === undefined) this.#router.refuse(jobId, ended(jobId, 'ended'))
    else if (job.active) this.#seeStart(jobId, job.token, job.workerId)
  }

  /**
   * Asks again for jobs that no live process asks for: the worker id of this process changed when its lease was lost, or the last
   * process that asked has given up. A job that another process asks for is left to it: the two would take it from each other for
   * ever. While these questions are under way, no others are sent.
   */
  followUp(): void {
    void this.#follow.request()
  }

  async #askForAll(): Promise<void> {
    if (!this.#member.lease.isRegistered) return
    const unasked = this.#router.wanted.filter((jobId) => {
      const job = jobOf(this.#member.ledger, jobId)
      return job?.active === false && this.#isUnasked(job)
    })
    await Promise.all(unasked.map((jobId) => this.#inFlight.add(this.#askAgain(jobId))))
  }

  #isUnasked({ jobId, asker, offeredAt }: Job): boolean {
    const isLost = this.#router.askedAs(jobId) !== this.#member.workerId
    return isLost || asker === null || offeredAt !== null
  }

  /** The job may have ended meanwhile; then it stays ended. */
  async #askAgain(jobId: string): Promise<void> {
    const { workerId } = this.#member
    const isDone = await this.#member.inBackground({ type: 'take_up', jobId, wait: true }, this.#member.said)
    if (isDone && this.#router.askedAs(jobId) !== undefined) this.#router.ask(jobId, workerId)
  }

  /** A start under the present worker id comes to the gate by itself. A start under a former one was never taken: give it back. */
  #seeStart(jobId: string, token: number, workerId: string | null): void {
    if (workerId === this.#member.workerId) return
    if (workerId !== this.#router.askedAs(jobId)) return this.#router.refuse(jobId, elsewhere(jobId))
    const givenBack = this.#member.inBackground(giveBackOf(jobId, token))
    void this.#inFlight.add(givenBack.then(() => this.followUp()))
  }
}

/** The command that returns a start that nobody took to the line. It costs no attempt. */
export function giveBackOf(jobId: string, token: number): CommandBody {
  return { type: 'release', jobId, token, reason: 'unacknowledged', runAt: null }
}

function ended(jobId: string, how: string): InterlockError {
  const message = `job ${jobId} ended while this process waited for it (${how}); enqueue it again if you still want it`
  return new InterlockError('job_not_live', message, { jobId })
}

function elsewhere(jobId: string): InterlockError {
  const message = `job ${jobId} was started in another process; ask again when it has ended`
  return new InterlockError('not_holder', message, { jobId })
}
