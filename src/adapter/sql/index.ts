export { sqlCalls } from './calls.ts'
export { storeFailure } from './failure.ts'
export { type FunctionName, functionNames, type Rpc, statements } from './rpc.ts'
export { rebuildBy, type Turn, turnBy } from './turn.ts'
