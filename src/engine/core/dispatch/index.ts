/**
 * Dispatch: who starts now. What became startable is found without a look at the whole line, and given to the process whose turn it is.
 * It may import values, state, needs, line and fold.
 * Begin with `dispatch.ts`; `scribe.ts` records and folds each event as it is decided.
 * @module
 */
export type { Surroundings } from './scribe.ts'
