/**
 * Line: where each job stands, in line or beside it. What a job keeps from others, which jobs are offered, which are alike (`alike.ts`), what is
 * taken for the sake of loaded models (`warmth/`).
 * It may import values, state and needs.
 * Begin with `line.ts`: a job comes into line, starts, or leaves it.
 * @module
 */
export { othersIn, placesTaken } from './batch.ts'
export { type Loading, loadingOf, withKeeper, withStart } from './warmth/loaded.ts'
