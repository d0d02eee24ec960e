/**
 * State: what a queue is at one number of its log (a `Ledger`), and how its parts are read. A `Draft` is the next one while it is made.
 * It may import values.
 * Begin with `ledger.ts`. Places and resources stand there among the models, under names that no model can have (`site.ts`).
 * @module
 */
export { endedParentsOf, lastAfter } from './flow.ts'
export { checkEvent, checkLedger, noEvent, readingPart } from './given.ts'
export { awaitsParents, heldModels, isInLine, type Job, triesOf } from './job.ts'
export { emptyLedger, jobOf, type Ledger, modelOf, type Pause, pauseOf, waitingCount } from './ledger.ts'
export type { Model } from './model.ts'
export { isOpen, isServed, type Keepers, saidBy, spokenOf } from './serving.ts'
export { allPlaces, countsOf, isPlace, isSite, plainName, siteOf } from './site.ts'
export { unitsOf, unitsText } from './units.ts'
