import { dispatch } from '../dispatch/dispatch.ts'
import type { Scribe } from '../dispatch/scribe.ts'
import { jobOf } from '../state/ledger.ts'
import type { CommandResult, HeldJob, JobLinks, Refusal, StandIn } from '../values/command.ts'
import type { JobSpec } from '../values/job.ts'
import { ofScheduleText, ownerOfId } from '../values/schedule.ts'
import { recordDouble, standInFor } from './dedupe.ts'
import { queue, recordWaiting, refuse, stillWaiting, withStandIns } from './enter.ts'
import { circleIn, circular, groupsOf, isUnknown, recordLinks } from './link.ts'
import { refuseOther, takenBefore } from './once.ts'
import { accepted, refused } from './result.ts'
import { isSameSpec } from './same-job.ts'

interface SubmittedSpec {
  readonly spec: JobSpec
  readonly submission: number
}

/**
 * Puts jobs in line that were committed in a transaction of their submitter. Nobody can be told no any more. So one that may not come
 * into line yet is left out, and submitted still; and limits on who may put how many in line do not hold, as for rows of `jobs`. What another
 * command of the same append has taken in is answered as it was then.
 */
export function takeSubmissions(
  scribe: Scribe,
  specs: readonly JobSpec[],
  submissions: readonly number[],
  links: readonly JobLinks[] = [],
): CommandResult {
  const { taken } = scribe
  const fresh: JobSpec[] = []
  const before: string[] = []
  const known: string[] = []
  const held: HeldJob[] = []
  const doubles: StandIn[] = []
  const coming = new Map<string, string>()
  const circle = links.length === 0 ? undefined : circleIn(links)
  const linksOf = new Map(links.map((one) => [one.jobId, one]))
  const all = specs.map((spec, i) => ({ spec, submission: submissions[i] ?? 0 }))
  for (const { spec, submission } of links.length === 0 ? all : inOrder(all, links)) {
    // What is left over is taken in a moment later.
    if (scribe.isFull) break
    const { jobId } = spec
    const outcome = taken.submissions.get(submission)
    if (outcome !== undefined) {
      if (outcome === 'known') known.push(jobId)
      else if (outcome === 'queued') before.push(jobId)
      else doubles.push(outcome)
      continue
    }
    const own = linksOf.get(jobId)
    const [linked] = own === undefined ? [] : withStandIns([own], doubles)
    const found = findBefore(scribe, spec)
    const fault = found === 'new' && linked !== undefined ? refuseLinks(scribe, linked, circle) : undefined
    if (found === 'known') {
      taken.submissions.set(submission, found)
      known.push(jobId)
    } else if (found !== 'new') held.push({ jobId, code: found.code, message: found.message })
    else if (fault !== undefined) held.push({ jobId, code: fault.code, message: fault.message })
    else {
      const standsFor = standInFor(scribe, spec, coming)
      if (standsFor !== undefined) doubles.push(recordDouble(scribe, { spec, standsFor }, { submission }))
      else {
        queue(scribe, spec, { submission })
        if (linked !== undefined) recordLinks(scribe, groupsOf(scribe, linked))
        fresh.push(spec)
      }
    }
  }
  dispatch(scribe)
  const waiting = [...recordWaiting(scribe, fresh), ...before.flatMap((jobId) => stillWaiting(scribe, jobId))]
  const answer = { ...accepted(scribe, waiting), known, held }
  return doubles.length === 0 ? answer : { ...answer, doubles }
}

/** In the order of their transactions, but each behind those that it comes after. */
function inOrder(all: readonly SubmittedSpec[], links: readonly JobLinks[]): readonly SubmittedSpec[] {
  const parents = new Map(links.map((one) => [one.jobId, one.after]))
  const byId = new Map(all.map((one) => [one.spec.jobId, one]))
  const seen = new Set<SubmittedSpec>()
  const ordered: SubmittedSpec[] = []
  for (const one of all) {
    // No recursion: a chain may have 10,000 jobs.
    const path = seen.has(one) ? [] : [step(one)]
    for (let at = path.at(-1); at !== undefined; at = path.at(-1)) {
      seen.add(at.one)
      const next = at.parents.next()
      const parent = next.done === true ? undefined : byId.get(next.value.job)
      if (parent !== undefined && !seen.has(parent)) path.push(step(parent))
      if (next.done !== true) continue
      ordered.push(at.one)
      path.pop()
    }
  }
  return ordered

  function step(one: SubmittedSpec) {
    return { one, parents: (parents.get(one.spec.jobId) ?? [])[Symbol.iterator]() }
  }
}

/** Why a job cannot be linked yet. */
function refuseLinks(
  scribe: Scribe,
  { jobId, after }: JobLinks,
  circle: readonly string[] | undefined,
): Refusal | undefined {
  if (circle?.includes(jobId) === true) return circular(circle)
  const [unknown] = after.filter(({ job }) => isUnknown(scribe, job))
  return unknown === undefined
    ? undefined
    : refused(
        'parent_unknown',
        `job ${jobId} comes after job ${unknown.job}, which is not live, and neither the log nor its archive says how it ended; enqueue that one`,
      )
}

/** Its sender may know the id beforehand, so that the schedule would find it taken. */
function refuseOfSchedule({ draft }: Scribe, { jobId }: JobSpec): Refusal | undefined {
  const owner = ownerOfId(draft, jobId)
  return owner && refused('schedule_owned', ofScheduleText(jobId, owner.schedule))
}

function findBefore(scribe: Scribe, spec: JobSpec): 'known' | 'new' | Refusal {
  const foreign = refuseOfSchedule(scribe, spec)
  if (foreign !== undefined) return foreign
  const live = jobOf(scribe.draft, spec.jobId)
  if (live !== undefined)
    return isSameSpec(live.spec, spec) ? 'known' : (refuse(scribe, spec, live.spec) ?? 'known')
  const before = takenBefore(scribe, spec)
  if (before !== undefined) return refuseOther(before, spec) ?? 'known'
  return refuse(scribe, spec, undefined) ?? 'new'
}
