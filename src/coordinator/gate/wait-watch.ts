import { type CommandBody, InterlockError, type Job, jobOf, type RecordedEvent } from '../../core/index.ts'
import type { Errands } from '../base/in-flight.ts'
import type { Member } from '../membership/member.ts'
import type { GateCall } from './gate-call.ts'
import type { Gate } from './start-router.ts'

/** Sees to it that nobody waits at the gate for what cannot come any more, or for what nobody asks for any more. */
export class GateWatch {
  readonly #gate: Gate
  readonly #member: Member
  readonly #errands: Errands

  constructor(gate: Gate, member: Member, errands: Errands) {
    this.#gate = gate
    this.#member = member
    this.#errands = errands
  }

  /** What an event means for those who wait for its job. */
  see(event: RecordedEvent): void {
    this.#gate.owners.see(event)
    if (!('jobId' in event)) return
    const { jobId } = event
    if (this.#gate.askedAs(jobId) === undefined) return
    if (event.type === 'started') this.#seeStart(jobId, event.seq, event.workerId)
    else if (isEnd(event)) this.#gate.refuse(jobId, ended(jobId, event.type))
  }

  /** Events were passed over, an end or a start among them perhaps. */
  lookAgain(): void {
    for (const jobId of this.#gate.wanted) this.#look(jobId)
  }

  /** The call has been answered that its job has to wait, which was true then: from now on events tell of it. */
  stand(call: GateCall): void {
    call.stands = true
    this.#look(call.jobId)
  }

  #look(jobId: string): void {
    const job = jobOf(this.#member.replica.ledger, jobId)
    if (job === undefined) this.#gate.refuse(jobId, ended(jobId, 'ended'))
    else if (job.active) this.#seeStart(jobId, job.token, job.workerId)
  }

  /**
   * Asks anew where nobody alive asks: this process goes on under another id since its lease was lost, or the process that
   * asked last has given up. Whom another process asks for stays asked by it: the two would take it from each other for ever.
   */
  followUp(): void {
    if (!this.#member.lease.isRegistered) return
    for (const jobId of this.#gate.wanted) {
      const job = jobOf(this.#member.replica.ledger, jobId)
      if (job?.active === false && this.#isUnasked(job)) void this.#errands.add(this.#askAnew(jobId))
    }
  }

  #isUnasked({ jobId, asker, offeredAt }: Job): boolean {
    const isLost = this.#gate.askedAs(jobId) !== this.#member.workerId
    return isLost || asker === null || offeredAt !== null
  }

  /** The job may have ended meanwhile: then nothing comes of it. */
  async #askAnew(jobId: string): Promise<void> {
    const { workerId } = this.#member
    const isDone = await this.#member.inBackground({ type: 'take_up', jobId, wait: true })
    if (isDone && this.#gate.askedAs(jobId) !== undefined) this.#gate.ask(jobId, workerId)
  }

  /** One for this process comes to the gate by itself. One for a former id of it was never taken up. */
  #seeStart(jobId: string, token: number, workerId: string | null): void {
    if (workerId === this.#member.workerId) return
    if (workerId !== this.#gate.askedAs(jobId)) return this.#gate.refuse(jobId, elsewhere(jobId))
    const release = this.#member.inBackground(releaseOf(jobId, token))
    void this.#errands.add(release.then(() => this.followUp()))
  }
}

/** Nobody has taken the start up: it goes back to the line, and costs no attempt. */
export function releaseOf(jobId: string, token: number): CommandBody {
  return { type: 'release', jobId, token, reason: 'unacknowledged', runAt: null }
}

function isEnd(event: RecordedEvent): boolean {
  if ('final' in event) return event.final
  return event.type === 'completed' || event.type === 'expired' || event.type === 'cancelled'
}

function ended(jobId: string, how: string): InterlockError {
  const message = `job ${jobId} is not live any more (${how}), though it was waited for; enqueue it again if it is still wanted`
  return new InterlockError('job_not_live', message, { jobId })
}

function elsewhere(jobId: string): InterlockError {
  const message = `job ${jobId} was started in another process; ask again when it has ended`
  return new InterlockError('not_holder', message, { jobId })
}
