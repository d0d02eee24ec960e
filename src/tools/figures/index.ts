/**
 * The figures of queues: described once (`queue-families.ts`, `process-families.ts`), counted event by event (`meter/`), and read by each
 * face: Prometheus, OpenTelemetry and the dashboard.
 *
 *     const figures = new Figures({ coordinator })
 *     const families = figures.read()
 *
 * Reading asks the database nothing. A fault while it counts never ends a worker.
 * @module
 */
export { familiesOf } from './families.ts'
export type { Family, Labels, Sample } from './family.ts'
export { Figures } from './figures.ts'
export { lengths } from './meter/histogram.ts'
export { QueueCensus } from './meter/queue-census.ts'
export { QueueMeter } from './meter/queue-meter.ts'
export {
  checkMetricsOptions,
  type FigureOptions,
  figureFields,
  type Metered,
  type MetricsOptions,
  meterOptions,
} from './options.ts'
export type { ReadQueue } from './queue-families.ts'
export { QueueFigures } from './queue-figures.ts'
