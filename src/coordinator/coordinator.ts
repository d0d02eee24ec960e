import type { Coordinator } from './api/coordinator.ts'
import { type CoordinatorOptions, completeOptions } from './api/options.ts'
import type { TypedCoordinator } from './api/typed.ts'
import { QueueCoordinator } from './queue-coordinator.ts'
import { QueueProcess } from './queue-process.ts'

/**
 * Joins a queue: reads its log, registers this process and listens. A database that does not answer is tried again for
 * `joinMs`. Then this is refused with what it said last; under `onUnavailable: 'bypass'` the coordinator is made nevertheless,
 * and joins once it can.
 * @throws InterlockError `invalid_input`, `not_migrated`, `database_older`, `database_newer`, `store_unavailable`, `store_in_use`
 */
export async function createCoordinator(options: CoordinatorOptions): Promise<Coordinator>
export async function createCoordinator<Payloads extends object>(
  options: CoordinatorOptions,
): Promise<TypedCoordinator<Payloads>>
export async function createCoordinator(options: CoordinatorOptions): Promise<Coordinator> {
  const process = new QueueProcess(completeOptions(options))
  await process.open()
  return new QueueCoordinator(process)
}
