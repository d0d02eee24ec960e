import type { JobSpec, Policy } from '../../engine/core/index.ts'
import { inOrder } from './in-order.ts'
import type { AuditedNeed } from './limits.ts'

/** A live job as the audit knows it, from the log alone. */
export interface AuditedJob {
  readonly jobId: string
  /** The models that it needs now. */
  spec: JobSpec
  readonly queuedAt: number
  /** It has no models, and the policy said when it came (or lost its models) that such a job runs alone. */
  alone: boolean
  place: SweptPlace
  state: 'waiting' | 'active' | 'between'
  /** The time before which it must not start; null: it is due; without end: it waits for other jobs. */
  dueAt: number | null
  /** The priority that it has now. */
  priority: number
  /** How many with its fair key were waiting when it came. */
  readonly waitedBefore: number
  /** While it is active, the places of its models that have some; null: none has. */
  places: Readonly<Record<string, string>> | null
  /** While it is active, what it has for itself, beside what its batch has. */
  has: readonly AuditedNeed[]
  /** Due, and a model it needs is paused, or all places of one, or nobody serves places for it. */
  held: boolean
  token: number
  /** When its attempt began, what it was expected to use then, and when it gave back which models. */
  startedAt: number
  expects: number
  returned: ReadonlyMap<string, number>
  /** Another job of its batch has what it needs. */
  rides: boolean
  /** The process that waits for it at the gate: no other may start it. */
  asker: string | null
  /** The process that runs it, if it is known. */
  workerId: string | null
  /** The batch in which it runs. */
  batch: number | null
  /** Its attempt depends on no lease. */
  detached: boolean
  attempt: number
  /** Attempts that were given back, which do not count. */
  free: number
  overtaken: number
  /** It was announced to all workers, so it may be passed when no worker takes it. */
  offered: boolean
  offeredAt: number
  /** The order in which jobs came into line. */
  entered: number
  /** The model that has no place for it, if one is known. */
  parkedOn: string | null
}

interface SweptPlace {
  readonly level: number
  readonly order: number
  readonly tie: number
}

export const byPosition = (a: AuditedJob, b: AuditedJob): number =>
  a.place.level - b.place.level || a.place.order - b.place.order || a.place.tie - b.place.tie

/**
 * Where the rules put a job in line: a level of priority is worth `ageSeconds` of waiting, and each job with the same fair
 * key that waited when it came costs `spacingSeconds`.
 */
function placeOf(
  { ageSeconds, fairShare }: Policy,
  priority: number,
  queuedAt: number,
  seq: number,
  waitingBefore: number,
): SweptPlace {
  const back = waitingBefore * (fairShare?.spacingSeconds ?? 0) - priority * (ageSeconds ?? 0)
  const order = Math.min(Math.round(queuedAt + back * 1e6), Number.MAX_SAFE_INTEGER)
  return { level: ageSeconds === null ? -priority : 0, order, tie: seq }
}

function runsAlone(models: readonly string[], { emptySet }: Policy): boolean {
  return models.length === 0 && emptySet === 'exclusive'
}

/** The job needs these models from now on. */
export function needOthers(job: AuditedJob, models: readonly string[], policy: Policy): void {
  job.spec = { ...job.spec, models }
  job.alone = runsAlone(models, policy)
}

export function auditedJob(
  spec: JobSpec,
  event: { readonly seq: number; readonly at: number },
  policy: Policy,
  waitingBefore: number,
) {
  const job: AuditedJob = {
    jobId: spec.jobId,
    spec,
    queuedAt: event.at,
    alone: runsAlone(spec.models, policy),
    place: placeOf(policy, spec.priority, event.at, event.seq, waitingBefore),
    state: 'waiting',
    dueAt: dueAtFirst(spec, event.at),
    priority: spec.priority,
    waitedBefore: waitingBefore,
    places: null,
    has: [],
    held: false,
    token: 0,
    startedAt: 0,
    expects: 0,
    returned: new Map(),
    rides: false,
    asker: null,
    workerId: null,
    batch: null,
    detached: false,
    attempt: 0,
    free: 0,
    overtaken: 0,
    offered: false,
    offeredAt: 0,
    entered: 0,
    parkedOn: null,
  }
  return job
}

function dueAtFirst({ after, runAt }: JobSpec, at: number): number | null {
  if (after !== undefined) return Number.POSITIVE_INFINITY
  return runAt !== null && runAt > at ? runAt : null
}

/** It waits for other jobs. */
export const awaits = ({ dueAt }: AuditedJob): boolean => dueAt === Number.POSITIVE_INFINITY

/** It stands in line from this event on. */
export function replace(
  job: AuditedJob,
  { at, seq }: { readonly seq: number; readonly at: number },
  policy: Policy,
): void {
  job.place = placeOf(policy, job.priority, at, seq, job.waitedBefore)
}

/** Nobody else may have the model while it has it. */
export const takesAll = ({ spec }: AuditedJob, model: string): boolean => spec.whole?.includes(model) === true

/** False for a job without models that bypasses: it takes no slot and stands in no line. */
export const takesSlot = (job: AuditedJob): boolean => job.spec.models.length > 0 || job.alone

const sorts = new WeakMap<JobSpec, string>()

/** Alike are jobs of one kind that need the very same: of these, only the first could be next. */
export function sortOf({ spec }: AuditedJob): string {
  const known = sorts.get(spec)
  if (known !== undefined) return known
  const { kind, models, whole, asks, uses } = spec
  const sort = JSON.stringify(inOrder([kind, models, whole, asks, uses]))
  sorts.set(spec, sort)
  return sort
}
