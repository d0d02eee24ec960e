import {
  type HeldJob,
  InterlockError,
  isInterlockError,
  isRefusal,
  numberText,
  type StandIn,
  withStandIns,
} from '../../core/index.ts'
import { enqueueBody, keptOf, type ParsedJob } from '../../events/index.ts'
import type { CallToSubmit, InboxRole, SubmissionRole, SubmittedCall } from '../../store/index.ts'
import { pause } from '../base/retry.ts'
import type { Member } from '../membership/member.ts'
import { inParts } from './parts.ts'
import { standInsOf } from './stand-ins.ts'

/** A call of many jobs. */
export interface LargeCall {
  readonly jobs: readonly ParsedJob[]
  /** 1 to 190 characters: the same call again under it does nothing twice. */
  readonly requestId: string
  /** The id may have been used before. */
  readonly mayBeKnown: boolean
  /** False: if another process is putting its jobs in line, that is not waited for. */
  readonly waits: boolean
  /** By `performance.now()`. */
  readonly madeAt: number
}

/** By which the store knows a call. */
export type CallKey = Pick<CallToSubmit, 'requestId' | 'digest'>

type OpenJob = SubmittedCall['open'][number] & { readonly job: ParsedJob }
type CallStore = Pick<InboxRole, 'submittedCall' | 'settle'> & Pick<SubmissionRole, 'ofJob'>
type Deciding = Pick<Member, 'log' | 'appends' | 'send' | 'closing'>

/** How long jobs are reserved for this process before it says again that it is at work: half of what the store gives it. */
const RENEW_MS = 2_500
/** How often to look whether another process has put the rest in line. */
const LOOK_MS = 250

/** A large call that is committed, on its way into line. */
export class CallInLine {
  readonly #store: CallStore
  readonly #member: Deciding
  readonly #call: LargeCall
  readonly #key: CallKey
  readonly #jobs: ReadonlyMap<string, ParsedJob>
  /** Who comes after one of these comes after the job that stands for it. */
  readonly #doubles: StandIn[] = []
  /** How many are not in line, as far as is known. */
  #left: number
  #held: SubmittedCall['held'] = []
  /** When a part last came into line, by `performance.now()`: while the call gets on, its patience begins again with each. */
  #since: number

  constructor(store: CallStore, member: Deciding, call: LargeCall, key: CallKey) {
    this.#store = store
    this.#member = member
    this.#call = call
    this.#key = key
    this.#jobs = new Map(call.jobs.map((job) => [job.spec.jobId, job]))
    this.#left = this.#jobs.size
    this.#since = call.madeAt
  }

  /**
   * Resolves when all are in line: put there by this process, or by others where that one came late.
   * @param isHolder this process has committed the call
   * @throws InterlockError `submitted` when the patience of the call is over; `command_reused`
   */
  async finish(isHolder: boolean): Promise<NonNullable<SubmittedCall['answer']>> {
    let holds = isHolder
    try {
      for (;;) {
        const found = await this.#look(holds)
        if (found === null || found.isReused) throw reused(this.#call.requestId)
        if (found.answer !== null) return found.answer
        this.#held = found.held
        holds = !found.isTaken
        this.#left = found.left
        if (found.open.length > 0) await this.#putInLine(found.open)
        else await this.#waitForOthers()
      }
    } catch (error) {
      throw isRefusal(error) || !isInterlockError(error) ? error : this.#unfinished(error)
    }
  }

  #look(isHolder: boolean): Promise<SubmittedCall | null> {
    const { appends, log } = this.#member
    return appends.ask(this.#since, () => this.#store.submittedCall(log.queue, this.#key, isHolder))
  }

  /** Part by part, for as long as they are surely reserved for this process. */
  async #putInLine(open: SubmittedCall['open']): Promise<void> {
    const began = performance.now()
    const rows = open.flatMap((one): OpenJob[] => {
      const job = this.#jobs.get(one.jobId)
      return job === undefined ? [] : [{ ...one, job }]
    })
    for (const part of inParts(rows)) {
      if (performance.now() - began > RENEW_MS) return
      await this.#putPart(part)
      this.#left -= part.length
      this.#since = performance.now()
    }
  }

  async #putPart(part: readonly OpenJob[]): Promise<void> {
    const { log } = this.#member
    const jobs = part.map(({ job }) => job)
    const body = enqueueBody(jobs)
    const links = body.links && { links: withStandIns(body.links, this.#doubles) }
    const submissions = part.map(({ id }) => id)
    const sent = { data: keptOf(jobs), madeAt: this.#since }
    const answer = await this.#member.send({ ...body, ...links, submissions }, sent)
    const { known = [], held = [], doubles = [] } = answer
    this.#doubles.push(...doubles)
    if (known.length + held.length === 0) return
    const found = await this.#unheard(held)
    if (found.length > 0) {
      this.#doubles.push(...found)
      const again = new Set([...known, ...held.map(({ jobId }) => jobId)])
      return this.#putPart(part.filter(({ jobId }) => again.has(jobId)))
    }
    const ids = new Map(part.map(({ id, jobId }) => [jobId, id]))
    await this.#store.settle(log.queue, {
      known: known.flatMap((jobId) => ids.get(jobId) ?? []),
      held: held.map(({ jobId, code, message }) => ({ id: ids.get(jobId) ?? 0, code, message })),
    })
  }

  /** Jobs that stand for those of parts that another process has put in line. */
  async #unheard(held: readonly HeldJob[]): Promise<readonly StandIn[]> {
    const heard = new Set(this.#doubles.map(({ jobId }) => jobId))
    const found = await standInsOf(this.#store, this.#member.log, held, this.#jobs)
    return found.filter(({ jobId }) => !heard.has(jobId))
  }

  /** @throws InterlockError `submitted` */
  async #waitForOthers(): Promise<void> {
    const { appends, closing } = this.#member
    if (!this.#call.waits || appends.patience.leftMs(this.#since) === 0 || closing.signal.aborted)
      throw this.#unfinished()
    await pause(LOOK_MS, closing.signal)
  }

  #unfinished(cause?: InterlockError): InterlockError {
    if (isInterlockError(cause, 'submitted')) return cause
    const { requestId } = this.#call
    const of = this.#jobs.size
    const inLine = of - this.#left
    const [held] = this.#held
    const why = held === undefined ? cause?.message : `job ${held.jobId} waits: ${held.reason}`
    return new InterlockError(
      'submitted',
      `the call is committed, and ${numberText(inLine)} of its ${numberText(of)} jobs are in line${why === undefined ? '' : ` (${why})`}; the others follow by themselves, so do not repeat it, or only under the same id: ${requestId}`,
      { requestId, inLine, of },
      cause,
    )
  }
}

export const reused = (commandId: string): InterlockError =>
  new InterlockError(
    'command_reused',
    `request id ${commandId} was used for other jobs; use a new id for a new call`,
    { commandId },
  )
