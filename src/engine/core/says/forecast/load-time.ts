import { loadingOf } from '../../line/warmth/loaded.ts'
import type { Keepers } from '../../state/serving.ts'
import { MICROS_PER_SECOND, type Micros } from '../../values/job.ts'
import type { Policy } from '../../values/policy.ts'

/** How long a start loads what its process does not have, by the policy's `loadSeconds`; 0: the policy says nothing of loading. */
export const loadTimeOf = (
  keepers: Keepers,
  policy: Policy,
  start: Parameters<typeof loadingOf>[2],
): Micros =>
  policy.warm === undefined ? 0 : (loadingOf(keepers, policy, start)?.seconds ?? 0) * MICROS_PER_SECOND
