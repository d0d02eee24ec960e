import {
  type HeldJob,
  hash,
  InterlockError,
  isInterlockError,
  type RecordedEvent,
  type StandIn,
  withStandIns,
} from '../../core/index.ts'
import { enqueueBody, keptOf, type ParsedJob, parseSubmission } from '../../events/index.ts'
import type { InboxRole, SettledSubmissions, SubmissionRole, SubmissionRow } from '../../store/index.ts'
import type { Member } from '../membership/member.ts'
import { PREFIX } from './committed-ends.ts'
import { inParts } from './parts.ts'
import { saidTwice } from './said-twice.ts'
import { standInsOf } from './stand-ins.ts'

type Held = SettledSubmissions['held'][number]
/** The worker id in the events of what SQL puts in. */
export const ACTOR = 'sql'

type Deciding = Pick<Member, 'log' | 'logger' | 'incarnation' | 'slips' | 'send'>
type SubmissionStore = Pick<InboxRole, 'settle'> & Pick<SubmissionRole, 'ofJob'>

/** With these, a job that was put off may come into line: what it waited for has changed. */
const freeing: ReadonlySet<RecordedEvent['type']> = new Set([
  'completed',
  'failed',
  'cancelled',
  'expired',
  'lease_expired',
])

/**
 * Puts jobs in line that were committed in transactions of their submitters. None is refused: one that may not come into line yet is put
 * off, and says why to everybody who asks. If this process dies in between, another one takes it in.
 */
export class Submissions {
  readonly #store: SubmissionStore
  readonly #member: Deciding
  readonly #mayStart: () => void
  /** Jobs that this process has put off, by id, and why. */
  readonly #held = new Map<string, PutOff>()

  /** @param mayStart a worker of this process with a free slot asks for jobs */
  constructor(store: SubmissionStore, member: Deciding, mayStart: () => void) {
    this.#store = store
    this.#member = member
    this.#mayStart = mayStart
  }

  /** Whether a job that this process has put off may come into line after this event. */
  mayComeIn(event: RecordedEvent): boolean {
    if (this.#held.size === 0) return false
    if (event.type === 'policy_changed' || event.type === 'schedule_removed') return true
    if (event.type === 'queued' && this.#isAwaited(event.jobId)) return true
    if (!('jobId' in event) || !this.#held.has(event.jobId)) return false
    // Another process has taken it in.
    const isTaken = event.type === 'queued' || event.type === 'deduplicated'
    if (isTaken && event.submission !== undefined) this.#held.delete(event.jobId)
    return freeing.has(event.type)
  }

  /** A job that was put off comes after it. */
  #isAwaited(jobId: string): boolean {
    for (const { after } of this.#held.values()) if (after.has(jobId)) return true
    return false
  }

  /** @throws what sending a command throws: then they are undecided, and go to others in 2 s */
  async take(rows: readonly SubmissionRow[]): Promise<void> {
    if (rows.length === 0) return
    const held: Held[] = []
    const parsed = rows.flatMap((row) => {
      const job = jobOf(row)
      for (const [found, who] of saidTwice(row.job)) this.#member.slips.tell(found, who)
      if (!isInterlockError(job)) return [{ id: row.id, job }]
      held.push({ id: row.id, code: job.code, message: job.message })
      return []
    })
    const known: number[] = []
    for (const part of inParts(parsed)) known.push(...(await this.#enqueue(part, held)))
    for (const { job } of parsed) this.#held.delete(job.spec.jobId)
    for (const one of held) this.#putOff(one, parsed.find(({ id }) => id === one.id)?.job)
    await this.#store.settle(this.#member.log.queue, { known, held })
  }

  /** In one command. Returns which are in line already, and adds those that are put off. */
  async #enqueue(
    parsed: readonly Parsed[],
    held: Held[],
    doubles: readonly StandIn[] = [],
  ): Promise<readonly number[]> {
    const submissions = parsed.map(({ id }) => id)
    const jobs = parsed.map(({ job }) => job)
    const plain = enqueueBody(jobs)
    const links = plain.links && { links: withStandIns(plain.links, doubles) }
    const body = { ...plain, ...links, submissions }
    const id = `${PREFIX}${this.#member.incarnation.nextCommandId()}`
    const as = { id, workerId: ACTOR, hash: hash(JSON.stringify(body)) }
    const sent = this.#member.send(body, { as, data: keptOf(jobs) })
    // They come into line and start in the same append.
    this.#mayStart()
    const { known = [], held: left = [] } = await sent
    const idOf = new Map(parsed.map(({ id, job }) => [job.spec.jobId, id]))
    const settled = known.flatMap((jobId) => idOf.get(jobId) ?? [])
    const byId = new Map(jobs.map((job) => [job.spec.jobId, job]))
    const found = doubles.length > 0 ? [] : await standInsOf(this.#store, this.#member.log, left, byId)
    if (found.length > 0) {
      const again = new Set(left.map(({ jobId }) => jobId))
      const some = parsed.filter(({ job }) => again.has(job.spec.jobId))
      return [...settled, ...(await this.#enqueue(some, held, found))]
    }
    const withId = ({ jobId, code, message }: HeldJob): Held => ({ id: idOf.get(jobId) ?? 0, code, message })
    held.push(...left.map(withId))
    return settled
  }

  /** Its submitter may never ask what became of it, so the log of the service says it once. */
  #putOff(one: Held, job: ParsedJob | undefined): void {
    const { log, logger } = this.#member
    if (job === undefined) return
    const { jobId } = job.spec
    if (this.#held.has(jobId)) return
    this.#held.set(jobId, { after: new Set(job.after?.map((parent) => parent.job)) })
    logger.warn(`[COORDINATOR] Job ${jobId}, which was submitted, comes into line later: ${one.message}`, {
      event: 'submission.held',
      queue: log.queue,
      job_id: jobId,
      code: one.code,
    })
  }
}

/** A job that waits to come into line, and those that it is to come after. */
interface PutOff {
  readonly after: ReadonlySet<string>
}

interface Parsed {
  readonly id: number
  readonly job: ParsedJob
}

function jobOf({ job }: SubmissionRow): ParsedJob | InterlockError {
  try {
    return parseSubmission(job)
  } catch (error) {
    if (error instanceof InterlockError) return error
    throw error
  }
}
