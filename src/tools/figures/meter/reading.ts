import {
  capacityOf,
  countsOf,
  type Ledger,
  limitKeyOf,
  MICROS_PER_SECOND,
  type Micros,
  modelOf,
  type Pause,
  type ReasonCode,
  waitingCount,
} from '../../../engine/core/index.ts'
import { type WaitCause, waitCauses } from '../../insight/index.ts'
import type { EventMeter } from '../../insight/stats/meter.ts'
import type { ResourceUse } from '../../insight/stats/use-sums.ts'
import type { HistogramReading } from './histogram.ts'
import { OTHER, otherPlaces } from './model-names.ts'
import type { QueueMeter } from './queue-meter.ts'

export interface ModelReading {
  readonly model: string
  readonly running: number
  readonly places: number
  readonly waiting: number
}

/** The figures of a queue at one moment. Times in seconds. */
export interface QueueReading {
  readonly counts: EventMeter['counts'] & { readonly overtakes: number }
  readonly waits: HistogramReading
  readonly runs: HistogramReading
  readonly begunAfter: number
  readonly version: number
  readonly isDraining: boolean
  readonly running: number
  /** By reason; all reasons that a process can tell. */
  readonly waiting: ReadonlyMap<ReasonCode, number>
  readonly waitingCount: number
  readonly inLine: number
  readonly oldestInLine: number
  readonly paused: number
  readonly oldestPause: number
  readonly waited: ReadonlyMap<WaitCause, number>
  readonly models: readonly ModelReading[]
  /** Of the resources that the policy limits: their names are few. */
  readonly resources: readonly (ResourceUse & { readonly resource: string })[]
}

/** @param now the time of the queue */
export function readingOf(meter: QueueMeter, now: Micros): QueueReading {
  const { ledger, standing, overtakes } = meter
  const { counts, clocks } = meter.measured
  const since = (at: Micros | null | undefined) =>
    at === null || at === undefined ? 0 : Math.max(0, now - at) / MICROS_PER_SECOND
  return {
    counts: { ...counts, overtakes },
    waits: meter.waits.reading,
    runs: meter.runs.reading,
    begunAfter: meter.begunAfter,
    version: ledger.version,
    isDraining: ledger.draining,
    running: ledger.active.size,
    waiting: clocks.counts(now),
    waitingCount: waitingCount(ledger),
    inLine: standing.inLine,
    oldestInLine: since(standing.oldest),
    paused: ledger.pauses.size,
    oldestPause: since(oldestOf(ledger.pauses)),
    waited: waitedUntil(clocks, now),
    models: modelsOf(meter),
    resources: resourcesOf(meter),
  }
}

/** How long jobs have waited for what, in seconds. */
function waitedUntil(clocks: EventMeter['clocks'], now: Micros): QueueReading['waited'] {
  clocks.spend(now)
  const sums = clocks.byCause
  return new Map(waitCauses.map((cause) => [cause, (sums.get(cause) ?? 0) / MICROS_PER_SECOND]))
}

/** Those of a pattern together, under its name: a policy has few of these. */
function resourcesOf({ ledger: { policy }, measured: { use } }: QueueMeter): QueueReading['resources'] {
  const nothing = { reserved: 0, used: 0, overruns: 0 }
  const sums = new Map(Object.keys(policy.uses ?? {}).map((resource) => [resource, { resource, ...nothing }]))
  for (const [resource, own] of use.byResource) {
    const sum = sums.get(limitKeyOf(policy, resource) ?? '')
    if (sum === undefined) continue
    sum.reserved += own.reserved
    sum.used += own.used
    sum.overruns += own.overruns
  }
  return [...sums.values()]
}

function oldestOf(pauses: Iterable<Pause>): Micros | null {
  let oldest: Micros | null = null
  for (const { since } of pauses) oldest = Math.min(oldest ?? since, since)
  return oldest
}

/** Those with a name, and what is left for the others: sums less the named ones, so nobody goes through ten thousand models. */
function modelsOf({ ledger, names, standing }: QueueMeter): readonly ModelReading[] {
  const named = [...names.named].map((model) => modelReading(ledger, model))
  const sum = (of: 'running' | 'waiting') => named.reduce((total, reading) => total + reading[of], 0)
  const other = {
    model: OTHER,
    running: heldPlaces(ledger) - sum('running'),
    places: otherPlaces(ledger, names.named),
    waiting: standing.places - sum('waiting'),
  }
  return [...named, other]
}

function modelReading(ledger: Ledger, name: string): ModelReading {
  const { hash } = modelOf(ledger, name)
  const counts = countsOf(ledger, name)
  const held = ledger.pauses.size === 0 ? 0 : (ledger.pauses.get({ hash, model: name })?.jobs.size ?? 0)
  return {
    model: name,
    running: counts.held,
    places: capacityOf(ledger.policy, name),
    waiting: counts.waiting + held,
  }
}

/** Every active job holds a place of each of its models. */
function heldPlaces(ledger: Ledger): number {
  let places = 0
  for (const place of ledger.active) places += ledger.jobs.get(place)?.spec.models.length ?? 0
  return places
}
