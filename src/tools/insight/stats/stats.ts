import { type JobOutcome, type Ledger, MICROS_PER_MS, MICROS_PER_SECOND } from '../../../engine/core/index.ts'
import { checkCall } from '../../../engine/events/index.ts'
import { isoTime } from '../../format/index.ts'
import { opened } from '../../history/access.ts'
import { type Access, ledgerAt } from '../../history/index.ts'
import { eachEvent } from '../../history/read-events.ts'
import { type PeriodOptions, periodOf } from '../period.ts'
import { type WaitCause, waitCauses } from './cause.ts'
import { Collector } from './collector.ts'
import type { AttemptFailures } from './failures.ts'
import type { LoadStats } from './loads.ts'
import type { ModelStats } from './model-levels.ts'
import type { RankedShares } from './share-sums.ts'
import { type Summary, summaryOf } from './summary.ts'
import type { ResourceUse } from './use-sums.ts'

/** How long jobs waited for one thing, in milliseconds of waiting. */
export interface BlockedTime {
  readonly name: string
  readonly ms: number
}

/** What `stats` gives: the document that `interlock stats --json` prints. Lists per slice begin with the first slice. */
export interface Stats {
  /** Which queue. */
  readonly queue: string
  /** When the period begins. */
  readonly from: string
  /** When it ends. */
  readonly to: string
  /** The length of its slices. */
  readonly sliceSeconds: number
  /** `{ queued, started, completed, failed, cancelled, expired, requeued }`: events in it; `failed`: for good. */
  readonly counts: Readonly<Record<'queued' | 'started' | JobOutcome | 'requeued', number>>
  /** Attempts that ended, and where they failed. */
  readonly failures: AttemptFailures
  /** From when a job could start (queued, due, or requeued) to its start. */
  readonly waiting: Summary
  /** From the start to the end of the attempt. */
  readonly running: Summary
  /** How many jobs completed in a minute, on average. */
  readonly completedPerMinute: number
  /** Each slice. */
  readonly perSlice: StatsPerSlice
  /** The most jobs that waited at one moment. */
  readonly mostWaiting: number
  /** The most that were active at one moment. */
  readonly mostActive: number
  /** How each model was used. */
  readonly models: readonly ModelStats[]
  /** `{ loads, seconds, savedSeconds, passing }`: models that processes with `keeps` loaded, how long that takes by `loadSeconds`, what was saved, and starts that passed others for it. Null: no process has said how many it keeps. */
  readonly loads: LoadStats | null
  /** What attempts that ended had reserved of each resource (docs/guides/providers.md#tokens-a-minute), and have used. */
  readonly resources: readonly NamedUse[]
  /** By fair key (docs/guides/policies.md#shares-by-use); null: no job has one. */
  readonly keys: RankedShares | null
  /** The same by tier, which stands before the first `/` of a fair key (`paid/customer-17`); null: none has one. */
  readonly tiers: RankedShares | null
  /** `{ name, ms }`: all waiting by cause (docs/reference/telemetry.md#causes-of-waiting); exact, without causes of 0 ms. */
  readonly split: readonly (BlockedTime & { readonly name: WaitCause })[]
  /** What waiting jobs waited for, the longest first. */
  readonly blocked: BlockedBy
}

/** Averages and numbers of each slice of the period, in order. */
export interface StatsPerSlice {
  /** How many waited, on average. */
  readonly waiting: readonly number[]
  /** How many were active, on average. */
  readonly active: readonly number[]
  /** How many completed in it. */
  readonly completed: readonly number[]
  /** How many failed in it. */
  readonly failed: readonly number[]
}

/** What was reserved and used of one resource. */
export interface NamedUse extends ResourceUse {
  /** Which resource. */
  readonly resource: string
}

/** How long jobs waited, by what for. */
export interface BlockedBy {
  /** `{ name, ms }`: by reason code. */
  readonly byReason: readonly BlockedTime[]
  /** `{ name, ms }`: by model. */
  readonly byModel: readonly BlockedTime[]
  /** `{ name, ms }`: by the job ahead, the ten worst. */
  readonly byJob: readonly BlockedTime[]
}

const WORST = 10

export function statsOf(queue: string, collector: Collector, end: Ledger): Stats {
  const { slices, meter, waits, runs, ends, waiting, active, models, loads, shares } = collector
  const { counts, clocks: blocked, use } = meter
  const { from, to, count } = slices
  const minutes = (to - from) / MICROS_PER_SECOND / 60
  return {
    queue,
    from: isoTime(from),
    to: isoTime(to),
    sliceSeconds: (to - from) / count / MICROS_PER_SECOND,
    counts: {
      queued: counts.queued,
      started: counts.starts,
      ...counts.ends,
      requeued: Object.values(counts.requeues).reduce((sum, one) => sum + one, 0),
    },
    failures: collector.failures.failures,
    waiting: summaryOf(waits),
    running: summaryOf(runs),
    completedPerMinute: counts.ends.completed / minutes,
    perSlice: { waiting: waiting.means(), active: active.means(), ...ends },
    mostWaiting: waiting.most,
    mostActive: active.most,
    models: models.report(end.policy),
    loads: loads.counts,
    resources: [...use.byResource].map(([resource, sums]) => ({ resource, ...sums })).sort(byResource),
    keys: shares.byKey,
    tiers: shares.byTier,
    split: waitCauses
      .map((name) => ({ name, ms: (blocked.byCause.get(name) ?? 0) / MICROS_PER_MS }))
      .filter(({ ms }) => ms > 0),
    blocked: {
      byReason: longestFirst(blocked.byReason),
      byModel: longestFirst(blocked.byModel),
      byJob: longestFirst(blocked.byJob).slice(0, WORST),
    },
  }
}

const byResource = (
  { resource: a }: { readonly resource: string },
  { resource: b }: { readonly resource: string },
) => (a < b ? -1 : 1)

const longestFirst = (sums: ReadonlyMap<string, number>): BlockedTime[] =>
  [...sums]
    .map(([name, micros]) => ({ name, ms: micros / MICROS_PER_MS }))
    .toSorted((a, b) => b.ms - a.ms || (a.name < b.name ? -1 : 1))

export interface StatsOptions extends PeriodOptions {
  /** How many slices the period is cut into: a whole number from 1 to 10,000; 48 unless given. */
  readonly slices?: number | undefined
}

/**
 * Measures how long jobs waited and for what, how busy each model was, and how this changed over time.
 * @throws InterlockError `invalid_input`, also for a period without an event; `corrupt_log`, `unknown_event`; `store_unavailable`
 * @example const { waiting, models } = await stats({ store }, { since: new Date(Date.now() - 3_600_000) })
 */
export async function stats(given: Access, options: StatsOptions = {}): Promise<Stats> {
  const access = opened(given)
  checkCall('stats', options)
  const { after, upTo, from, to } = await periodOf(access, options)
  const collector = new Collector({ from, to, count: options.slices ?? 48 }, await ledgerAt(access, after))
  await eachEvent(access, 'measured', (event) => collector.push(event), { after, upTo })
  return statsOf(access.queue, collector, collector.finish())
}
