/** What holds a job beside the line, as snapshots have always had it: one text, by the name of the thing among the models. */
import { meterOf, resourceOf } from '../../needs/meter.ts'
import type { HeldBack } from '../../state/job.ts'
import { isSite, placeOf, siteOf } from '../../state/site.ts'
import { askOf } from '../../state/units.ts'
import type { JobSpec } from '../../values/job.ts'
import { isMeter } from '../../values/policy.ts'

const NO_PLACE = siteOf('')

export function heldOnOf({ as, on }: HeldBack): string {
  switch (as) {
    case 'fits_no_place':
      return NO_PLACE
    case 'use_over_limit':
      return meterOf(on)
    case 'no_worker':
      return siteOf(on)
    case 'model_paused':
      return on
  }
}

export function heldFrom(text: string, spec: Pick<JobSpec, 'asks' | 'models'>): HeldBack {
  if (text === NO_PLACE) return { as: 'fits_no_place', on: askOf(spec)?.model ?? '' }
  if (isMeter(text)) return { as: 'use_over_limit', on: resourceOf(text) }
  return isSite(text) ? { as: 'no_worker', on: placeOf(text) } : { as: 'model_paused', on: text }
}
