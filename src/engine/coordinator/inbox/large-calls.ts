import {
  type Accepted,
  type CommandBody,
  hash,
  InterlockError,
  jobOf,
  type OnceRecord,
  parentsFirst,
  type StandIn,
  type Waiting,
  waitingFor,
  withStandIns,
} from '../../core/index.ts'
import { enqueueBody, keptOf, type ParsedJob, sha256, submissionOf, toHex, utf8 } from '../../events/index.ts'
import type { AppendRole, CallToSubmit, InboxRole, SubmissionRole, SubmittedCall } from '../../store/index.ts'
import { previewed } from '../commit/preview.ts'
import type { Member } from '../membership/member.ts'
import { CallInLine, type CallKey, type LargeCall, reused } from './call-in-line.ts'
import { inParts } from './parts.ts'

/** What came of the jobs of a call. */
export type JobsPut = Pick<Accepted, 'waiting' | 'known' | 'doubles'>

type CallStore = Pick<InboxRole, 'submitCall' | 'submittedCall' | 'settle'> &
  Pick<AppendRole, 'endings'> &
  Pick<SubmissionRole, 'ofJob'>
type Deciding = Pick<
  Member,
  'log' | 'ledger' | 'appends' | 'beReady' | 'send' | 'catchUp' | 'workerId' | 'closing'
>
type EnqueueBody = CommandBody & { readonly type: 'enqueue' }

/** As many jobs come into line in one append, in some 30 ms under the queue's lock. More would keep the queue from all others for as long as that takes. */
export const MOST_AT_ONCE = 1_000
/**
 * Puts the jobs of large calls in line, all or none, and stops nobody: decides the whole without an append, commits it as submissions, and
 * brings these into line in parts. If this process dies in between, any other one takes in the rest.
 */
export class LargeCalls {
  readonly #store: CallStore
  readonly #member: Deciding

  constructor(store: CallStore, member: Deciding) {
    this.#store = store
    this.#member = member
  }

