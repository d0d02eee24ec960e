export { pgliteStore } from './store.ts'
