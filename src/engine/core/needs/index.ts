/**
 * Needs: what a job takes to start, whether there is room for it, and why there is none.
 * It may import values and state.
 * Begin with `admission.ts` (may it start?), then `wait-reason.ts` (why may it not?); one file for each thing of which there is so much:
 * `rate.ts`, `use.ts`, `fair-share.ts`, `fit.ts` (places with units).
 * @module
 */
export { isStartable } from './admission.ts'
export { modelOpensAt, rateOpensAt } from './rate.ts'
export { type ReasonText, reasonTexts } from './reasons.ts'
export { type HasWorker, isInUse, limitOpensAt, reasonCodeOf, waitingFor } from './wait-reason.ts'
