/**
 * A store in an embedded PostgreSQL (`interlock-queue/pglite`): a folder, no server. It makes its tables on first use. The first process
 * that opens the folder owns it (`owner-lock.ts`) and serves the others over a socket (`owner-socket.ts`); if it dies, another takes over.
 * @example
 * import { createCoordinator } from 'interlock-queue'
 * import { pgliteStore } from 'interlock-queue/pglite'
 *
 * const coordinator = await createCoordinator({ store: pgliteStore('./.interlock') })
 * @module
 */
export { type PgliteDatabase, pgliteStore } from './store.ts'
