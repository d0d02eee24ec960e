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
  readonly queue: string
  readonly from: string
  readonly to: string
  readonly sliceSeconds: number
  readonly counts: Readonly<Record<'queued' | 'started' | JobOutcome | 'requeued', number>>
  /** Attempts that ended, and where they failed. */
  readonly failures: AttemptFailures
  /** From when a job could start (queued, due, or requeued) to its start. */
  readonly waiting: Summary
  /** From the start to the end of the attempt. */
  readonly running: Summary
  readonly completedPerMinute: number
  readonly perSlice: {
    readonly waiting: readonly number[]
    readonly active: readonly number[]
    readonly completed: readonly number[]
    readonly failed: readonly number[]
  }
  readonly mostWaiting: number
  readonly mostActive: number
  readonly models: readonly ModelStats[]
  /** What was loaded for jobs, and what was there; null: no process that started one has said how many models it keeps. */
  readonly loads: LoadStats | null
  /** What attempts that ended had reserved of each resource, and have used. */
  readonly resources: readonly (ResourceUse & { readonly resource: string })[]
  /** By fair key, the 20 that used most; null: no job has one. */
  readonly keys: RankedShares | null
  /** By tier of the fair keys; null: none has one. */
  readonly tiers: RankedShares | null
  /** All waiting of the time, by what it was for, in milliseconds: the parts come to the whole. */
  readonly split: readonly (BlockedTime & { readonly name: WaitCause })[]
  /** What waiting jobs waited for: by reason code, by model, and by the job ahead of them (the ten worst). */
  readonly blocked: {
    readonly byReason: readonly BlockedTime[]
    readonly byModel: readonly BlockedTime[]
    readonly byJob: readonly BlockedTime[]
  }
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
