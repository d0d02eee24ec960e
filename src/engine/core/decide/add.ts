import type { Scribe } from '../dispatch/scribe.ts'
import { flowOf } from '../state/flow.ts'
import type { Job } from '../state/job.ts'
import { jobKeyOf, jobOf } from '../state/ledger.ts'
import type { Flow } from '../state/parents.ts'
import type { JobLinks, ParentChoice, Refusal } from '../values/command.ts'
import { bounds, type JobSpec } from '../values/job.ts'
import { numberText } from '../values/number-text.ts'
import type { Double } from './dedupe.ts'
import { circular, type Linked, partsOf } from './link.ts'
import { refused } from './result.ts'

/** What becomes of jobs that are to be added. */
interface Coming {
  readonly fresh: readonly JobSpec[]
  readonly doubles: readonly Double[]
}

/**
 * The events by which all that comes after a running job also comes after these jobs, which its handler adds; or why that cannot be. They are
 * written before its end, so that nobody is released in between.
 * @param links of those that are new
 */
export function linksToSuccessors(
  { draft }: Scribe,
  runner: Job,
  specs: readonly JobSpec[],
  coming: Coming,
  links: readonly JobLinks[] = [],
): readonly Linked[] | Refusal {
  const jobIds = liveOf(draft, specs, coming).filter((jobId) => jobId !== runner.jobId)
  const successors = [...(flowOf(draft, runner)?.children ?? [])].flatMap((key) => flowOf(draft, key) ?? [])
  if (successors.length === 0) return []
  const circle = circleThrough(draft, jobIds, links, new Set(successors.map(({ jobId }) => jobId)))
  if (circle !== undefined) return circular(circle)
  const full = successors.find(({ open, ended }) => open.size + ended.size + jobIds.length > bounds.parents)
  if (full !== undefined)
    return refused(
      'invalid_input',
      `job ${full.jobId} would come after more than ${numberText(bounds.parents)} jobs; add one job that comes after the others`,
    )
  return successors.flatMap((flow) => linksOf(draft, flow, runner, jobIds))
}

/** Those that are new, those that were live already, and those that stand for others. */
function liveOf(
  draft: Scribe['draft'],
  specs: readonly JobSpec[],
  { fresh, doubles }: Coming,
): readonly string[] {
  const isNew = new Set(fresh.map(({ jobId }) => jobId))
  const standIns = new Map(doubles.map(({ spec, standsFor }) => [spec.jobId, standsFor]))
  const ids = new Set(specs.map(({ jobId }) => standIns.get(jobId) ?? jobId))
  return [...ids].filter((jobId) => isNew.has(jobId) || jobOf(draft, jobId) !== undefined)
}

/** What it would do if the running job failed, it does also if one of these fails. */
function linksOf(
  draft: Scribe['draft'],
  flow: Flow,
  runner: Job,
  jobIds: readonly string[],
): readonly Linked[] {
  const isParent = (job: Job | undefined): boolean =>
    job !== undefined && flow.open.get({ life: job.queuedAt, hash: job.hash, jobId: job.jobId }) !== undefined
  const { hash, jobId, queuedAt: life } = runner
  const goesOn = flow.open.get({ life, hash, jobId })?.goesOn === true
  const further = jobIds.filter((id) => !isParent(jobOf(draft, id)))
  return partsOf(further).map((after) => ({ jobId: flow.jobId, after, goesOn, outcome: undefined }))
}

/** A job that is added would wait for one that is to wait for it: the jobs between them, the first one also last; undefined: none would. */
function circleThrough(
  draft: Scribe['draft'],
  jobIds: readonly string[],
  links: readonly JobLinks[],
  successors: ReadonlySet<string>,
): readonly string[] | undefined {
  const coming = new Map(links.map(({ jobId, after }) => [jobId, after]))
  const parentsOf = (jobId: string): readonly ParentChoice[] =>
    coming.get(jobId) ??
    [...(flowOf(draft, jobKeyOf(jobId))?.open ?? [])].map((parent) => ({ job: parent.jobId }))
  const waitingFor = new Map<string, string | null>(jobIds.map((jobId) => [jobId, null]))
  for (const jobId of waitingFor.keys()) {
    if (successors.has(jobId)) return [jobId, ...pathTo(waitingFor, jobId)]
    for (const { job } of parentsOf(jobId)) if (!waitingFor.has(job)) waitingFor.set(job, jobId)
  }
  return undefined
}

/** From a job that waits for nothing but its parents to this one. */
function pathTo(waitingFor: ReadonlyMap<string, string | null>, jobId: string): readonly string[] {
  const path: string[] = []
  for (let at: string | null = jobId; at !== null; at = waitingFor.get(at) ?? null) path.unshift(at)
  return path
}
