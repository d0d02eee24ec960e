import {
  type BatchObservableCallback,
  type Histogram,
  type Meter,
  type Observable,
  ROOT_CONTEXT,
} from '@opentelemetry/api'
import { havingSchema } from '../../engine/events/index.ts'
import {
  checkMetricsOptions,
  type Family,
  Figures,
  familiesOf,
  lengths,
  type MetricsOptions,
  meterOptions,
} from '../figures/index.ts'

export interface OpenTelemetryMetricsOptions extends MetricsOptions {
  /** `metrics.getMeter('interlock-queue')` of the OpenTelemetry API, once your SDK is registered: a meter from before records nothing. */
  readonly meter: Meter
}

/** Made by `openTelemetryMetrics`. */
export interface OpenTelemetryMetrics {
  /** Stops counting, and takes the callback away from the meter. The coordinators and the meter stay as they are. */
  close(): void
}

const meterSchema = havingSchema('a Meter of OpenTelemetry', [
  'createHistogram',
  'addBatchObservableCallback',
])

/**
 * Counts what a coordinator folds, from now on, as instruments of your meter: the families of `interlock-queue/prometheus`, with the same
 * names, labels and numbers. A collection asks the database nothing, and costs the same however many jobs wait.
 * @throws InterlockError `invalid_input`, naming the path
 * @example
 * const meter = metrics.getMeter('interlock-queue')
 * const figures = openTelemetryMetrics({ coordinator, meter, models: ['flux-dev'] })
 */
export function openTelemetryMetrics(options: OpenTelemetryMetricsOptions): OpenTelemetryMetrics {
  checkMetricsOptions(options, { meter: meterSchema })
  const { meter } = options
  const { waitBounds, runBounds } = meterOptions(options)
  const waits = histogramOf(meter, lengths.waits, waitBounds)
  const runs = histogramOf(meter, lengths.runs, runBounds)
  const figures = new Figures(options, (queue) => ({
    waits: (seconds) => waits.record(seconds, { queue }, ROOT_CONTEXT),
    runs: (seconds) => runs.record(seconds, { queue }, ROOT_CONTEXT),
  }))
  const observables = observablesOf(meter)
  const observe: BatchObservableCallback = (result) => {
    for (const { name, samples } of figures.read()) {
      const observable = observables.get(name)
      if (observable === undefined) continue
      for (const { labels, value } of samples) result.observe(observable, Number(value), labels)
    }
  }
  const all = [...observables.values()]
  meter.addBatchObservableCallback(observe, all)
  return {
    close: () => {
      figures.stop()
      meter.removeBatchObservableCallback(observe, all)
    },
  }
}

/** As they are called and described whatever is known. */
const families: ReadonlyMap<string, Family> = new Map(
  familiesOf({ queues: [], processes: [] }).map((family) => [family.name, family]),
)

/** What an exporter turns into the names of Prometheus: `_total` it adds to counters itself, and `s` is in the name already. */
const described = ({ name, help }: Family) => ({
  description: help,
  ...(name.endsWith('_seconds') ? { unit: 's' } : {}),
})

/** The API reads no sums of a histogram: each length is recorded when it is measured. */
function histogramOf(meter: Meter, name: string, bounds: readonly number[]): Histogram {
  const advice = { explicitBucketBoundaries: [...bounds] }
  return meter.createHistogram(name, { ...described(families.get(name) as Family), advice })
}

/** All others, by the names of their families. */
function observablesOf(meter: Meter): ReadonlyMap<string, Observable> {
  const read = [...families.values()].filter(({ type }) => type !== 'histogram')
  return new Map(read.map((family) => [family.name, observableOf(meter, family)]))
}

function observableOf(meter: Meter, family: Family): Observable {
  const { name, type } = family
  if (type === 'counter') return meter.createObservableCounter(name, described(family))
  return meter.createObservableGauge(type === 'info' ? `${name}_info` : name, described(family))
}
