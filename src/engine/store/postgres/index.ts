export type { PostgresSource } from './connections.ts'
export { postgresStore } from './postgres-store.ts'
export type { PostgresOptions } from './store.ts'
