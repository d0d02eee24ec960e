import { hash } from '../hash.ts'
import { type JobSpec, type Micros, specDefaults } from '../job.ts'
import { type Job, usesSlot } from '../ledger.ts'
import { BETWEEN } from './parts.ts'
import type { Standing } from './standing.ts'

/** What a job differs in from a usual one: its fields, those of its spec, and where it stands. */
export interface Unusual extends Partial<Omit<Job, 'hash' | 'jobId' | 'spec' | 'place' | 'queuedAt'>> {
  readonly spec?: Partial<JobSpec>
  readonly level?: number
  readonly order?: number
  readonly standing?: Standing
}

/** A job as a snapshot has it: what differs from job to job, and what is unusual about this one. */
export type JobRow = readonly [
  jobId: string,
  models: readonly string[],
  queuedAt: Micros,
  tie: number,
  unusual?: Unusual,
]

/**
 * Who stands last in each line so far, as jobs come in line order. So a job that waits behind the one before it, as nearly all do,
 * need not say so.
 */
export class LastInLine {
  readonly #models = new Map<string, string>()
  #queue: string | undefined

  /** Whom this job waits for, and on which model, unless its row says otherwise. */
  blockerOf({ models }: JobSpec): Pick<Job, 'blockedBy' | 'blockedOn'> {
    for (const model of models) {
      const ahead = this.#models.get(model)
      if (ahead !== undefined) return { blockedBy: ahead, blockedOn: model }
    }
    return { blockedBy: this.#queue ?? null, blockedOn: null }
  }

  add(job: Job): void {
    if (job.dueAt !== null || job.heldOn !== null || !usesSlot(job)) return
    for (const model of job.spec.models) this.#models.set(model, job.jobId)
    this.#queue = job.jobId
  }
}

/** A job that waits with defaults alone. Each field of a job is here: one that is added has to say what is usual. */
function usualJob([jobId, models, queuedAt, tie]: JobRow, last: LastInLine): Job {
  const spec: JobSpec = { jobId, jobType: 'normal', kind: 'normal', models, ...specDefaults }
  const key = { hash: hash(jobId), jobId }
  return {
    ...key,
    spec,
    priority: 0,
    queuedAt,
    place: { ...key, level: 0, order: queuedAt, tie },
    active: false,
    dueAt: null,
    heldOn: null,
    waitingSince: queuedAt,
    ...{ attempt: 0, free: 0, token: 0, workerId: null, startedAt: 0 },
    detachedUntil: null,
    cancelRequested: false,
    asker: null,
    offeredAt: null,
    overtaken: 0,
    fairRank: 0,
    exclusive: false,
    ready: false,
    ...last.blockerOf(spec),
  }
}

/** The job as a row, without where it stands; and what a reader of the row makes of it. */
export function rowOf(job: Job, last: LastInLine): JobRow {
  const row: JobRow = [job.jobId, job.spec.models, job.queuedAt, job.place.tie]
  const usual = usualJob(row, last)
  const { spec, place, hash: _, jobId: __, owner: ___, ...rest } = job as Job & { readonly owner?: unknown }
  const { spec: usualSpec, place: usualPlace, ...usualRest } = usual
  const unusual = {
    ...difference(rest, usualRest),
    ...(place.level !== usualPlace.level && { level: place.level }),
    ...(place.order !== usualPlace.order && { order: place.order }),
  }
  if (rest.dueAt === Number.POSITIVE_INFINITY) Object.assign(unusual, { dueAt: BETWEEN })
  const { models: _models, ...ownSpec } = spec
  const specUnusual = difference(ownSpec, usualSpec)
  const all: Unusual = isEmpty(specUnusual) ? unusual : { ...unusual, spec: specUnusual }
  return isEmpty(all) ? row : [row[0], row[1], row[2], row[3], all]
}

/** The row with where the job stands, where that is unusual. */
export function withStanding([jobId, models, queuedAt, tie, unusual]: JobRow, standing: Standing): JobRow {
  return [jobId, models, queuedAt, tie, { ...unusual, standing }]
}

/** The job of a row. Rows have to come in the order in which they were made, with the same {@link LastInLine}. */
export function jobFrom(row: JobRow, last: LastInLine): Job {
  const usual = usualJob(row, last)
  const [, , , , unusual] = row
  if (unusual === undefined) return usual
  const { spec, level = usual.place.level, order = usual.place.order, standing: _, dueAt, ...rest } = unusual
  return {
    ...usual,
    ...rest,
    dueAt: dueAt === BETWEEN ? Number.POSITIVE_INFINITY : (dueAt ?? null),
    spec: spec === undefined ? usual.spec : { ...usual.spec, ...spec },
    place: { ...usual.place, level, order },
  }
}

function difference<Value extends object>(value: Value, usual: object): Partial<Value> {
  const found: Partial<Value> = {}
  for (const key of Object.keys(value) as (keyof Value & string)[])
    if (value[key] !== (usual as Value)[key]) found[key] = value[key]
  return found
}

function isEmpty(object: object): boolean {
  for (const _ in object) return false
  return true
}
