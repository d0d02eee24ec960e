/**
 * The shell around the core: one process on one queue. It folds the log, decides, appends, renews its lease, and answers programs.
 *
 *     const coordinator = await createCoordinator({ store, queue: 'renders' })
 *     await coordinator.enqueue([{ jobId: 'report-2041', kind: 'render', models: ['flux-dev'] }])
 *     const [started] = await coordinator.claim({ max: 1 })
 *     if (started !== undefined) await coordinator.complete(started.lease)
 *     await coordinator.close()
 *
 * `api/` has what programs see. A command goes to the `Sender` (`membership/`), through the `AppendQueue` (`commit/`), is decided and
 * stored. What the log says comes back by `Member.applied`, whichever process appended it, and from there to `gate/`, `inbox/` and
 * `maintenance/`.
 *
 * It emits `events$`, `state$` and `ready$`, `leaseLost$` when its running jobs may run elsewhere, and `stopped$` when it cannot go on.
 * It promises: what a resolved command did is in the log, but for jobs that a lenient gate lets run while the database is away. A
 * rejected one says by its `code` whether it may be given again.
 * @module
 */
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
