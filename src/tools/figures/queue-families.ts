import type { Vitals } from '../../engine/coordinator/index.ts'
import {
  checks,
  MICROS_PER_SECOND,
  type Micros,
  outcomes,
  reasonCodes,
  requeueReasons,
} from '../../engine/core/index.ts'
import { waitCauses } from '../insight/index.ts'
import type { Family, Labels, Sample } from './family.ts'
import { type HistogramReading, lengths } from './meter/histogram.ts'
import type { CensusReading } from './meter/queue-census.ts'
import type { QueueReading } from './meter/reading.ts'

type Value = number | HistogramReading
/** One value, or one for each value of a label. */
type Read = (reading: QueueReading, of: ReadQueue) => Value | null | readonly (readonly [Labels, Value])[]
type QueueFamilyRow = readonly [name: string, type: Family['type'], help: string, read: Read]

const by =
  <Name extends string>(
    label: string,
    names: readonly Name[],
    read: (reading: QueueReading) => (name: Name) => number,
  ): Read =>
  (reading) =>
    names.map((name) => [{ [label]: name }, read(reading)(name)])
const ofModels =
  (field: 'running' | 'places' | 'waiting'): Read =>
  ({ models }) =>
    models.map((model) => [{ model: model.model }, model[field]])

const ofResources =
  (field: 'reserved' | 'used' | 'overruns'): Read =>
  ({ resources }) =>
    resources.map((one) => [{ resource: one.resource }, one[field]])

const gauge = 'Queue-wide, the same in every process: max without (instance).'
const modelGauge = 'Queue-wide: max without (instance).'
const counter = 'Queue-wide, counted by every process alike: max without (instance) (rate(…)).'

