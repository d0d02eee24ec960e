/**
 * The state machines of Interlock (`interlock-queue/machine`): the law of a queue and the life of a job, as XState
 * statecharts whose events are those of `job_queue_log`.
 *
 * @example
 * Follow a queue by its log:
 * ```ts
 * import { CoordinatorActor } from 'interlock-queue/machine'
 *
 * const queue = new CoordinatorActor()
 * queue.subscribe((snapshot) => console.log(snapshot.value))
 * for (const event of events) queue.feed(event)
 * ```
 *
 * @module
 */
export { CoordinatorActor, type CoordinatorActorOptions } from './actor.ts'
export { check } from './check.ts'
export { coordinatorMachine } from './coordinator.machine.ts'
export { type MachineDefinition, machineDefinition } from './definition.ts'
export { jobMachine } from './job.machine.ts'
export type { JobEvent, JobLife } from './job-life.ts'
export { machineMermaid } from './mermaid.ts'
export { type CoordinatorSnapshot, type CoordinatorState, ledgerSnapshot, stateOn } from './state.ts'
export { machineStudio } from './studio.ts'
export { type State, statesOf, type Transition, transitionsOf } from './transitions.ts'