  /**
   * Resolves when all jobs are in line.
   * @throws what `enqueue` refuses, then nothing was done; `submitted`: they are committed, and come into line by themselves
   */
  async enqueue(call: LargeCall): Promise<JobsPut> {
    await this.#member.beReady(call.madeAt)
    const body = enqueueBody(call.jobs)
    const key = { requestId: callIdOf(call.requestId), digest: String(hash(JSON.stringify(body))) }
    const there = call.mayBeKnown ? await this.#look(call, key) : null
    const none = there === null ? await this.#submit(call, body, key) : undefined
    if (none !== undefined) return none
    const inLine = new CallInLine(this.#store, this.#member, call, key)
    const { known, doubles } = await inLine.finish(there === null || !there.isTaken)
    await this.#member.catchUp()
    const standIns = new Set(doubles.map(({ jobId }) => jobId))
    const ids = new Set(call.jobs.map(({ spec: { jobId } }) => jobId).filter((jobId) => !standIns.has(jobId)))
    return { known, doubles, waiting: [...ids].flatMap((jobId) => this.#waiting(jobId)) }
  }

  /**
   * The same for jobs that a running attempt adds: each part is a command under that attempt, which adds them again if it breaks off.
   * @param options `partOf`: the command whose parts they are
   */
  async add(
    body: EnqueueBody,
    jobs: readonly ParsedJob[],
    { madeAt, partOf }: AddOptions,
  ): Promise<Accepted> {
    await this.#member.beReady(madeAt)
    await this.#decide(body, new Map())
    const { under } = body
    let sum: Accepted = {
      ok: true,
      started: [],
      waiting: [],
      bypassed: [],
      known: [],
      doubles: [],
      changed: true,
    }
    for (const [n, part] of inParts(inOrder(jobs).map((job) => ({ job }))).entries()) {
      const own = part.map(({ job }) => job)
      const some = { ...linkedPast(enqueueBody(own), sum.doubles), ...(under && { under }) }
      const sent = {
        data: keptOf(own),
        madeAt,
        ...(partOf && { as: { ...partOf, id: `${partOf.id}/${n}` } }),
      }
      sum = added(sum, await this.#member.send(some, sent))
    }
    return sum
  }

  /** Undefined: it is committed. @returns what came of the call if all of its jobs were there */
  async #submit(call: LargeCall, body: EnqueueBody, key: CallKey): Promise<JobsPut | undefined> {
    const { requestId, madeAt } = call
    const once = new Map<string, OnceRecord>()
    for (;;) {
      const { waiting, known = [], doubles = [] } = await this.#decide(body, once)
      const there = new Set([...known, ...doubles.flatMap(({ jobId }) => (once.has(jobId) ? [jobId] : []))])
      const fresh = inOrder(call.jobs.filter(({ spec }) => !there.has(spec.jobId)))
      if (fresh.length === 0 && !call.mayBeKnown) return { waiting, known, doubles }
      const given = { ...key, known: [...there] }
      const answer = await this.#commit(given, fresh, madeAt)
      if (answer.ok) return undefined
      if (answer.reason === 'reused') throw reused(requestId)
      for (const record of answer.once) once.set(record.jobId, record)
      // They are in line by now, and known when it is decided again. Each time others were faster.
      if (this.#member.appends.patience.leftMs(madeAt) === 0) throw overtaken(this.#member.log.queue)
    }
  }

  /** Decided at a version that is the last one at some time after the call. @throws InterlockError the refusal */
  async #decide(body: EnqueueBody, once: ReadonlyMap<string, OnceRecord>): Promise<Accepted> {
    const { log, appends, workerId } = this.#member
    await this.#member.catchUp()
    const of = { store: this.#store, queue: log.queue }
    const preview = (asked: CommandBody, known: Parameters<typeof appends.preview>[1]) =>
      appends.preview({ id: 'preview', hash: 0, workerId, body: asked }, known)
    const { results } = await previewed(of, preview, body, once)
    const [result] = results
    if (result === undefined) throw new RangeError('one command has one result')
    if (!result.ok) throw new InterlockError(result.code, result.message)
    return result
  }

  /** Payloads that are large go ahead, as those of any command. */
  async #commit(
    given: Pick<CallToSubmit, 'requestId' | 'digest' | 'known'>,
    fresh: readonly ParsedJob[],
    madeAt: number,
  ) {
    const { appends, log } = this.#member
    const payloads = keptOf(fresh.map(({ trace: _, ...job }) => ({ ...job, trace: undefined })))
    for (;;) {
      const isStaged = await appends.stage(given.requestId, payloads, madeAt)
      const jobs = fresh.map((job) => submissionOf(isStaged ? { ...job, payload: undefined } : job))
      const call = { ...given, jobs, staged: isStaged ? payloads.length : 0 }
      const answer = await appends.ask(madeAt, () => this.#store.submitCall(log.queue, call))
      if (answer.ok || answer.reason !== 'unstaged') return answer
    }
  }

  #look({ madeAt }: LargeCall, key: CallKey): Promise<SubmittedCall | null> {
    const { appends, log } = this.#member
    return appends.ask(madeAt, () => this.#store.submittedCall(log.queue, key, false))
  }

  #waiting(jobId: string): readonly Waiting[] {
    const { ledger, log } = this.#member
    const job = jobOf(ledger, jobId)
    return job === undefined || job.active || job.offeredAt !== null
      ? []
      : [waitingFor(ledger, job, log.now())]
  }
}

export interface AddOptions {
  readonly madeAt: number
  readonly partOf?: { readonly id: string; readonly workerId: string } | undefined
}

/** The longest id that a request has. */
const MOST_LENGTH = 190
const PREFIX = 'call:'

/** So the store knows a large call, and a request by SQL has its own id already. */
function callIdOf(requestId: string): string {
  if (requestId.length + PREFIX.length <= MOST_LENGTH) return `${PREFIX}${requestId}`
  return `${PREFIX}${toHex(sha256().update(utf8(requestId)).digest())}`
}

/** Each id once, and those that others come after first: so no job waits for one of a later part to be known. */
function inOrder(jobs: readonly ParsedJob[]): readonly ParsedJob[] {
  const byId = new Map<string, ParsedJob>()
  for (const job of jobs) if (!byId.has(job.spec.jobId)) byId.set(job.spec.jobId, job)
  if (!jobs.some(({ after }) => after !== undefined)) return [...byId.values()]
  const parents = new Map([...byId].map(([jobId, { after = [] }]) => [jobId, after.map(({ job }) => job)]))
  return parentsFirst(parents).flatMap((jobId) => byId.get(jobId) ?? [])
}

/** The same with the jobs that stand for those of earlier parts. */
const linkedPast = (body: EnqueueBody, doubles: readonly StandIn[] = []): EnqueueBody =>
  body.links === undefined ? body : { ...body, links: withStandIns(body.links, doubles) }

const added = (sum: Accepted, part: Accepted): Accepted => ({
  ...sum,
  waiting: [...sum.waiting, ...part.waiting],
  known: [...(sum.known ?? []), ...(part.known ?? [])],
  doubles: [...(sum.doubles ?? []), ...(part.doubles ?? [])],
})

const overtaken = (queue: string): InterlockError =>
  new InterlockError(
    'contention',
    `queue ${queue}: others put jobs with the same ids in line while this call was decided; try again`,
    { queue },
  )