const rows: readonly QueueFamilyRow[] = [
  [
    'interlock_queue_oldest_startable_seconds',
    'gauge',
    `How long the oldest startable job has waited for a worker; 0 if there is none. Jobs that are delayed, paused, or wait for others are not startable. ${gauge}`,
    (_, { census, now }) =>
      census &&
      (census.startableSince === null ? 0 : Math.max(0, now - census.startableSince) / MICROS_PER_SECOND),
  ],
  [
    'interlock_queue_startable_jobs',
    'gauge',
    `Jobs that may start and that no worker has taken yet. ${gauge}`,
    (_, { census }) => census?.startable ?? null,
  ],
  [
    'interlock_queue_oldest_in_line_seconds',
    'gauge',
    `How long the oldest job in line has stood there, startable or not. A delayed job joins the line when it is due, a paused one when its model is resumed. ${gauge}`,
    ({ oldestInLine }) => oldestInLine,
  ],
  [
    'interlock_queue_waiting_jobs',
    'gauge',
    `Waiting jobs by what they wait for, as the log alone says it: it does not know whether a worker is there. ${gauge}`,
    by(
      'reason',
      reasonCodes,
      ({ waiting }) =>
        (reason) =>
          waiting.get(reason) ?? 0,
    ),
  ],
  [
    'interlock_queue_jobs',
    'gauge',
    `Live and submitted jobs, each counted under the code that "interlock explain" gives for it, or under "running" if nothing holds the job back. ${gauge}`,
    (_, { census }) => census && [...census.jobs].map(([code, value]) => [{ code }, value]),
  ],
  [
    'interlock_queue_wrong',
    'gauge',
    `1 if this check of the list of what can be wrong finds something, else 0. Dead letters have a counter instead; only a dashboard has refused and not_taken_in. ${gauge}`,
    (_, { census }) =>
      census && [...census.wrong].map(([check, is]) => [{ check, level: checks[check].level }, is ? 1 : 0]),
  ],
  ['interlock_queue_running_jobs', 'gauge', `Jobs that run now. ${gauge}`, ({ running }) => running],
  [
    'interlock_queue_draining',
    'gauge',
    `1 while the queue drains, also after a restore: no job starts. ${gauge}`,
    ({ isDraining }) => (isDraining ? 1 : 0),
  ],
  ['interlock_queue_paused_models', 'gauge', `Models that are paused. ${gauge}`, ({ paused }) => paused],
  [
    'interlock_queue_oldest_pause_seconds',
    'gauge',
    `How long the longest pause of a model has lasted; 0 if none is paused. ${gauge}`,
    ({ oldestPause }) => oldestPause,
  ],
  [
    'interlock_queue_model_running_jobs',
    'gauge',
    `Jobs that run on a model. Models without a label of their own share the label "other". ${modelGauge}`,
    ofModels('running'),
  ],
  [
    'interlock_queue_model_places',
    'gauge',
    `Capacity of a model, by the policy; for "other": of the models that some job needs now. ${modelGauge}`,
    ofModels('places'),
  ],
  [
    'interlock_queue_model_waiting_jobs',
    'gauge',
    `Jobs that wait for a model, in its line or because it is paused; without those that are not due. A job of two models counts for both. ${modelGauge}`,
    ofModels('waiting'),
  ],
  [
    'interlock_queue_enqueued',
    'counter',
    `Jobs that came into the queue. ${counter}`,
    ({ counts }) => counts.queued,
  ],
  [
    'interlock_queue_starts',
    'counter',
    `Attempts that were started. ${counter}`,
    ({ counts }) => counts.starts,
  ],
  [
    'interlock_queue_ends',
    'counter',
    `Jobs that ended, by outcome; an attempt that another one follows does not count. ${counter}`,
    by(
      'outcome',
      outcomes,
      ({ counts }) =>
        (outcome) =>
          counts.ends[outcome],
    ),
  ],
  [
    'interlock_queue_requeues',
    'counter',
    `Jobs that came back into the line, by reason. ${counter}`,
    by(
      'reason',
      requeueReasons,
      ({ counts }) =>
        (reason) =>
          counts.requeues[reason],
    ),
  ],
  [
    'interlock_queue_dead_letters',
    'counter',
    `Jobs that became dead letters: they failed for good, lost their last attempt with its worker, or waited too long. ${counter}`,
    ({ counts }) => counts.died,
  ],
  [
    'interlock_queue_expired_leases',
    'counter',
    `Attempts that were lost with the lease of their worker. ${counter}`,
    ({ counts }) => counts.leasesExpired,
  ],
  [
    'interlock_queue_overtakes',
    'counter',
    `How often a job started before another one that shares a model and stood ahead of it. ${counter}`,
    ({ counts }) => counts.overtakes,
  ],
  [
    'interlock_queue_resource_reserved',
    'counter',
    `How much ended attempts had reserved of each resource that the policy limits. ${counter}`,
    ofResources('reserved'),
  ],
  [
    'interlock_queue_resource_used',
    'counter',
    `How much ended attempts have used of each resource that the policy limits. ${counter}`,
    ofResources('used'),
  ],
  [
    'interlock_queue_resource_overruns',
    'counter',
    `Attempts that used more of a resource than they had reserved. ${counter}`,
    ofResources('overruns'),
  ],
  [
    'interlock_queue_waited_seconds',
    'counter',
    `Seconds that jobs have waited, by cause, as "interlock stats" splits them: each second of each waiting job has one cause. ${counter}`,
    by(
      'cause',
      waitCauses,
      ({ waited }) =>
        (cause) =>
          waited.get(cause) ?? 0,
    ),
  ],
  [
    lengths.waits,
    'histogram',
    'How long a job waited for each of its starts, from when it was queued, due, or back in line; pauses and drains count. Queue-wide: max without (instance) (rate(…)).',
    ({ waits }) => waits,
  ],
  [
    lengths.runs,
    'histogram',
    'How long attempts ran, however they ended. Queue-wide: max without (instance) (rate(…)).',
    ({ runs }) => runs,
  ],
  [
    'interlock_queue_log_events',
    'gauge',
    `Events in the log, as far as this process knows, without archived ones. ${gauge}`,
    (_, { log }) => (log === null ? null : log.lastSeq - log.archivedSeq),
  ],
  [
    'interlock_queue_folded_seq',
    'gauge',
    'The number of the last event of the log that this process knows. Queue-wide: max without (instance).',
    ({ version }) => version,
  ],
  [
    'interlock_queue_counted_after_seq',
    'gauge',
    'The number of an event: the counters of the queue in this process count only the events after it. Differs from process to process.',
    ({ begunAfter }) => begunAfter,
  ],
]

/** One queue with its figures. */
export interface ReadQueue {
  readonly queue: string
  readonly reading: QueueReading
  /** What each job is kept by; null: not counted yet. */
  readonly census: CensusReading | null
  /** The time of the queue at which it was read. */
  readonly now: Micros
  /** Since when its counters count, in seconds since 1970. */
  readonly created: number
  /** How far the log goes, and where it begins; null: nobody has said. */
  readonly log: Vitals['log'] | null
}

/** What belongs to the queues. */
export const queueFamilies = (queues: readonly ReadQueue[]): readonly Family[] =>
  rows.map(([name, type, help, read]) => ({
    name,
    type,
    help,
    samples: queues.flatMap((one) => samplesOf(one, type, read)),
  }))

function samplesOf(of: ReadQueue, type: Family['type'], read: Read): Sample[] {
  const { queue, reading, created } = of
  const found = read(reading, of)
  if (found === null) return []
  const values = Array.isArray(found)
    ? (found as readonly (readonly [Labels, Value])[])
    : ([[{}, found as Value]] as const)
  const counts = type === 'counter' || type === 'histogram'
  return values.map(([labels, value]) => ({
    labels: { queue, ...labels },
    value,
    ...(counts ? { created } : {}),
  }))
}
