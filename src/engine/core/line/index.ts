/**
 * Line: who stands where in line and beside it, who keeps what from whom, who is offered, and who is alike.
 * It may import values, state and needs.
 * Begin with `line.ts`: a job comes into line, starts, or leaves it.
 * @module
 */
export { othersIn, placesTaken } from './batch.ts'
export { type Loading, loadingOf, saidBy, spokenOf, withKeeper, withStart } from './warmth.ts'
