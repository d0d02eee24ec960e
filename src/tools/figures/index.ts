/** The figures of queues: one description, read by each face (Prometheus, OpenTelemetry) and by the dashboard. */
export { familiesOf } from './families.ts'
export type { Family, Labels, Sample } from './family.ts'
export { Figures } from './figures.ts'
export { lengths } from './meter/histogram.ts'
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
