/**
 * Traces of jobs through all processes and figures of queues, by OpenTelemetry (`interlock-queue/otel`; needs `@opentelemetry/api`).
 * @example
 * import { createCoordinator } from 'interlock-queue'
 * import { openTelemetry } from 'interlock-queue/otel'
 * import { pgliteStore } from 'interlock-queue/pglite'
 *
 * const telemetry = openTelemetry({ propagateContext: true })
 * const coordinator = await createCoordinator({ store: pgliteStore('./.interlock'), telemetry })
 * @module
 */
import { checkTelemetryOptions } from '../../engine/events/index.ts'
import type { Telemetry } from '../../engine/store/index.ts'
import type { OpenTelemetryOptions } from './options.ts'
import { Tracing } from './tracing.ts'

export type { Telemetry } from '../../engine/store/index.ts'
export type { FigureOptions, Metered, MetricsOptions } from '../figures/index.ts'
export {
  type OpenTelemetryMetrics,
  type OpenTelemetryMetricsOptions,
  openTelemetryMetrics,
} from './metrics.ts'
export type { OpenTelemetryOptions } from './options.ts'

/**
 * Makes spans of what goes on in a process: `send` where jobs are put in line, `wait` with what they waited for, `process` around a
 * handler. Give it to `createCoordinator`; its workers and workflows use it. Without an SDK, its spans cost next to nothing.
 * @throws InterlockError `invalid_input`
 */
export function openTelemetry(options: OpenTelemetryOptions = {}): Telemetry {
  checkTelemetryOptions(options)
  return new Tracing(options)
}
