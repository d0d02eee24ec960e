/**
 * What a log tells about a queue at work (`interlock-queue/insight`): how long jobs waited and for what, how busy models were,
 * and what other rules would have changed.
 * @example
 * import { stats, whatIf } from 'interlock-queue/insight'
 * import { pgliteStore } from 'interlock-queue/pglite'
 *
 * const access = { store: pgliteStore('./.interlock') }
 * const { waiting } = await stats(access, { since: new Date(Date.now() - 3_600_000) })
 * const { outcomes } = await whatIf(access, { tries: [{ policy: { capacity: { 'flux-dev': 2 } } }] })
 * @module
 */
export type { PeriodOptions } from './period.ts'
export { type WaitCause, waitCauses } from './stats/cause.ts'
export type { AttemptFailures, FailureShare, NamedFailures } from './stats/failures.ts'
export type { Wait, WaitPart } from './stats/followed-wait.ts'
export type { LoadStats } from './stats/loads.ts'
export type { ModelStats } from './stats/model-levels.ts'
export type { RankedShares, ShareStats } from './stats/share-sums.ts'
export { type BlockedTime, type Stats, type StatsOptions, stats } from './stats/stats.ts'
export type { Summary } from './stats/summary.ts'
export { splitWaits } from './stats/waits.ts'
export type { ModelOutcome, Outcome } from './what-if/outcome.ts'
export type { WhatIf } from './what-if/tried.ts'
export { type Try, type WhatIfOptions, whatIf } from './what-if/what-if.ts'
