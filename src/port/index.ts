export * from './checkup.ts'
export * from './log-store.ts'
