import type { JobSpec } from '../values/job.ts'
import { type LedgerView, type Pause, pauseOf } from './ledger.ts'
import { placesFor } from './units.ts'

/** The pause of the job's first paused model, in the order in which it names them. One whose places are all paused is paused too. */
export function firstPause(ledger: LedgerView, spec: JobSpec): Pause | undefined {
  if (ledger.pauses.size === 0) return undefined
  for (const model of spec.models) {
    const pause = pauseOf(ledger, model) ?? pauseOfAll(ledger, placesFor(ledger.policy, spec, model))
    if (pause !== undefined) return pause
  }
  return undefined
}

/** The pause of the first place that the job could use, if all of these are paused. */
function pauseOfAll(ledger: LedgerView, [first, ...more]: readonly string[] = []): Pause | undefined {
  if (first === undefined || more.some((place) => pauseOf(ledger, place) === undefined)) return undefined
  return pauseOf(ledger, first)
}
