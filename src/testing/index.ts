export type { Runner, Subject } from './contract/bench.ts'
export * from './hand-made.ts'
export { storeContract } from './store-contract.ts'
