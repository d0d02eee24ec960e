export { closeJobCoordinator, getJobCoordinator } from './coordinator.ts'
export { storeAt } from './store.ts'
export { type Env, type Target, targetOf } from './target.ts'
export { unreachable } from './unreachable.ts'
