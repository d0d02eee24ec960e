import type { CommandResult, HeldJob, Refusal, StandIn } from '../command.ts'
import { dispatch } from '../dispatch.ts'
import type { JobSpec } from '../job.ts'
import { jobOf } from '../ledger.ts'
import { isSameSpec } from '../same-job.ts'
import type { Scribe } from '../scribe.ts'
import { recordDouble, standInFor } from './dedupe.ts'
import { queue, recordWaiting, refuse } from './enter.ts'
import { refuseOther, takenBefore } from './once.ts'
import { accepted } from './result.ts'

/**
 * Puts jobs in line that were committed in a transaction of their submitter. Nobody can be told no any more. So one that may not come
 * into line yet is left out, and submitted still; and limits on who may put how many in line do not hold, as for rows of `jobs`.
 */
export function takeSubmissions(
  scribe: Scribe,
  specs: readonly JobSpec[],
  submissions: readonly number[],
): CommandResult {
  const fresh: JobSpec[] = []
  const known: string[] = []
  const held: HeldJob[] = []
  const doubles: StandIn[] = []
  const coming = new Map<string, string>()
  for (const [i, spec] of specs.entries()) {
    const { jobId } = spec
    const submission = submissions[i] ?? 0
    const found = findBefore(scribe, spec)
    if (found === 'known') known.push(jobId)
    else if (found !== 'new') held.push({ jobId, code: found.code, message: found.message })
    else {
      const standsFor = standInFor(scribe, spec, coming)
      if (standsFor !== undefined) doubles.push(recordDouble(scribe, { spec, standsFor }, submission))
      else {
        queue(scribe, spec, { submission })
        fresh.push(spec)
      }
    }
  }
  dispatch(scribe)
  const answer = { ...accepted(scribe, recordWaiting(scribe, fresh)), known, held }
  return doubles.length === 0 ? answer : { ...answer, doubles }
}

function findBefore(scribe: Scribe, spec: JobSpec): 'known' | 'new' | Refusal {
  const live = jobOf(scribe.draft, spec.jobId)
  if (live !== undefined)
    return isSameSpec(live.spec, spec) ? 'known' : (refuse(scribe, spec, live.spec) ?? 'known')
  const before = takenBefore(scribe, spec)
  if (before !== undefined) return refuseOther(before, spec) ?? 'known'
  return refuse(scribe, spec, undefined) ?? 'new'
}
