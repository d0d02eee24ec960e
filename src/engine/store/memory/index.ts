/**
 * A store in the memory of this process (`interlock-queue/memory`), for tests and to try things out. It is also the reference of the
 * stores' contract: what it does, the SQL functions do.
 * @example
 * import { createCoordinator } from 'interlock-queue'
 * import { memoryStore } from 'interlock-queue/memory'
 *
 * const coordinator = await createCoordinator({ store: memoryStore() })
 * @module
 */
export { type MemoryDatabase, memoryDatabase } from './database.ts'
export { memoryStore } from './store.ts'
