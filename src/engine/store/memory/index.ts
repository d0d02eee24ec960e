export { type MemoryDatabase, memoryDatabase } from './database.ts'
export { memoryStore } from './store.ts'
