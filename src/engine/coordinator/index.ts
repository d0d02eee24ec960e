export type * from './api/calls.ts'
export type * from './api/coordinator.ts'
export type { CoordinatorOptions, Mode, OnUnavailable } from './api/options.ts'
export type * from './api/typed.ts'
export type {
  ActiveJobView,
  JobView,
  MachineInspection,
  MachineOptions,
  MachineSnapshot,
  QueueMetrics,
  QueueView,
  RunningMachine,
  WaitingJobView,
} from './api/view.ts'
export { type LogEvent, type LogFields, logEvents } from './base/log-events.ts'
export {
  jsonLogger,
  type Logger,
  type StructuredLogger,
  silentLogger,
  stderrLogger,
  structuredLogger,
} from './base/logger.ts'
export { createCoordinator } from './coordinator.ts'
