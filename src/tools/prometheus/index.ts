/**
 * Figures of a queue for Prometheus (`interlock-queue/prometheus`), from what a process knows: no scrape asks the database anything.
 * See docs/guides/observability.md.
 * @example
 * import { createCoordinator } from 'interlock-queue'
 * import { postgresStore } from 'interlock-queue/postgres'
 * import { createMetrics, serveMetrics } from 'interlock-queue/prometheus'
 *
 * const coordinator = await createCoordinator({ store: postgresStore('postgres://localhost/app') })
 * const { url } = await serveMetrics(createMetrics({ coordinator }), { port: 9464 })
 * console.log(`scrape ${url}`)
 * @module
 */

export type { FigureOptions, Metered, MetricsOptions } from '../figures/index.ts'
export type { Format } from './exposition.ts'
export { createMetrics, type Metrics } from './metrics.ts'
export { type ServedMetrics, type ServeOptions, serveMetrics } from './serve.ts'
