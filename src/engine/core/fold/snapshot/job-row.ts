import { type HeldBack, type Job, PARENTS_END, type Pass, usesSlot } from '../../state/job.ts'
import { jobKeyOf } from '../../state/ledger.ts'
import { freshJob, type Writable } from '../../state/own-job.ts'
import { hash } from '../../values/hash.ts'
import { type JobSpec, type Micros, specDefaults } from '../../values/job.ts'
import { heldFrom, heldOnOf } from './held.ts'
import type { Membership } from './membership.ts'
import { AWAITING, BETWEEN } from './parts.ts'

/** In what a job differs from a usual one: its fields, those of its spec, and where it stands. */
export interface Unusual
  extends Partial<Omit<Job, 'hash' | 'jobId' | 'spec' | 'position' | 'queuedAt' | 'passes' | 'held'>> {
  /** What holds it beside the line: a paused model or place, a place as a site, a resource as a meter, or no place at all. */
  readonly heldOn?: string
  readonly spec?: Partial<JobSpec>
  /** What passed it, or a job in a row before this one that has the same. Older releases do not write it, and read past it. */
  readonly passes?: readonly PassTuple[] | string
  readonly level?: number
  readonly order?: number
  readonly standing?: Membership
}

/** A job in a snapshot: what differs from job to job, and what is unusual about this one. */
export type SnapshotJobRow = readonly [
  jobId: string,
  models: readonly string[],
  queuedAt: Micros,
  tie: number,
  unusual?: Unusual,
]

/** The job that passed, its position, and when. */
export type PassTuple = readonly [jobId: string, level: number, order: number, tie: number, at: Micros]

export const passTuple = ({ position: { jobId, level, order, tie }, at }: Pass): PassTuple => [
  jobId,
  level,
  order,
  tie,
  at,
]

export const passFrom = ([jobId, level, order, tie, at]: PassTuple): Pass => ({
  position: { ...jobKeyOf(jobId), level, order, tie },
  at,
})

/**
 * The last job in each line so far, as jobs come in line order. So a job that waits behind the one before it, as nearly all do,
 * need not say so. And which row has a list of passes first: many jobs share one.
 */
export class LastInLine {
  readonly #models = new Map<string, string>()
  readonly #passed = new Map<readonly Pass[], string>()
  readonly #passes = new Map<string, readonly Pass[]>()
  #queue: string | undefined

  /** The model for which a job with these models waits, unless its row says otherwise; null: in the line of the whole queue. */
  blockedOn(models: readonly string[]): string | null {
    for (const model of models) if (this.#models.has(model)) return model
    return null
  }

  /** The job that it then waits for. */
  blockedBy(model: string | null): string | null {
    return (model === null ? this.#queue : this.#models.get(model)) ?? null
  }

  /** The job whose row has these. */
  firstWith(passes: readonly Pass[]): string | undefined {
    return this.#passed.get(passes)
  }

  /** What the row of that job has: nothing, if another release has left it out. */
  passesOf(jobId: string): readonly Pass[] | null {
    return this.#passes.get(jobId) ?? null
  }

  add(job: Job): void {
    const { passes } = job
    if (passes !== null && !this.#passed.has(passes)) {
      this.#passed.set(passes, job.jobId)
      this.#passes.set(job.jobId, passes)
    }
    if (job.dueAt !== null || job.held !== null || !usesSlot(job)) return
    for (const model of job.spec.models) this.#models.set(model, job.jobId)
    this.#queue = job.jobId
  }
}

/** A waiting job with defaults alone. */
function usualJob(
  [jobId, , queuedAt, tie]: SnapshotJobRow,
  models: readonly string[],
  last: LastInLine,
): Writable<Job> {
  const place = { hash: hash(jobId), jobId, level: 0, order: queuedAt, tie }
  const job = freshJob(usualSpec(jobId, models), place, queuedAt, 0)
  job.blockedOn = last.blockedOn(models)
  job.blockedBy = last.blockedBy(job.blockedOn)
  return job
}

const usualSpec = (jobId: string, models: readonly string[]): JobSpec => ({
  jobId,
  jobType: 'normal',
  kind: 'normal',
  models,
  ...specDefaults,
})

/** Fields that a row handles in its own way. */
const apart: ReadonlySet<string> = new Set(['hash', 'jobId', 'spec', 'position', 'owner', 'passes'])

/** The job as a row, without where it stands. */
export function rowOf(job: Job, last: LastInLine): SnapshotJobRow {
  const row: SnapshotJobRow = [job.jobId, job.spec.models, job.queuedAt, job.position.tie]
  const usual = usualJob(row, row[1], last)
  const unusual: Record<string, unknown> = {}
  note(unusual, job, usual, apart)
  note(unusual, job.position, usual.position, apart)
  if (job.dueAt === Number.POSITIVE_INFINITY) unusual['dueAt'] = BETWEEN
  if (job.dueAt === PARENTS_END) unusual['dueAt'] = AWAITING
  if (job.passes !== null) unusual['passes'] = last.firstWith(job.passes) ?? job.passes.map(passTuple)
  const spec: Record<string, unknown> = {}
  note(spec, job.spec, usual.spec, apart)
  if (!isEmpty(spec)) unusual['spec'] = spec
  return isEmpty(unusual) ? row : [row[0], row[1], row[2], row[3], unusual as Unusual]
}

/** The row with where the job stands, if that is unusual. */
export function withStanding(
  [jobId, models, queuedAt, tie, unusual]: SnapshotJobRow,
  standing: Membership,
): SnapshotJobRow {
  return [jobId, models, queuedAt, tie, { ...unusual, standing }]
}

/**
 * The job of a row. Rows have to come in the order in which they were made, with the same {@link LastInLine}.
 * @param models those of the row, in a list that may be shared
 */
export function jobFrom(row: SnapshotJobRow, models: readonly string[], last: LastInLine): Job {
  const job = usualJob(row, models, last)
  const [, , , , unusual] = row
  if (unusual === undefined) return job
  const { spec, level, order, standing: _, dueAt, passes, heldOn, blockedBy, fairRank, ...rest } = unusual
  if (blockedBy !== undefined) job.blockedBy = blockedBy
  if (fairRank !== undefined) job.fairRank = fairRank
  if (spec !== undefined) job.spec = { ...job.spec, ...spec }
  if (level !== undefined || order !== undefined) {
    const { position } = job
    job.position = { ...position, level: level ?? position.level, order: order ?? position.order }
  }
  job.dueAt = timeFrom(dueAt ?? null)
  job.passes = typeof passes === 'string' ? last.passesOf(passes) : (passes?.map(passFrom) ?? null)
  if (heldOn !== undefined) job.held = heldFrom(heldOn, job.spec)
  return isEmpty(rest) ? job : { ...job, ...rest }
}

function timeFrom(dueAt: Micros | null): Micros | null {
  if (dueAt === BETWEEN) return Number.POSITIVE_INFINITY
  return dueAt === AWAITING ? PARENTS_END : dueAt
}

/** Notes the fields in which the two differ. */
function note(into: Record<string, unknown>, one: object, other: object, but: ReadonlySet<string>): void {
  const [own, usual] = [one, other] as Readonly<Record<string, unknown>>[]
  for (const key in own)
    if (own[key] !== usual?.[key] && !but.has(key)) {
      if (key === 'held') into['heldOn'] = heldOnOf(own[key] as HeldBack)
      else into[key] = own[key]
    }
}

function isEmpty(object: object): boolean {
  for (const _ in object) return false
  return true
}
