/**
 * Decide: what a command leads to, as events or a refusal; one file for each kind of command.
 * It may import all rooms but `says`.
 * Begin with `decide.ts`, then the file of a command, such as `enter.ts` for those that put a job in line.
 * @module
 */
export type { Decision } from './by.ts'
export { decide } from './decide.ts'
export { withStandIns } from './enter.ts'
export { circleIn, circular, parentsFirst } from './link.ts'
export { type RehearsedBody, rehearse } from './rehearse.ts'
export { runningAttempt } from './result.ts'
export { declaredBy } from './schedule.ts'
