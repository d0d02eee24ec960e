/** What the command line and the page of the dashboard use of this room beside what is published. */
export {
  BEHIND_MS,
  type Health,
  type HealthCheck,
  type HealthFacts,
  healthChecks,
  healthLevels,
  healthOf,
  MOST_DEAD,
  UNDECIDED_MS,
  UNTAKEN_MS,
} from './health.ts'
export { Collector } from './stats/collector.ts'
export { type Moment, momentsOf } from './stats/moments.ts'
export { statsOf } from './stats/stats.ts'
export { WaitClocks } from './stats/wait-clocks.ts'
export { estimateStart, type NoEstimate, RunTimes, type StartEstimate } from './what-if/estimate.ts'
export { simulate } from './what-if/simulate.ts'
export { PeriodRecorder, type Recorded, type Trial, triedOf } from './what-if/tried.ts'
export { record, tryRules } from './what-if/what-if.ts'
