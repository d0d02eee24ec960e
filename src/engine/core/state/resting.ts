import type { JobSpec } from '../values/job.ts'
import type { LinePosition } from '../values/position.ts'
import type { Job } from './job.ts'
import { freshJob } from './own-job.ts'

/**
 * A job that waits in line and of which nothing else is to be said, as nearly all of a long line are: 80 bytes in place of 410. The rest
 * follows from what it has in common with others.
 */
export class Resting {
  readonly position: LinePosition
  /** That of a job that has all but its id and its payload in common with it. */
  readonly like: JobSpec
  readonly payloadHash: number | undefined
  /** By how much it was queued after what its position says. */
  readonly late: number
  readonly fairRank: number
  readonly blockedBy: string | null
  readonly blockedOn: string | null

  constructor(job: Job, like: JobSpec) {
    this.position = job.position
    this.like = like
    this.payloadHash = job.spec.payloadHash
    this.late = job.queuedAt - job.position.order
    this.fairRank = job.fairRank
    this.blockedBy = job.blockedBy
    this.blockedOn = job.blockedOn
  }

  get hash(): number {
    return this.position.hash
  }

  get jobId(): string {
    return this.position.jobId
  }
}

/** Whether it is as new but for where it stands and whom it waits for. Field by field: a loop over them took fifteen times as long. */
export function mayRest(job: Job): boolean {
  const { spec, position, queuedAt } = job
  return (
    !job.active &&
    job.attempt === 0 &&
    job.places === null &&
    job.wholes === null &&
    job.needs === spec.models &&
    job.priority === spec.priority &&
    job.dueAt === null &&
    job.held === null &&
    job.waitingSince === queuedAt &&
    job.free === 0 &&
    job.token === 0 &&
    job.workerId === null &&
    job.startedAt === 0 &&
    job.expects === 0 &&
    job.batch === null &&
    job.gaveBack === null &&
    job.detachedUntil === null &&
    !job.cancelRequested &&
    job.asker === null &&
    job.offeredAt === null &&
    job.overtaken === 0 &&
    job.passes === null &&
    !job.exclusive &&
    !job.ready &&
    position.order + (queuedAt - position.order) === queuedAt
  )
}

/** As many as one decision looks at, for most. */
const AWAKE = 1_024
const awake: { readonly of: Resting; readonly job: Job }[] = []

/** The job as everybody knows it. What was looked at a moment ago is looked at again, so the last ones are kept. */
export function awakened(resting: Resting): Job {
  const at = resting.hash & (AWAKE - 1)
  const known = awake[at]
  if (known?.of === resting) return known.job
  const { position, like, payloadHash, late, fairRank } = resting
  const { jobId } = position
  const spec = payloadHash === undefined ? { ...like, jobId } : { ...like, jobId, payloadHash }
  const job = freshJob(spec, position, position.order + late, fairRank)
  job.blockedBy = resting.blockedBy
  job.blockedOn = resting.blockedOn
  awake[at] = { of: resting, job }
  return job
}

type Specs = Map<string, JobSpec>
const MOST_SPECS = 10_000
/** Specs that many jobs have in common, but for their ids and payloads: one for each kind, fair key and list of models. */
export class SharedSpecs {
  // A map in a map: to make one text of a kind, a key and a model took as long as all the rest.
  readonly #specs = new Map<string, Map<string | null, Specs>>()
  #size = 0

  /** One that is the same, or this one from now on. */
  of(spec: JobSpec): JobSpec {
    const { kind, fairKey, models } = spec
    const specs = partOf(partOf(this.#specs, kind), fairKey)
    const list = models.length === 1 && models[0] !== undefined ? models[0] : models.join('\n')
    const known = specs.get(list)
    if (known !== undefined && isAlike(known, spec)) return known
    specs.set(list, spec)
    // It only saves memory: with so many, jobs have little in common.
    if (++this.#size > MOST_SPECS) this.#forget()
    return spec
  }

  #forget(): void {
    this.#specs.clear()
    this.#size = 0
  }
}

function partOf<Key, Part, Value>(of: Map<Key, Map<Part, Value>>, key: Key): Map<Part, Value> {
  const known = of.get(key)
  if (known !== undefined) return known
  const part = new Map<Part, Value>()
  of.set(key, part)
  return part
}

/** A field may be in one of them alone. */
const isAlike = (one: JobSpec, other: JobSpec): boolean => hasAllOf(one, other) && hasAllOf(other, one)

function hasAllOf(one: JobSpec, other: JobSpec): boolean {
  for (const name in other) {
    const key = name as keyof JobSpec
    const isOwn = key === 'jobId' || (key === 'payloadHash' && one.payloadHash !== undefined)
    if (one[key] !== other[key] && !isOwn && (key !== 'models' || !isSameList(one.models, other.models)))
      return false
  }
  return true
}

function isSameList(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((model, i) => model === other[i])
}
