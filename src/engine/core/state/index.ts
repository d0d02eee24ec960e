/**
 * State: what a queue is at one number of its log (a `Ledger`), and how its parts are read. A `Draft` is the next one while it is made.
 * It may import values.
 * Begin with `ledger.ts`. Places and resources stand there among the models, under names that no model can have (`site.ts`).
 * @module
 */
export { endedParentsOf, lastAfter } from './flow.ts'
export { checkEvent, checkLedger, noEvent, readingPart } from './given.ts'
export {
  awaitsParents,
  emptyLedger,
  heldModels,
  isInLine,
  type Job,
  jobOf,
  type Ledger,
  type Model,
  modelOf,
  type Pause,
  pauseOf,
  triesOf,
  waitingCount,
} from './ledger.ts'
export { isOpen, isServed, type Keepers, saidBy, spokenOf } from './serving.ts'
export { allPlaces, countsOf, isPlace, isSite, plainName, siteOf } from './site.ts'
export { unitsOf, unitsText } from './units.ts'
