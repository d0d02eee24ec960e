import { type JobSpec, specEntries } from '../values/job.ts'
import type { LinePosition } from '../values/position.ts'
import type { Job } from './ledger.ts'
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

/** Whether it is as new but for where it stands and whom it waits for. */
export function mayRest(job: Job): boolean {
  const { spec, position } = job
  return (
    isUntouched(job) &&
    isUnstarted(job) &&
    job.needs === spec.models &&
    job.priority === spec.priority &&
    job.waitingSince === job.queuedAt &&
    position.order + (job.queuedAt - position.order) === job.queuedAt
  )
}

/** It stands in line as any other. */
const isUntouched = (job: Job): boolean =>
  !job.ready &&
  !job.exclusive &&
  !job.cancelRequested &&
  job.dueAt === null &&
  job.held === null &&
  job.offeredAt === null &&
  job.asker === null &&
  job.passes === null &&
  job.overtaken === 0 &&
  job.places === null &&
  job.wholes === null

/** It runs not, and has never run. */
const isUnstarted = (job: Job): boolean =>
  !job.active &&
  job.attempt === 0 &&
  job.free === 0 &&
  job.token === 0 &&
  job.startedAt === 0 &&
  job.expects === 0 &&
  job.workerId === null &&
  job.batch === null &&
  job.gaveBack === null &&
  job.detachedUntil === null

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

const MOST_SPECS = 10_000
const apart: readonly string[] = ['jobId', 'payloadHash', 'models']
const compared = specEntries.map(([name]) => name).filter((name) => !apart.includes(name))

/** Specs that many jobs have in common, but for their ids and payloads. */
export class SharedSpecs {
  readonly #specs = new Map<string, JobSpec>()

  /** One that is the same, or this one from now on. */
  of(spec: JobSpec): JobSpec {
    const { kind, fairKey, models } = spec
    const key = `${kind}\n${fairKey}\n${models.length === 1 ? models[0] : models.join('\n')}`
    const known = this.#specs.get(key)
    if (known !== undefined && isAlike(known, spec)) return known
    // It only saves memory: with so many, jobs have little in common.
    if (this.#specs.size === MOST_SPECS) this.#specs.clear()
    this.#specs.set(key, spec)
    return spec
  }
}

function isAlike(one: JobSpec, other: JobSpec): boolean {
  if ((one.payloadHash === undefined) !== (other.payloadHash === undefined)) return false
  for (const name of compared) if (one[name] !== other[name]) return false
  return isSameList(one.models, other.models)
}

function isSameList(one: readonly string[], other: readonly string[]): boolean {
  if (one === other) return true
  return one.length === other.length && one.every((model, i) => model === other[i])
}
