export type { PostgresSource } from './connections.ts'
export { type PostgresOptions, postgresStore } from './store.ts'
