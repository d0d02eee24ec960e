import type { ReasonCode } from '../../../engine/core/index.ts'

/** What a job waits for, in a word: the reason code as far as it matters to who asks where the time went. */
export const waitCauses = [
  'model',
  'line',
  'slot',
  'rate',
  'share',
  'pause',
  'drain',
  'parents',
  'not_due',
  'no_worker',
] as const
export type WaitCause = (typeof waitCauses)[number]

const causes: Readonly<Record<ReasonCode, WaitCause>> = {
  model_in_use: 'model',
  behind_in_line: 'line',
  serialized: 'slot',
  at_capacity: 'slot',
  use_over_limit: 'rate',
  rate_limited: 'rate',
  fair_share_limit: 'share',
  fits_no_place: 'model',
  model_paused: 'pause',
  draining: 'drain',
  waits_for_parents: 'parents',
  not_due: 'not_due',
  no_worker: 'no_worker',
  offered: 'no_worker',
}

export const causeOf = (code: ReasonCode): WaitCause => causes[code]
