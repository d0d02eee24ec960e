/**
 * One coordinator per process, made from the environment: `DATABASE_URL` or `INTERLOCK_URL`, else an embedded database.
 *
 *     const coordinator = await getJobCoordinator()
 *
 * `target.ts` says where the queue lives, `store.ts` opens it. A composition root: it may import any room of the engine, and loads a
 * driver only when that is the one that is needed.
 * @module
 */
export { closeJobCoordinator, getJobCoordinator } from './coordinator.ts'
export { storeAt } from './store.ts'
export { type Env, type Target, targetOf } from './target.ts'
export { unreachable } from './unreachable.ts'
