/**
 * What the SQL stores share: which `job_queue_*` function a call is (`calls.ts`, `rpc.ts`), how its answer is read (`answers.ts`), what a
 * notification says (`notifications.ts`), and which error a SQLSTATE is (`failure.ts`, `sqlstates.ts`).
 *
 *     const store = { ...sqlCalls(rpc), name, listen }   // `rpc` carries one call to the database, in the store's own way
 * @module
 */
export { answersOf } from './answer-pieces.ts'
export { channelAnswer } from './answers.ts'
export { appendBy, rebuildBy, sqlCalls, type Turn } from './calls.ts'
export { combiningBy } from './combining.ts'
export { isStartupRefused, startupRefused, storeFailure } from './failure.ts'
export { newsOf, notedOf, tellWake, tellWakes } from './notifications.ts'
export { parseAnswer } from './parse-answer.ts'
export { type FunctionName, functionNames, type Rpc, statements } from './rpc.ts'
export { ownCode } from './sqlstates.ts'
