import { InterlockError, invalidInput, isInterlockError, nearestOf } from '../core/index.ts'
import type { KnownKinds } from './contract.ts'
import { hasFields } from './invalid.ts'
import type { EnqueueInput } from './job-input.ts'
import { uuidV7 } from './uuid.ts'

/** The jobs of a call, each with an id and models. */
export interface GivenJobs {
  readonly jobs: readonly WithId[]
  /** The ids of those that have a `ref`. */
  readonly ids: Readonly<Record<string, string>>
}

export interface GivenBy {
  readonly contract?: KnownKinds | undefined
  /** By which ids are made that are the same when the call is repeated. */
  readonly requestId?: string | undefined
}

const none: GivenJobs['ids'] = {}

/**
 * What a program gave, one job or a list, with what it left out: a new id, the models of the kind, ids for local names. What is no job stays as
 * it is: the parser refuses it.
 * @throws InterlockError `invalid_input` for a job of which nothing is said, `once` without an id, and a `ref` that is no text or comes twice
 */
export function jobsGiven(given: unknown, by: GivenBy = {}): GivenJobs {
  const list = (Array.isArray(given) ? given : [given]) as readonly Partial<EnqueueInput>[]
  if (list.every(isWhole)) return { jobs: list, ids: none }
  const all = Array.from(list, (job, at) => (isFields(job) ? withId(job, at, by) : job))
  const ids = idsOf(all)
  return { jobs: all.map((job) => (isFields(job) ? linked(job, ids) : job)), ids }
}

const MOST_NAMED = 10

/** Where a parent is unknown and jobs of the call have names, the name that was probably meant. Any other error as it is. */
export function withNames(error: unknown, { jobs, ids }: GivenJobs): unknown {
  const names = Object.keys(ids)
  if (!isInterlockError(error, 'parent_unknown') || names.length === 0) return error
  const own = new Set(jobs.map(({ jobId }) => jobId))
  const parents = jobs
    .flatMap(({ after }) => after ?? [])
    .map((one) => (typeof one === 'string' ? one : one.job))
  const near = parents.flatMap((parent) => (own.has(parent) ? [] : (nearestOf(parent, names) ?? [])))[0]
  const some = `${names.slice(0, MOST_NAMED).join(', ')}${names.length > MOST_NAMED ? ', …' : ''}`
  const meant =
    near === undefined ? `the names of this call (ref) are ${some}` : `did you mean ${near} (ref)?`
  return new InterlockError('parent_unknown', `${error.message}; ${meant}`, error.details, error.cause)
}

/** Schedules with the models that their jobs leave out. What is none stays as it is. */
export function schedulesGiven(given: unknown, contract: KnownKinds | undefined): unknown {
  if (!Array.isArray(given)) return given
  return given.map((one) => {
    if (!isFields(one) || !('job' in one) || !isFields(one.job)) return one
    const { job } = one
    return { ...one, job: { ...job, models: job.models ?? modelsOfKind(job, contract) } }
  })
}

/** Models that are left out are those of the kind, or none. */
function modelsOfKind(
  { kind, jobType = 'normal' }: Pick<EnqueueInput, 'kind' | 'jobType'>,
  contract: KnownKinds | undefined,
): readonly string[] {
  const name = kind ?? jobType
  const schemas = contract?.schemas
  return schemas !== undefined && Object.hasOwn(schemas, name) ? (schemas[name]?.models ?? []) : []
}

const isFields = (job: unknown): job is Partial<EnqueueInput> => hasFields(job)

type WithId = EnqueueInput & { readonly jobId: string }

const isWhole = (job: Partial<EnqueueInput>): job is WithId =>
  isFields(job) && job.jobId !== undefined && job.models !== undefined && job.ref === undefined

const withId = (job: Partial<EnqueueInput>, at: number, { contract, requestId }: GivenBy): WithId => {
  // An empty object is more likely a slip than a job.
  if (job.jobId === undefined && job.kind === undefined && job.models === undefined)
    throw invalidInput(`jobs[${at}]: has neither an id, a kind nor models; say its kind`, `jobs[${at}]`)
  if (job.once != null && job.jobId === undefined && requestId === undefined)
    throw invalidInput(
      `jobs[${at}].once: is how long an id is taken, and a new id is never taken; give jobId, too`,
      `jobs[${at}].once`,
    )
  const jobId = job.jobId ?? (requestId === undefined ? uuidV7() : `${requestId}.${at + 1}`)
  return { ...job, jobId, models: job.models ?? modelsOfKind(job, contract) }
}

function idsOf(jobs: readonly unknown[]): GivenJobs['ids'] {
  const ids = new Map<string, string>()
  for (const [at, job] of jobs.entries()) {
    if (!isFields(job) || job.ref === undefined) continue
    const { ref, jobId = '' } = job
    const path = `jobs[${at}].ref`
    if (typeof ref !== 'string' || ref === '')
      throw invalidInput(`${path}: must be a name for the job in this call, such as "resize"`, path)
    if (ids.has(ref)) throw invalidInput(`${path}: comes twice: ${ref}`, path)
    ids.set(ref, jobId)
  }
  // A name such as __proto__ is an ordinary one.
  return Object.fromEntries(ids)
}

/** `after` by ids. Names of this call go before ids. */
function linked({ ref: _, ...job }: WithId, ids: GivenJobs['ids']): WithId {
  const idOf = (name: unknown) =>
    typeof name === 'string' && Object.hasOwn(ids, name) ? ids[name] : undefined
  if (!Array.isArray(job.after)) return job
  const after = job.after.map((parent) =>
    typeof parent === 'object' && parent !== null && 'job' in parent
      ? { ...parent, job: idOf(parent.job) ?? parent.job }
      : (idOf(parent) ?? parent),
  )
  return { ...job, after }
}
