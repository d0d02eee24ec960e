export * from './checkup.ts'
export * from './log-store.ts'
export * from './pages.ts'
