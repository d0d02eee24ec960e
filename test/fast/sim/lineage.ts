import type { RecordedEvent } from '../../../src/engine/core/index.ts'
import type { SimJob, SimParent } from './script.ts'

type Log = readonly RecordedEvent[]

/** From its `queued` to its end, by the numbers of the events. */
interface Life {
  readonly from: number
  readonly to: number
  readonly hasCompleted: boolean
}

/** What flows have to keep, by what programs asked for: of the links in the log it reads nothing. */
export class Lineage {
  readonly #jobs: ReadonlyMap<string, SimJob>

  constructor(jobs: readonly SimJob[]) {
    this.#jobs = new Map(jobs.map((job) => [job.id, job]))
  }

  /** Why an attempt with this token began before its job might run; undefined: it did not. */
  tooEarly({ id, after = [] }: SimJob, token: number, log: Log): string | undefined {
    const asked = log.findLast((event) => isOf(event, id) && event.type === 'queued' && event.seq < token)
    if (asked === undefined) return 'it is not in line'
    // Its parents may come behind it, in the same call.
    const known = log.findLast(({ seq, commandId }) => commandId === asked.commandId && seq < token)?.seq ?? 0
    for (const parent of after) {
      const life = livesOf(parent.job, log).findLast(({ from }) => from <= known)
      if (life === undefined) return `${parent.job} never was`
      const added = this.#addedIn(life, parent, known, log)
      for (const [jobId, each] of [[parent.job, life] as const, ...added]) {
        if (each.to > token) return `${jobId} has not ended`
        if (!each.hasCompleted && !parent.goesOn) return `${jobId} did not complete`
      }
    }
    return undefined
  }

  /** Why a job did not fail because of the one that its end names; undefined: it did, or this is no such end. */
  wrongCauseOf(event: RecordedEvent, log: Log): string | undefined {
    if (event.type !== 'failed' || event.code !== 'parent_failed') return undefined
    const { jobId, cause = '', seq } = event
    const hasFailed = livesOf(cause, log).some(({ to, hasCompleted }) => to < seq && !hasCompleted)
    if (hasFailed && this.#failsWith(jobId, cause)) return undefined
    return `${jobId} fails because of ${cause}, ${hasFailed ? 'after which it does not come' : 'which has not failed'}`
  }

  /** Those that its handler added while the child was there. */
  #addedIn(
    { from, to }: Life,
    { job }: SimParent,
    known: number,
    log: Log,
  ): readonly (readonly [string, Life])[] {
    const added = [...this.#jobs.values()].filter(({ addedBy }) => addedBy === job)
    return added.flatMap(({ id }) =>
      livesOf(id, log)
        .filter((life) => life.from > Math.max(from, known) && life.from < to)
        .map((life) => [id, life] as const),
    )
  }

  #failsWith(jobId: string, cause: string): boolean {
    const { after = [] } = this.#jobs.get(jobId) ?? {}
    return after.some(({ job, goesOn }) => {
      if (goesOn) return false
      const isAdded = this.#jobs.get(cause)?.addedBy === job
      return job === cause || isAdded || this.#failsWith(job, cause)
    })
  }
}

const isOf = (event: object, jobId: string): boolean => 'jobId' in event && event.jobId === jobId

function livesOf(jobId: string, log: Log): readonly Life[] {
  const lives: Life[] = []
  for (const event of log) {
    if (!isOf(event, jobId)) continue
    const { seq, type } = event
    const last = lives.at(-1)
    if (type === 'queued') lives.push({ from: seq, to: Number.POSITIVE_INFINITY, hasCompleted: false })
    else if (last !== undefined && endsLife(event))
      lives.splice(-1, 1, { ...last, to: seq, hasCompleted: type === 'completed' })
  }
  return lives
}

const endsLife = (event: RecordedEvent): boolean =>
  event.type === 'completed' ||
  event.type === 'cancelled' ||
  event.type === 'expired' ||
  ((event.type === 'failed' || event.type === 'lease_expired') && event.final)
