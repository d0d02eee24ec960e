/**
 * Needs: what a job takes to start, as amounts of limited things; whether there is room for each, and why there is none.
 * It may import values and state.
 * Begin with `need.ts` (the one question), then `limits/` (a file for each sort of thing), `keeping.ts` (who keeps one for those ahead),
 * `places.ts` (which of several places) and `waits.ts` (may it start, and if not, why). `meter.ts`, `starts.ts` and `tally.ts` count.
 * @module
 */
export { modelOpensAt, rateOpensAt } from './limits/rate.ts'
export { type ReasonText, reasonTexts } from './reasons.ts'
export { limitOpensAt, waitingFor } from './told.ts'
export { type HasWorker, isStartable, isTaken, reasonCodeOf } from './waits.ts'
