export { closeJobCoordinator, getJobCoordinator } from './coordinator.ts'
export { openStore, type StoreChoice, storeChoice } from './store.ts'
