export { closeJobCoordinator, getJobCoordinator } from './coordinator.ts'
export { loadDriver } from './driver.ts'
export { storeAt } from './store.ts'
export { type Target, targetOf } from './target.ts'
